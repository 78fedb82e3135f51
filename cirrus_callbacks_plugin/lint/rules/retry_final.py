"""Retry that repeats what no repetition changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint import reactions
from cirrus_callbacks_plugin.lint.examples import wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.lint.subject import Subject


def _check(subject: Subject) -> Iterator[Problem]:
    repeated: dict[Node, tuple[State, list[str]]] = {}
    for send in subject.waits:
        final = reactions.FINAL_OF_JOINS if subject.is_join(send) else reactions.FINAL
        for error in final:
            for holder, retrier in _repeating(send.state, error):
                names = repeated.setdefault(retrier, (holder, []))[1]
                if error not in names:
                    names.append(error)
    for retrier, (holder, names) in repeated.items():
        index = holder.entries("Retry").index(retrier)
        given = ", ".join(node.text or "" for node in reactions.names_of(retrier))
        yield Problem(
            f"repeats {reactions.listed(names)} (its Retry is for {given}), "
            "and is told the same again",
            f"put a retrier with MaxAttempts 0 for {reactions.listed(reactions.FINAL)} before it, "
            "or name the errors that may pass"
            if any(name in given for name in (reactions.ALL, reactions.TASK_FAILED))
            else "take these names out of it",
            f"{holder.path}.Retry[{index}]",
            retrier.at,
        )


def _repeating(state: State, error: str) -> Iterator[tuple[State, Node]]:
    """The retriers that repeat an error, from the wait outwards until somebody catches it."""
    for holder, name in reactions.way_up(state, error):
        if name == reactions.TOLERANCE:
            return  # that many failures are more than a single answer
        retrier = reactions.first_match(holder.entries("Retry"), name)
        if retrier is not None and reactions.attempts(retrier) not in (None, 0):
            yield holder, retrier
        catchers = holder.entries("Catch")
        if reactions.is_open(catchers) or reactions.first_match(catchers, name) is not None:
            return


RULE = Rule(
    id="retry-final",
    severity=Severity.ERROR,
    summary=(
        "`Retry` does not repeat a final answer: `CirrusCallback.Invalid`, `.InvalidPayload`, "
        "`.NotEnabled`, `.Cancelled`."
    ),
    why=(
        "Cirrus never runs an invalid payload again, a flag does not switch itself on, and what "
        "an operator cancelled would be waited for once more: every attempt gets the same answer. "
        "The first retrier that matches decides, and `States.ALL` and `States.TaskFailed` match "
        "these errors, on the wait and on every Map and Parallel around it. A retrier before "
        "them with `MaxAttempts` 0 takes the final ones out."
    ),
    bad=wait(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 2}]),
    good=wait(
        Retry=[
            {"ErrorEquals": list(reactions.FINAL), "MaxAttempts": 0},
            {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 2},
        ],
    ),
    check=_check,
)
