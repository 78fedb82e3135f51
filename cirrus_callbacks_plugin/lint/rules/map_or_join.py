"""Maps of waits in whose place a join would wait once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint import reactions
from cirrus_callbacks_plugin.lint.data.results import PAUSES
from cirrus_callbacks_plugin.lint.examples import caught_wait, mapped
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.lint.examples import Example
    from cirrus_callbacks_plugin.lint.subject import Subject

_NO_WORK = ("Pass", "Choice", "Succeed", "Fail", "Wait")
_REPEATED = (*reactions.PASSING, reactions.TIMEOUT)
"""What may end otherwise at a second try; an SQS that was throttled is not the item's affair."""
ADVICE = 'ask for one join of all items ({"join": {"members": ...}})'


def only_waits(state: State, subject: Subject) -> bool:
    """True for a Map that does nothing for an item but wait, once, for its payload."""
    waits = {each.state for each in subject.waits if not subject.is_join(each)}
    inner = [each for scope in state.inner for each in scope.states.values()]
    return any(each in waits for each in inner) and all(
        (each in waits and not _is_repeated(each)) or each.type in _NO_WORK for each in inner
    )


def _is_repeated(wait: State) -> bool:
    """True for a wait whose Retry lets its payload be processed once more, or may."""
    retriers = wait.entries("Retry")
    if reactions.is_open(retriers):
        return True
    found = (reactions.first_match(retriers, error) for error in _REPEATED)
    return any(each is not None and reactions.attempts(each) != 0 for each in found)


def _check(subject: Subject) -> Iterator[Problem]:
    maps = dict.fromkeys(
        each.state.scope.parent
        for each in subject.waits
        if each.state.scope.parent is not None and each.state.scope.parent.type == "Map"
    )
    for state in maps:
        if state is not None and only_waits(state, subject):
            yield Problem(
                "waits for each item by itself and does nothing else for it: a join waits once, "
                "however many items there are",
                ADVICE,
                state.path,
                state.at,
            )


def _with_work() -> Example:
    processor = caught_wait(Next="Compose")
    processor["States"]["Compose"] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "compose", "Payload.$": "$"},
        "End": True,
    }
    return mapped(processor)


RULE = Rule(
    id="map-or-join",
    severity=Severity.NOTE,
    summary="A Map of waits does some work for each item; where it does none, a join waits once.",
    why=(
        "A Map of waits runs 40 iterations at a time, and costs an answer and 6 to 9 history "
        "events an item; an execution ends at 25,000. A join is one wait for all of them: one "
        f"message names the members, one answer tells what became of each. A Map (of tasks that "
        f"end in `{PAUSES}`) is right where something is done for an item once its payload has "
        "ended, or where each item has a Retry of its own."
    ),
    bad=mapped(caught_wait()),
    good=_with_work(),
    check=_check,
)
