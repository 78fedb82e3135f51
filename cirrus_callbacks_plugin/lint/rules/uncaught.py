"""Answers that nobody catches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint import reactions
from cirrus_callbacks_plugin.lint.examples import caught_wait, mapped, parts, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity
from cirrus_callbacks_plugin.protocol import error_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.lint.subject import Subject

_OF_JOINS = (*reactions.PASSING_OF_JOINS, error_names.INVALID_PAYLOAD, reactions.TIMEOUT)
_EXPECTED = (
    *reactions.PASSING,
    error_names.INVALID_RUN,
    error_names.INVALID_PAYLOAD,
    reactions.TIMEOUT,
)
"""Outcomes of a child. A flag that is off and a cancelled wait are for people to see."""


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        state = each.state
        shared = _shared(state)
        expected = _OF_JOINS if subject.is_join(each) else _EXPECTED
        missing = [error for error in expected if _passes(state, error, shared)]
        if not missing:
            continue
        if shared is None:
            ends = "one of them ends the execution"
        else:
            ends = f"one of them ends {shared.name!r} and leaves its other waits unanswered"
        yield Problem(
            f"has no Catch for {reactions.listed(missing)}: {ends}",
            "catch what the workflow can go on without, inside the Map or branch"
            if shared is not None
            else "catch what the workflow can go on without; to redrive the execution instead, "
            "leave it as it is",
            state.path,
            state.at,
            None if shared is not None else Severity.NOTE,
        )


def _shared(state: State) -> State | None:
    """The nearest Map or Parallel whose other branches end together with this one."""
    for outer in state.around:
        if not outer.is_distributed:
            return outer
        if not reactions.tolerates(outer):
            return outer
    return None


def _passes(state: State, error: str, shared: State | None) -> bool:
    """True where an error gets out of the iteration (or of the execution) uncaught."""
    for holder, name in reactions.way_up(state, error):
        if holder is shared:
            return True
        catchers = holder.entries("Catch")
        if reactions.is_open(catchers) or reactions.first_match(catchers, name) is not None:
            return False
        if holder.is_distributed and reactions.tolerates(holder):
            return False
    return True


RULE = Rule(
    id="uncaught",
    severity=Severity.WARNING,
    summary=(
        "The outcomes of a child (`CirrusCallback.Failed`, `.Aborted`, `.NeverStarted`, "
        "`.Invalid`, `.InvalidPayload`, `States.Timeout`; of a join `.JoinFailed`, "
        "`.InvalidPayload`, `States.Timeout`) are caught where others wait beside it."
    ),
    why=(
        "An error that leaves an iteration of an inline Map, or a branch of a Parallel, ends the "
        "whole Map or Parallel: the other waits are given up, and their children's answers come "
        "to nothing (`stale`). Catch inside the iteration. A wait with none beside it gets a "
        "note: letting the execution fail is a choice, and the one that a redrive can pass. "
        "`.NotEnabled` and `.Cancelled` need no `Catch`."
    ),
    bad=mapped(parts(Wait=wait(ResultPath=None)), mode={"Mode": "INLINE"}),
    good=mapped(caught_wait(), mode={"Mode": "INLINE"}),
    check=_check,
)
