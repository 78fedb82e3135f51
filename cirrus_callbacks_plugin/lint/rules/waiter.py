"""Who waits, told with the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.contract import (
    TOKEN_ATTRIBUTE,
    WAITER_EXECUTION_ATTRIBUTE,
    WAITER_PAYLOAD_ATTRIBUTE,
)
from cirrus_callbacks_plugin.lint.examples import MESSAGE, TOKEN, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask

_WAITERS = (WAITER_PAYLOAD_ATTRIBUTE, WAITER_EXECUTION_ATTRIBUTE)


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        carriers = {token.carrier for token in each.carried}
        if not carriers or "expression" in carriers:
            continue  # there is no token, or who waits may be told beside it
        names = _told(each)
        if names and "attribute" not in carriers:
            yield Problem(
                f"tells who waits in {names[0]}, which is read beside {TOKEN_ATTRIBUTE} alone",
                f"send the token in {TOKEN_ATTRIBUTE} as well",
                each.state.path,
                each.state.at,
                Severity.WARNING,
            )
        elif not names and not _is_told_in_payload(each, carriers):
            yield Problem(
                "does not tell who waits: operators see the child, and not who needs it",
                f"add {WAITER_PAYLOAD_ATTRIBUTE} (the parent payload's id) or "
                f"{WAITER_EXECUTION_ATTRIBUTE}"
                + (
                    ""
                    if "attribute" in carriers
                    else f", beside the token in {TOKEN_ATTRIBUTE}, or 'waiter' in the callback"
                ),
                each.state.path,
                each.state.at,
            )


def _told(each: WaitTask) -> list[str]:
    attributes = each.places.attributes
    if attributes is None:
        return []
    return [name for name in _WAITERS if each.places.member(attributes, name) is not None]


def _is_told_in_payload(each: WaitTask, carriers: set[str | None]) -> bool:
    if not carriers & {"payload", "reference"}:
        return False
    for token in each.carried:
        if token.carrier in ("payload", "reference"):
            callback = each.places.follow(token.path[:-1])
            if each.places.member(callback, "waiter") is not None:
                return True
    return False


RULE = Rule(
    id="waiter",
    severity=Severity.NOTE,
    summary="A wait tells who waits: the parent's payload id, its execution, or both.",
    why=(
        "Nothing depends on it, but at three in the morning it says which workflow a stuck child "
        "holds up, and `cirrus-callbacks graph` draws it. The attributes are read beside the "
        "attribute `cirrus-task-token` alone; in the payload it is `waiter` in the callback."
    ),
    bad=wait(Parameters={**MESSAGE, "MessageAttributes": {"cirrus-task-token": TOKEN}}),
    good=wait(Parameters=MESSAGE),
    check=_check,
)
