"""Step 1 of the process hook: a row for every token, before cirrus sees the payload."""

from __future__ import annotations

import itertools
import logging
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.batch_reads import MAX_KEYS
from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.errors import CallbackError
from cirrus_callbacks_plugin.hooks.join_requests import JoinRegistrar, request_in
from cirrus_callbacks_plugin.hooks.objects import fetch_object
from cirrus_callbacks_plugin.hooks.payloads import Target, target_of
from cirrus_callbacks_plugin.joins.rows import join_id_of
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.error_names import INVALID_PAYLOAD
from cirrus_callbacks_plugin.protocol.rules import (
    Judgement,
    LeaveOpen,
    Settle,
    at_registration,
    invalid_payload,
    wait_for_itself,
)
from cirrus_callbacks_plugin.protocol.wait_log import log_registered
from cirrus_callbacks_plugin.waits.row import Key, Wait, shard, token_name
from cirrus_callbacks_plugin.waits.step_log import log_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.carriers.tokens import Callback
    from cirrus_callbacks_plugin.cirrus.adapter import Adapter
    from cirrus_callbacks_plugin.cirrus.state_table import Record, StateKey
    from cirrus_callbacks_plugin.hooks.delivery import Message
    from cirrus_callbacks_plugin.hooks.own_time import OwnTime
    from cirrus_callbacks_plugin.hooks.services import Services


@dataclass(slots=True)
class Registered:
    """What came of the registrations of one event.

    Attributes:
        open_rows: rows that are in the table and not settled, with their record's key.
        failed: why a message could not be registered, by its index.
        before: the records as this invocation first read them.
        is_throttled: the state table left keys of that read unprocessed at first.
        records: what cirrus is to see in the place of a message's record, by its index.
        joins: join requests, by their index: cirrus never sees them.
        spoilers: messages that cirrus would die of, its whole batch with it, and whose waiters are
            told that the payload is not acceptable: what they are about, and why, by their index.
    """

    open_rows: dict[Key, tuple[Wait, StateKey]] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    before: dict[StateKey, Record] = field(default_factory=dict)
    is_throttled: bool = False
    records: dict[int, Any] = field(default_factory=dict)
    joins: set[int] = field(default_factory=set)
    spoilers: dict[int, Target] = field(default_factory=dict)


