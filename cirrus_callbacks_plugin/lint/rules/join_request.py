"""Requests for a join that would be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.joins.request import KEY
from cirrus_callbacks_plugin.lint import join_requests
from cirrus_callbacks_plugin.lint.examples import MESSAGE, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask


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
            text = join_requests.problem_of(join, is_jsonata=each.state.is_jsonata)
            if text is not None:
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


def _problem(each: WaitTask, message: str, fix: str) -> Problem:
    join = each.places.member(join_requests.message_of(each.places), KEY)
    at = each.state.at if join is None else join.at
    is_own = at.line >= each.state.at.line  # in a JSON text lines are counted from its own begin
    field = "Arguments" if each.state.is_jsonata else "Parameters"
    return Problem(
        message,
        fix,
        f"{each.state.path}.{field}.{each.service.body}.{KEY}",
        at if is_own else each.state.at,
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
        "join cannot any more."
    ),
    bad=_joining(**{"members.$": "$.children", "succeeds_on": 3}),
    good=_joining(**{"members.$": "$.children", "succeed_on": 3}),
    check=_check,
)
