"""Numbers that Step Functions does not take for numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import wait
from cirrus_callbacks_plugin.lint.figures import figure, number_of
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.lint.subject import Subject


@dataclass(frozen=True, slots=True)
class _Field:
    least: int
    is_whole: bool = True


_OF_STATES = {
    "TimeoutSeconds": _Field(1),
    "HeartbeatSeconds": _Field(1),
    "MaxConcurrency": _Field(0),
    "ToleratedFailureCount": _Field(0),
    "ToleratedFailurePercentage": _Field(0, is_whole=False),
}
_OF_RETRIERS = {
    "IntervalSeconds": _Field(1),
    "MaxAttempts": _Field(0),
    "MaxDelaySeconds": _Field(1),
    "BackoffRate": _Field(1, is_whole=False),
}
"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""


def _check(subject: Subject) -> Iterator[Problem]:
    states = dict.fromkeys(
        state for each in subject.waits for state in (each.state, *each.state.around)
    )
    for state in states:
        yield from _in(state.node, _OF_STATES, state.path, state)
        for index, retrier in enumerate(state.entries("Retry")):
            yield from _in(retrier, _OF_RETRIERS, f"{state.path}.Retry[{index}]", state)
    for machine in subject.waiting:
        prefix = f"{machine.scope.path}." if machine.scope.path else ""
        node = machine.scope.node.get("TimeoutSeconds")
        what = None if node is None else _wrong(node, _OF_STATES["TimeoutSeconds"])
        if node is not None and what is not None:
            yield _problem("TimeoutSeconds", node, what, f"{prefix}TimeoutSeconds")


def _in(holder: Node, fields: dict[str, _Field], path: str, state: State) -> Iterator[Problem]:
    for name, field in fields.items():
        node = holder.get(name)
        if node is None or node.is_later:
            continue
        if state.is_jsonata and (node.text or "").strip().startswith("{%"):
            continue
        what = _wrong(node, field)
        if what is not None:
            yield _problem(name, node, what, f"{path}.{name}")


def _problem(name: str, node: Node, what: tuple[str, str], path: str) -> Problem:
    return Problem(f"has {name} {what[0]}", what[1], path, node.at)


def _wrong(node: Node, field: _Field) -> tuple[str, str] | None:
    """What is wrong with a number, and what to do."""
    kind = "a whole number" if field.is_whole else "a number"
    bounds = f"{kind} of at least {field.least}"
    if node.is_later:
        return None
    if node.text is not None:
        meant = number_of(node.text)
        fix = bounds if meant is None else f"{meant:.15g}, a number without quotes"
        return f"{node.text!r}, a text", f"write {fix}"
    number = node.number
    if number is None:
        return ("that is not a number", f"write {bounds}") if node.value is not None else None
    if number < field.least or (field.is_whole and number != int(number)):
        return figure(number), f"write {bounds}"
    return None


RULE = Rule(
    id="number",
    severity=Severity.ERROR,
    summary="Numbers on a wait and around it are numbers, and large enough.",
    why=(
        "Step Functions refuses a state machine in which `TimeoutSeconds`, `HeartbeatSeconds`, "
        '`MaxConcurrency` or a number of a retrier is a text (`"7200"`, `"2h"`), a fraction of a '
        "second, or too small. What is filled in later (`${seconds}`) or computed is not judged."
    ),
    bad=wait(TimeoutSeconds="2h"),
    good=wait(TimeoutSeconds=7200),
    check=_check,
)