@dataclass(slots=True, eq=False, repr=False)
class Registrar:
    """Registers the tokens of messages."""

    services: Services
    adapter: Adapter
    own_time: OwnTime

    def register(self, messages: Sequence[Message]) -> Registered:
        """Put a row for every token; a message with one that fails has failed.

        A payload that cirrus cannot accept, or that no cirrus runs again, is settled with
        this first write; every other row is ``PROCESSING``. Of a join request the join's
        rows are put, of a member's message the member's row besides.
        """
        registered = Registered()
        ordinary = self._open_joins(messages, registered)
        targets = self._targets(ordinary, registered)
        self._read_records(targets, registered)
        rows = self._put_all(ordinary, targets, registered)
        for message in messages:
            if message.index in registered.joins and message.index not in registered.failed:
                continue
            if message.index not in registered.failed:
                _note_spoiler(message, targets[message.index], rows[message.index], registered)
            else:
                target = targets.get(message.index)
                payload_id = None if target is None else target.payload_id
                for callback in message.callbacks:
                    if message.index in registered.joins:
                        payload_id = join_id_of(callback.task_token)
                    log_step(
                        wait_log.NOT_REGISTERED,
                        payload_id,
                        level=logging.WARNING,
                        wait=token_name(callback.task_token),
                        message=message.name,
                        why=registered.failed[message.index],
                    )
        return registered

    def _open_joins(self, messages: Sequence[Message], registered: Registered) -> Sequence[Message]:
        """Put the rows of join requests; returns the other messages."""
        bodies = {message.index: request_in(message, self.adapter) for message in messages}
        requests = [
            (message, body) for message in messages if (body := bodies[message.index]) is not None
        ]
        if not requests:
            return messages
        registered.joins = {message.index for message, _ in requests}
        for index, error in self._join_registrar.open(requests).items():
            registered.failed[index] = _reason(error, "put of the join")
        return [message for message in messages if message.index not in registered.joins]

    @property
    def _join_registrar(self) -> JoinRegistrar:
        return JoinRegistrar(self.services.waits, self.adapter, self.own_time)

    def _put_all(
        self,
        messages: Sequence[Message],
        targets: dict[int, Target],
        registered: Registered,
    ) -> dict[int, list[Wait]]:
        """Put the rows; returns those that are there now, by their message."""
        wanted: dict[Key, Wait] = {}
        messages_of: dict[Key, list[int]] = {}
        for message in messages:
            if message.index in registered.failed:
                continue
            target = targets[message.index]
            for callback in message.callbacks:
                row = self._row(callback, target, registered)
                wanted.setdefault(row.key, row)
                messages_of.setdefault(row.key, []).append(message.index)
        rows = list(wanted.values())
        there: dict[Key, Wait] = {}
        for row, result in zip(rows, run_side_by_side(self._put, rows), strict=True):
            if isinstance(result, Exception):
                for index in messages_of[row.key]:
                    registered.failed.setdefault(index, _reason(result, "put"))
                continue
            there[row.key] = result
            log_registered(result, is_new=result is row)
        for row_key, row in there.items():
            # Of a message that comes back (another token of it failed) nothing is settled
            # now: cirrus has not seen it yet, and may run its payload again when it does.
            seen = [index for index in messages_of[row_key] if index not in registered.failed]
            key = targets[seen[0]].key if seen else None
            if not row.is_settled and not row.is_answered and key is not None:
                registered.open_rows[row_key] = (row, key)
        return {
            index: [row for key, row in there.items() if index in messages_of[key]]
            for index in targets
        }

    def _targets(
        self,
        messages: Sequence[Message],
        registered: Registered,
    ) -> dict[int, Target]:
        def fetch(url: str) -> str:
            s3 = self.services.clients.s3
            return self.own_time.call(lambda: fetch_object(s3, url, self.own_time.check))

        def find(message: Message) -> Target:
            return target_of(message, self.adapter, fetch)

        targets: dict[int, Target] = {}
        for message, result in zip(messages, run_side_by_side(find, messages), strict=True):
            if isinstance(result, Exception):
                registered.failed[message.index] = _reason(result, "fetch of the payload")
            else:
                targets[message.index] = result
                if result.record is not None:
                    registered.records[message.index] = result.record
        return targets

    def _read_records(self, targets: dict[int, Target], registered: Registered) -> None:
        """One consistent read for all payloads; without it no row may be put."""
        keys = {target.key for target in targets.values() if target.key is not None}
        if not keys:
            return
        calls = itertools.count()

        def before_call() -> None:
            next(calls)
            self.own_time.check()

        try:
            registered.before = self.own_time.call(
                lambda: self.services.states.read(keys, before_call=before_call),
            )
            registered.is_throttled = next(calls) > math.ceil(len(keys) / MAX_KEYS)
        except Exception as error:  # noqa: BLE001 - any failure means: not registered
            for index, target in targets.items():
                if target.key is not None:
                    registered.failed[index] = _reason(error, "read of the state table")

    def _row(self, callback: Callback, target: Target, registered: Registered) -> Wait:
        record = None
        if target.key is not None and target.reads_back:
            record = registered.before.get(target.key)
        now = self.services.waits.now()
        row = Wait(
            payload_id=target.payload_id,
            task_token=callback.task_token,
            workflow=target.workflow,
            registered_at=now,
            waiting=shard(callback.task_token),
            seen_state=record.state if record else None,
            seen_execution=record.last_execution if record else None,
            replace=target.replace,
            cirrus_version=self.adapter.version,
            waiter_payload_id=callback.waiter_payload_id,
            waiter_execution_arn=callback.waiter_execution_arn,
        )
        judgement: Judgement
        if target.refused is not None:
            judgement = Settle(invalid_payload(target.refused))
        elif registered.is_throttled:
            # Every cirrus drops what its read of the state table leaves unprocessed, and may
            # run a completed payload again: what it did is known once it is through.
            judgement = LeaveOpen("the state table is throttled: cirrus may not see the record")
        else:
            judgement = at_registration(
                record,
                replace=target.replace,
                output_url=lambda arn: self.adapter.output_url(target.payload_id, arn),
            )
        outcome = (
            wait_for_itself(row, record) if isinstance(judgement, LeaveOpen) else judgement.outcome
        )
        if outcome is None:
            return row
        return replace(row, settled_at=now, **outcome.attributes())

    def _put(self, row: Wait) -> Wait:
        there = self.own_time.call(lambda: self.services.waits.register(row))
        if row.member is not None:  # never before its wait, from which its end is told
            self._join_registrar.arrive(row.member, row.payload_id)
        return there


def _note_spoiler(
    message: Message,
    target: Target,
    rows: Sequence[Wait],
    registered: Registered,
) -> None:
    """Note a message of a queue that cirrus would die of, once all who wait are told so."""
    is_told = all(row.answer_error == INVALID_PAYLOAD for row in rows)
    if target.spoils_batch and target.refused and message.queue_arn is not None and is_told:
        registered.spoilers[message.index] = target


def _reason(error: Exception, call: str) -> str:
    """Why a registration failed, without a word of the request: it holds the token."""
    text = str(error) if isinstance(error, CallbackError) else error_code(error)
    return f"{call}: {text}"
