"""What came of a run, for people's programs and for the summary."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.contract import PROCESSING
from cirrus_callbacks_plugin.local.join_progress import waited_for
from cirrus_callbacks_plugin.protocol.error_names import answer_text_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.local.join_progress import JoinProgress
    from cirrus_callbacks_plugin.local.timeline import Execution
    from cirrus_callbacks_plugin.waits.row import Key, Wait


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run.

    Attributes:
        executions: in the order in which they were seen.
        waits: in the order of registration; a join is one of them.
        records: cirrus's own records of the executions' payloads, by payload id.
        joins: what the joins among the waits wait for, by id.
        gone: keys of the open waits whose task is over: nobody takes an answer.
    """

    executions: tuple[Execution, ...]
    waits: tuple[Wait, ...]
    records: Mapping[str, Record] = field(default_factory=dict)
    joins: Mapping[str, JoinProgress] = field(default_factory=dict)
    gone: frozenset[Key] = frozenset()

    @property
    def stuck(self) -> tuple[Execution, ...]:
        """Executions that ended, and whose payload's record says that they go on.

        Cirrus's update-state could not take the end: the output is not a payload, say. What
        waits for such a payload is not told.
        """
        return tuple(
            execution
            for execution in self.executions
            if execution.status != "RUNNING"
            and (record := self.records.get(execution.payload_id or "")) is not None
            and not record.is_final
            and record.last_execution == execution.arn
        )

    @property
    def open_waits(self) -> tuple[Wait, ...]:
        """The waits without an answer."""
        return tuple(wait for wait in self.waits if not wait.is_answered)

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints; it holds no token."""
        stuck = self.stuck
        return {
            "executions": [
                {
                    "name": execution.name,
                    "workflow": execution.workflow,
                    "status": execution.status,
                    "payload_id": execution.payload_id,
                    "error": execution.error,
                    "cause": execution.cause,
                    "input": execution.input,
                    "output": execution.output,
                    "record": self._record(execution),
                    "is_stuck": execution in stuck,
                }
                for execution in self.executions
            ],
            "callbacks": [
                {
                    "payload_id": wait.payload_id,
                    "workflow": wait.workflow,
                    "workflow_state": state_of(wait) or None,
                    "answer": wait.answer,
                    "answer_error": wait.answer_error,
                    "waited_seconds": wait.waited_seconds,
                    "waiter_payload_id": wait.waiter_payload_id,
                    "is_waiter_gone": wait.key in self.gone,
                    "join": self._join(wait),
                }
                for wait in self.waits
            ],
        }

    def title_of(self, wait: Wait) -> str:
        """What somebody waits for, as people call it."""
        return waited_for(wait, self.joins)

    def _join(self, wait: Wait) -> dict[str, Any] | None:
        join = self.joins.get(wait.payload_id)
        return None if join is None else join.to_json()

    def _record(self, execution: Execution) -> dict[str, Any] | None:
        """What cirrus's state table says of an execution's payload."""
        record = self.records.get(execution.payload_id or "")
        if record is None:
            return None
        return {
            "state": record.state,
            "last_error": record.last_error,
            "executions": list(record.executions),
        }

    def to_mermaid(self) -> str:
        """Who waited for whom, as a mermaid graph; an edge is a wait and its answer."""
        nodes: dict[str, str] = {}
        lines = ["graph LR"]
        for execution in self.executions:
            _node(nodes, lines, execution.title, execution.title)
        for wait in self.waits:
            waiter = _node(nodes, lines, wait.waiter_name, wait.waiter_name)
            title = self.title_of(wait)
            child = _node(nodes, lines, wait.payload_id if wait.is_join else title, title)
            unanswered = "the waiter is gone" if wait.key in self.gone else "still waits"
            label = answer_text_of(wait) or wait.answer or unanswered
            waited = wait.waited_seconds
            after = "" if waited is None else f" {waited:.1f} s"
            lines.append(f'  {waiter} -->|"{_quoted(label)}{after}"| {child}')
        return "\n".join(lines)


def state_of(wait: Wait) -> str:
    """The child's state; empty for a child that never had a run of this message."""
    had_no_run = wait.execution_arn is None and wait.workflow_state == PROCESSING
    return "" if had_no_run and wait.is_answered else wait.workflow_state


def _node(nodes: dict[str, str], lines: list[str], key: str, title: str) -> str:
    if key not in nodes:
        nodes[key] = f"n{len(nodes)}"
        lines.append(f'  {nodes[key]}["{_quoted(title)}"]')
    return nodes[key]


def _quoted(text: str) -> str:
    """A text between double quotes in mermaid, which knows entities and no escapes."""
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace("\n", " ")
