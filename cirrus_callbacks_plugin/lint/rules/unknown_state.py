"""States that are gone on to, and are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import parts, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import Scope
    from cirrus_callbacks_plugin.lint.subject import Subject


def _check(subject: Subject) -> Iterator[Problem]:
    for machine in subject.document.machines:
        for scope in machine.scopes:
            yield from _judge(scope)


def _judge(scope: Scope) -> Iterator[Problem]:
    states = scope.node.get("States")
    if states is None or any("${" in name for name in states.members):
        return
    known = ", ".join(states.members)
    prefix = f"{scope.path}." if scope.path else ""
    start = scope.node.get("StartAt")
    if start is None:
        yield Problem(
            "has no StartAt", f"name the first of {known}", f"{prefix}StartAt", scope.node.at
        )
    elif start.text is not None and not start.is_later and start.text not in states.members:
        yield Problem(
            f"starts at {start.text!r}, which is not a state of it",
            f"name one of {known}",
            f"{prefix}StartAt",
            start.at,
        )
    for state in scope.states.values():
        for target, node in state.targets():
            if not node.is_later and target not in states.members:
                yield Problem(
                    f"goes on to {target!r}, which is not a state beside it",
                    f"name one of {known}",
                    state.path,
                    node.at,
                )


RULE = Rule(
    id="unknown-state",
    severity=Severity.ERROR,
    summary="`StartAt`, `Next` and `Default` name states beside them.",
    why="Step Functions refuses the state machine otherwise; here it is said with a line number.",
    bad=parts(Wait=wait(End=None, Next="Compse"), Compose={"Type": "Pass", "End": True}),
    good=parts(Wait=wait(End=None, Next="Compose"), Compose={"Type": "Pass", "End": True}),
    check=_check,
)
