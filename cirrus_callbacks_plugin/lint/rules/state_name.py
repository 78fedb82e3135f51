"""Names that two states of a machine have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import caught_wait, mapped, parts
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.lint.subject import Subject


def _check(subject: Subject) -> Iterator[Problem]:
    for machine in subject.waiting:
        first: dict[str, State] = {}
        for state in machine.states:
            earlier = first.setdefault(state.name, state)
            if earlier is not state and "${" not in state.name:
                yield Problem(
                    f"has the name of another state, {earlier.path} (line {earlier.at.line})",
                    "give each state of a state machine a name of its own",
                    state.path,
                    state.at,
                )


def _after(name: str) -> dict[str, object]:
    return parts(
        Scenes=mapped(caught_wait(), End=None, Next=name),
        **{name: {"Type": "Pass", "End": True}},
    )


RULE = Rule(
    id="state-name",
    severity=Severity.ERROR,
    summary="A name stands for one state of the whole state machine.",
    why=(
        "Names are unique within a whole state machine, the branches of a Parallel and the "
        "iterations of a Map included: Step Functions refuses it otherwise. (The same name twice "
        "in one object is a `duplicate-key`.)"
    ),
    bad=_after("WithIt"),
    good=_after("Compose"),
    check=_check,
)
