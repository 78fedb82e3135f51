"""Join requests among an event's messages: their rows are put, and cirrus never sees them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.errors import UnacceptablePayload
from cirrus_callbacks_plugin.joins.opening import Opening, may_be_request, opening_of
from cirrus_callbacks_plugin.joins.request import is_request
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.protocol.wait_log import log_registered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.cirrus.adapter import Adapter
    from cirrus_callbacks_plugin.hooks.delivery import Message
    from cirrus_callbacks_plugin.hooks.own_time import OwnTime
    from cirrus_callbacks_plugin.naming import MemberToken
    from cirrus_callbacks_plugin.waits.table import WaitsTable


def request_in(message: Message, adapter: Adapter) -> dict[str, Any] | None:
    """The join request in a message with a token; None where it is something else.

    Notifications are unwrapped by cirrus's own code, as for every other message.
    """
    if not message.callbacks or not may_be_request(message.record):
        return None
    try:
        body = adapter.extract(json.loads(json.dumps(message.record)))
    except (UnacceptablePayload, TypeError, ValueError, RecursionError):
        return None  # no message of cirrus's either: that its waiters are told
    return body if is_request(body) else None


@dataclass(slots=True, eq=False, repr=False)
class JoinRegistrar:
    """Puts the rows of join requests, and notes that members have arrived."""

    waits: WaitsTable
    adapter: Adapter
    own_time: OwnTime

    def open(self, requests: Sequence[tuple[Message, dict[str, Any]]]) -> dict[int, Exception]:
        """Put the rows of every request and token.

        Returns:
            By the message's index: what a put met. Such a message has to come again.
        """
        table = JoinsTable(self.waits)
        openings = [
            (message, self._opening(table, message, body, number))
            for message, body in requests
            for number in range(len(message.callbacks))
        ]
        results = run_side_by_side(lambda each: each[1].put(table, self.own_time.call), openings)
        failed: dict[int, Exception] = {}
        for (message, opening), result in zip(openings, results, strict=True):
            if isinstance(result, Exception):
                failed.setdefault(message.index, result)
                continue
            log_registered(opening.join.wait, is_new=result)
        return failed

    def _opening(
        self,
        table: JoinsTable,
        message: Message,
        body: dict[str, Any],
        number: int,
    ) -> Opening:
        return opening_of(
            body,
            message.callbacks[number],
            table=table,
            queue_arn=message.queue_arn,
            cirrus_version=self.adapter.version,
        )

    def arrive(self, member: MemberToken, payload_id: str) -> None:
        """Note that a member's message has been registered; its wait is there."""
        self.own_time.call(lambda: JoinsTable(self.waits).arrive(member, payload_id))
