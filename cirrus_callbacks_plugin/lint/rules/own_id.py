"""A parent that waits for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.joins.request import KEY as JOIN
from cirrus_callbacks_plugin.lint.data.shape import Kind, Own
from cirrus_callbacks_plugin.lint.examples import MESSAGE, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.nodes import Position
    from cirrus_callbacks_plugin.lint.data.shape import Shape
    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        what = next(filter(None, map(_itself, subject.messages(each))), None)
        if what is not None:
            yield Problem(
                f"{what}: it waits for itself, until its timeout",
                "leave the id out (cirrus makes one of the workflow and the items), and name the "
                "child's workflow in process[0]",
                each.state.path,
                _place(each),
            )


def _itself(message: Shape) -> str | None:
    """How a message names the execution's own payload; None where that is not to be seen."""
    if _is_own(message):
        return "sends its own id"
    if _is_made_of_own(message):
        return "sends its own features and process, of which cirrus makes its own id"
    members = message.member(JOIN).member("members")
    for member in (*members.elements, members) if members.kind is not Kind.UNKNOWN else ():
        if _is_own(member) or member.own is Own.ID or member.member("payload_id").own is Own.ID:
            return "has its own id among the members of its join"
    return None


def _is_own(payload: Shape) -> bool:
    return payload.member("id").own is Own.ID


def _is_made_of_own(payload: Shape) -> bool:
    return (
        payload.member("id").kind is Kind.ABSENT
        and payload.member("features").own is Own.FEATURES
        and payload.member("process").own is Own.PROCESS
    )


def _place(each: WaitTask) -> Position:
    name = each.service.body
    keys = each.arguments.keys
    return keys.get(f"{name}.$", keys.get(name, each.state.at))


RULE = Rule(
    id="own-id",
    severity=Severity.ERROR,
    summary="The message is another payload than the one that the parent runs for.",
    why=(
        "The input of an execution is the parent's payload. A message that is that payload again, "
        "or has its `id`, asks for a payload that is running already: cirrus starts nothing, and "
        "the parent waits for its own end until its timeout. A child's payload has another "
        "`process[0].workflow`, and no `id` or one of its own. The data is followed: what a "
        "function made of the payload is not judged."
    ),
    bad=wait(Parameters={**MESSAGE, "MessageBody.$": "$"}),
    good=wait(
        Parameters={
            **{name: value for name, value in MESSAGE.items() if name != "MessageBody.$"},
            "MessageBody": {
                "type": "FeatureCollection",
                "features.$": "$.features",
                "process": [{"workflow": "sentinel-2-cog", "tasks": {}}],
            },
        },
    ),
    check=_check,
)
