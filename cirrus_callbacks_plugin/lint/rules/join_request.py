"""Requests for a join that would be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.joins.request import KEY
from cirrus_callbacks_plugin.lint import join_requests
from cirrus_callbacks_plugin.lint.examples import MESSAGE, wait
from cirrus_callbacks_plugin.lint.figures import figure
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity
from cirrus_callbacks_plugin.lint.paths_as_text import paths_as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.lint.paths_as_text import PathAsText
    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask

ACCEPTED = "name"
"""The one key whose value may be any text: a path there is no error, only not what was meant."""


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        beside = join_requests.beside_join(each.places)
        join = join_requests.join_of(each.places)
        if beside is not None:
            yield _problem(
                each,
                f"sends join beside {beside!r}, which makes it a payload: the join is not seen",
                "leave one of the two out",
            )
        elif join is not None:
            yield from _handed_on(each)
            yield from _late_deadline(each, join, subject)
            slips = tuple(paths_as_text(join))
            for slip in slips:
                yield _slipped(each, slip)
            text = join_requests.problem_of(join, is_jsonata=each.state.is_jsonata)
            if text is not None and all(slip.where == ACCEPTED for slip in slips):
                what, _, fix = text.removeprefix("join ").removeprefix("join: ").partition(": ")
                yield _problem(
                    each,
                    f"asks for a join that is refused: it {what}"
                    if text.startswith("join ")
                    else f"asks for a join that is refused: {what}",
                    fix or "mend it",
                )


def _handed_on(each: WaitTask) -> Iterator[Problem]:
    """The join's own token in a member's payload."""
    for token in each.tokens:
        if join_requests.is_in_members(each.places, token.path):
            yield _problem(
                each,
                f"hands its own task token to a member, in {token.place}: the first child that "
                "ends answers it in the place of the join",
                "leave it out of the members: each gets a token of its own",
            )
            return


def _late_deadline(each: WaitTask, join: Node, subject: Subject) -> Iterator[Problem]:
    """A deadline at which the task, or the whole execution, is over already."""
    state = each.state
    holders = (state.node, subject.machine_of(state).scope.node)
    given = [node.number for holder in holders if (node := holder.get("TimeoutSeconds"))]
    timeout = min((number for number in given if number is not None), default=None)
    deadline = join.get("deadline_seconds")
    seconds = None if deadline is None else deadline.number
    if timeout is not None and seconds is not None and seconds >= timeout:
        yield _problem(
            each,
            f"has deadline_seconds {figure(seconds)} and TimeoutSeconds {figure(timeout)}: its "
            "deadline is never reached",
            "make the deadline shorter, by more than the interval of the reconciler's schedule: "
            "the timeout throws away what has ended",
            Severity.WARNING,
        )


def _slipped(each: WaitTask, slip: PathAsText) -> Problem:
    is_jsonata = each.state.is_jsonata
    return _problem(
        each,
        slip.message(is_jsonata=is_jsonata),
        slip.fix(is_jsonata=is_jsonata),
        Severity.WARNING if slip.where == ACCEPTED else None,
    )


def _problem(each: WaitTask, message: str, fix: str, severity: Severity | None = None) -> Problem:
    join = each.places.member(join_requests.message_of(each.places), KEY)
    at = each.state.at if join is None else join.at
    is_own = at.line >= each.state.at.line  # in a JSON text lines are counted from its own begin
    field = "Arguments" if each.state.is_jsonata else "Parameters"
    return Problem(
        message,
        fix,
        f"{each.state.path}.{field}.{each.service.body}.{KEY}",
        at if is_own else each.state.at,
        severity,
    )


def _joining(**join: object) -> dict[str, object]:
    message = {name: value for name, value in MESSAGE.items() if name != "MessageBody.$"}
    return wait(Parameters={**message, "MessageBody": {"join": join}})


RULE = Rule(
    id="join-request",
    severity=Severity.ERROR,
    summary="A join is asked for as it has to be.",
    why=(
        "A request that breaks a rule is answered with `CirrusCallback.InvalidPayload` at once: "
        "an unknown key, two lists of members or none, `succeed_on` over the number of members, a "
        "member that is neither a payload nor a reference nor an id. What stands in the "
        "definition is judged; what is computed, when it is sent. A member's payload that holds "
        "the join's own task token is a plain wait besides: its end answers the token, and the "
        "join cannot any more. Warnings: a path as the `name`, which is shown as that text, and "
        "`deadline_seconds` of at least the task's `TimeoutSeconds`, which ends the wait before."
    ),
    bad=_joining(**{"members.$": "$.children", "succeeds_on": 3}),
    good=_joining(**{"members.$": "$.children", "succeed_on": 3}),
    check=_check,
)
