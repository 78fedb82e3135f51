"""The task token: passed, and in a carrier that the product reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.contract import TOKEN_ATTRIBUTE
from cirrus_callbacks_plugin.lint.examples import MESSAGE, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity
from cirrus_callbacks_plugin.lint.tokens import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.sends:
        if each.pauses:
            yield from _judge(each)


def _judge(each: WaitTask) -> Iterator[Problem]:
    state, field = each.state, "Arguments" if each.state.is_jsonata else "Parameters"
    value = "{% $states.context.Task.Token %}" if state.is_jsonata else "$$.Task.Token"
    advice = f"pass {value} in {ATTRIBUTES}.{TOKEN_ATTRIBUTE}"
    if not each.service.has_attributes:
        advice = f"pass {value} in {each.service.body}.process[0].callback.task_token"
    if not each.tokens and not each.places.is_later:
        yield Problem(
            "never sends its task token: nobody can answer it",
            advice,
            state.path,
            state.at,
        )
    if each.carried:
        return  # a second mention elsewhere does no harm that can be seen here
    for token in each.tokens:
        yield Problem(
            f"sends its task token in {token.place}, which {_told(token.problem)[0]}",
            _told(token.problem)[1] or advice,
            f"{state.path}.{field}",
            token.at,
        )


def _told(problem: str | None) -> tuple[str, str]:
    what, _, fix = (problem or "").partition(": ")
    return what, fix


RULE = Rule(
    id="token",
    severity=Severity.ERROR,
    summary="A wait passes its task token, in one of the carriers that the plugin reads.",
    why=(
        "A token that is not found is not registered, and nobody ever answers it. Found are: the "
        "message attribute `cirrus-task-token` (with its `DataType`), "
        "`process[0].callback.task_token` in the payload, `callback.task_token` beside a `url`, "
        "and `TaskToken` beside `Payload`. A common slip is a key without `.$`, which sends the "
        "text `$$.Task.Token`. What an intrinsic function or a JSONata expression builds in one "
        "of these places is taken for right."
    ),
    bad=wait(
        Parameters={
            "QueueUrl": "${process_queue_url}",
            "MessageBody": {"input.$": "$.payload", "token.$": "$$.Task.Token"},
        },
    ),
    good=wait(Parameters=MESSAGE),
    check=_check,
)
