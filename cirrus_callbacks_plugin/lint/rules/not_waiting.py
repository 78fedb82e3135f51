"""A token that is sent by a task that does not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data.results import PAUSES
from cirrus_callbacks_plugin.lint.examples import wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject


def _check(subject: Subject) -> Iterator[Problem]:
    for send in subject.sends:
        if not send.pauses:
            node = send.state.node
            yield Problem(
                f"sends a task token, but its resource does not end in {PAUSES}: such a task has "
                "none",
                f"write {send.state.resource}{PAUSES} to wait, or leave the token out",
                send.state.field_path("Resource"),
                node.where("Resource"),
            )


RULE = Rule(
    id="not-waiting",
    severity=Severity.ERROR,
    summary="A task that sends a token waits: its resource ends in `.waitForTaskToken`.",
    why=(
        "Only such a task has a token. Without the suffix the path `$$.Task.Token` leads nowhere "
        "and the execution fails there with `States.Runtime`, which nothing catches."
    ),
    bad=wait(Resource="arn:aws:states:::sqs:sendMessage"),
    good=wait(Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
    check=_check,
)
