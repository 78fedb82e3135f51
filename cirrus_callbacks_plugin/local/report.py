"""What came of a run, for people's programs and for the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.naming import short

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.timeline import Execution
    from cirrus_callbacks_plugin.waits.row import Wait


@dataclass(frozen=True, slots=True)
class Report:
    """Executions in the order in which they were seen, waits in that of registration."""

    executions: tuple[Execution, ...]
    waits: tuple[Wait, ...]

    @property
    def open_waits(self) -> tuple[Wait, ...]:
        """The waits without an answer."""
        return tuple(wait for wait in self.waits if not wait.is_answered)

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints; it holds no token."""
        return {
            "executions": [
                {
                    "name": execution.name,
                    "workflow": execution.workflow,
                    "status": execution.status,
                }
                for execution in self.executions
            ],
            "callbacks": [
                {
                    "payload_id": wait.payload_id,
                    "workflow": wait.workflow,
                    "workflow_state": wait.workflow_state,
                    "answer": wait.answer,
                    "answer_error": wait.answer_error,
                    "waited_seconds": wait.waited_seconds,
                    "waiter_payload_id": wait.waiter_payload_id,
                }
                for wait in self.waits
            ],
        }

    def to_mermaid(self) -> str:
        """Who waited for whom, as a mermaid graph; an edge is a wait and its answer."""
        nodes: dict[str, str] = {}
        lines = ["graph LR"]
        for execution in self.executions:
            _node(nodes, lines, execution.title)
        for wait in self.waits:
            waiter = _node(nodes, lines, wait.waiter_name)
            child = _node(nodes, lines, short(wait.payload_id))
            label = wait.answer or "still waits"
            if wait.answer == "failure" and wait.answer_error:
                label = wait.answer_error
            waited = wait.waited_seconds
            after = "" if waited is None else f" {waited:.1f} s"
            lines.append(f'  {waiter} -->|"{_quoted(label)}{after}"| {child}')
        return "\n".join(lines)


def _node(nodes: dict[str, str], lines: list[str], title: str) -> str:
    if title not in nodes:
        nodes[title] = f"n{len(nodes)}"
        lines.append(f'  {nodes[title]}["{_quoted(title)}"]')
    return nodes[title]


def _quoted(text: str) -> str:
    """A text between double quotes in mermaid, which knows entities and no escapes."""
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace("\n", " ")
