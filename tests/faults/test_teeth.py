"""Planted defects: the matrix notices each of them, in the cell where it has to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code
from cirrus_callbacks_plugin.contract import TOKEN_ATTRIBUTE
from cirrus_callbacks_plugin.hooks import process, update_state
from cirrus_callbacks_plugin.joins.queueing import Message
from cirrus_callbacks_plugin.joins.telling import Teller
from cirrus_callbacks_plugin.protocol import answer
from cirrus_callbacks_plugin.protocol.wait_log import log_wait
from cirrus_callbacks_plugin.reconcile.repair import Repairer
from faults.cell import LASTING, attempt
from faults.fault import Fault
from faults.matrix import ways
from faults.rules import violations

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from cirrus_callbacks_plugin.waits.row import Wait
    from faults.world import Deployed


def throttling_is_stale() -> AbstractContextManager[Any]:
    """A token whose answer was throttled is taken for one that nobody waits with."""

    def careless(error: Any) -> ErrorKind:
        found = classify(error)
        return ErrorKind.CLOSED if error_code(error) == "ThrottlingException" else found

    return mock.patch.object(answer, "classify", careless)


def failed_registrations_are_swallowed() -> AbstractContextManager[Any]:
    """``process`` returns, though a token could not be registered."""

    def finish(_self: Any, _registered: Any, returned: Any, _kept: Any = None) -> Any:
        return returned

    return mock.patch.object(process._Invocation, "_finish", finish)


def update_state_raises() -> AbstractContextManager[Any]:
    """A failure to settle fails cirrus's own lambda."""

    def settle(notes: Any, event: Any, adapter: Any, services: Any, time_left: Any) -> None:
        for payload_id, final in notes.by_payload.items():
            found = services()
            ended = update_state._ended(payload_id, final, event, adapter)
            update_state.settle_open_rows(
                found.waits,
                found.states,
                payload_id,
                ended,
                has_time_left=time_left.has_time_left,
            )

    return mock.patch.object(update_state, "_settle", settle)


def tokens_are_logged() -> AbstractContextManager[Any]:
    """A line about an answer that was refused names the token itself."""

    def log(row: Wait, step: str, **facts: Any) -> None:
        log_wait(row, step, token=row.task_token, **facts)

    return mock.patch.object(answer, "log_wait", log)


def a_read_ends_the_pass() -> AbstractContextManager[Any]:
    """Rows of one step cannot be read, and no other step is made."""

    def failed(_self: Repairer, _rows: Any, error: Exception) -> None:
        raise error

    return mock.patch.object(Repairer, "failed", failed)


def members_are_given_the_token() -> AbstractContextManager[Any]:
    """A join's members are sent with its parent's token."""
    made = Message.of

    def careless(member: Any, content: Any, join: Any) -> Message:
        message = made(member, content, join)
        attributes = {**message.attributes, TOKEN_ATTRIBUTE: join.wait.task_token}
        return replace(message, attributes=attributes)

    return mock.patch.object(Message, "of", careless)


def a_member_is_marked_though_not_told() -> AbstractContextManager[Any]:
    """What a member's row could not be told is taken for told, and its wait is marked."""
    tell = Teller.tell

    def careless(self: Teller, told: Any) -> Any:
        standing = tell(self, told)
        return [
            row if isinstance(each, Exception) else each
            for row, each in zip(told, standing, strict=True)
        ]

    return mock.patch.object(Teller, "tell", careless)


PLANTED: dict[Callable[[], AbstractContextManager[Any]], tuple[str, str, Fault, str]] = {
    throttling_is_stale: (
        "sender",
        "SendTaskSuccess",
        Fault.THROTTLED,
        "the parent was told nothing",
    ),
    failed_registrations_are_swallowed: (
        *("process", "WaitsTable.register", Fault.DENIED),
        "the parent was told nothing",
    ),
    update_state_raises: (
        *("update-state", "WaitsTable.open_rows", Fault.THROTTLED),
        "update-state was failed by it",
    ),
    tokens_are_logged: ("sender", "SendTaskSuccess", Fault.DENIED, "a token was written"),
    members_are_given_the_token: (
        *("sender", "JoinsTable.advance", Fault.DENIED),
        "the token is handed on",
    ),
    a_member_is_marked_though_not_told: (
        *("sender", "JoinsTable.tell", Fault.DENIED),
        "the parent was told nothing",
    ),
    a_read_ends_the_pass: (
        *("reconciler", "RepairWalk._read", Fault.SERVER_ERROR),
        "A part of the pass failed",
    ),
}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.__name__)
def test_the_defect_is_noticed(
    where: Deployed,
    planted: Callable[[], AbstractContextManager[Any]],
) -> None:
    """With the defect the cell has a problem, and the right one; without it none."""
    function, part, fault, problem = PLANTED[planted]
    way, call = next(
        (way, call) for way, calls in ways(where, function) for call in calls if part in call.name
    )
    sound = attempt(where, way, call, fault, LASTING)
    assert [*sound.problems, *violations(sound)] == []
    with planted():
        cell = attempt(where, way, call, fault, LASTING)
    problems = [*cell.problems, *violations(cell)]
    assert any(problem in found for found in problems), problems
