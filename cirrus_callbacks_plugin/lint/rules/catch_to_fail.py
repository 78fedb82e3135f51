"""A Catch that can only end in Fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint import reactions
from cirrus_callbacks_plugin.lint.examples import parts, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.lint.subject import Subject

_REPAIRABLE = (*reactions.PASSING, reactions.TIMEOUT)
"""What may come out well the second time; an invalid payload stays invalid."""
_REPAIRABLE_OF_JOINS = (*reactions.PASSING_OF_JOINS, reactions.TIMEOUT)


def _check(subject: Subject) -> Iterator[Problem]:
    caught_by: dict[Node, tuple[State, list[str]]] = {}
    for each in subject.waits:
        for error in _REPAIRABLE_OF_JOINS if subject.is_join(each) else _REPAIRABLE:
            catch = reactions.caught(each.state, error)
            if catch is not None and _is_dead_end(*catch):
                caught_by.setdefault(catch[1], (catch[0], []))[1].append(error)
    for catcher, (holder, errors) in caught_by.items():
        index = holder.entries("Catch").index(catcher)
        target = catcher.get("Next")
        names = reactions.listed(dict.fromkeys(errors))
        yield Problem(
            f"catches {names} and goes on to {target.text if target else ''!r}, from where every "
            "way ends in Fail: a redrive begins there, and fails again",
            "leave them uncaught, so that a redrive waits again; or go on without the child",
            f"{holder.path}.Catch[{index}]",
            catcher.at,
        )


def _is_dead_end(holder: State, catcher: Node) -> bool:
    target = catcher.get("Next")
    if target is None or target.text is None or target.is_later:
        return False
    scope = holder.scope
    if target.text not in scope.states or scope.can_succeed(target.text):
        return False
    if scope.reaches(target.text, holder.name):
        return False  # it tries again by itself
    for outer in holder.around:
        if reactions.tolerates(outer):
            return False
        error = reactions.TOLERANCE if outer.is_distributed else reactions.TASK_FAILED
        catchers = outer.entries("Catch")
        if reactions.is_open(catchers):
            return False
        # A Fail state's own error may be named by anybody: any Catch may be for it.
        if catchers:
            wide = reactions.first_match(catchers, error)
            return False if wide is None else _is_dead_end(outer, wide)
    return True


_FAIL = {"Type": "Fail", "Error": "SceneFailed"}
_ERRORS = ["CirrusCallback.Failed", "States.Timeout"]
_CATCH = [{"ErrorEquals": _ERRORS, "ResultPath": "$.failure", "Next": "Give up"}]
_INVALID = [
    {"ErrorEquals": ["CirrusCallback.Invalid"], "ResultPath": "$.failure", "Next": "Give up"},
]

RULE = Rule(
    id="catch-to-fail",
    severity=Severity.WARNING,
    summary="A `Catch` for an outcome that may be repaired leads somewhere else than to `Fail`.",
    why=(
        "A redrive goes on at the state that failed. That is the `Fail` state, not the wait: the "
        "child may have been repaired since, and the execution still cannot be brought to a good "
        "end. An error that nobody catches fails in the wait itself, and a redrive sends the "
        "message again. Only invalid payloads may as well end in `Fail`."
    ),
    bad=parts(**{"Wait": wait(Catch=_CATCH), "Give up": _FAIL}),
    good=parts(**{"Wait": wait(Catch=_INVALID), "Give up": _FAIL}),
    check=_check,
)
