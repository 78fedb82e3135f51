"""The one module that talks to the tracking table.

Every write is one conditional call; a condition that is not met is an answer
(somebody else was first), not an error. AWS errors pass through: their callers
know whether to retry, to put off or to give up (:func:`aws.error_codes.classify`).
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a dataclass field's type, read at runtime
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.batch_reads import read_batch
from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, if_condition_holds
from cirrus_callbacks_plugin.aws.pages import pages
from cirrus_callbacks_plugin.waits import definition
from cirrus_callbacks_plugin.waits.batches import Batching, BatchWriter, Write, directly
from cirrus_callbacks_plugin.waits.change import Change
from cirrus_callbacks_plugin.waits.continuation import Continuation, row_from_item, waits_in
from cirrus_callbacks_plugin.waits.malformed import Malformed, log_malformed
from cirrus_callbacks_plugin.waits.row import (
    FAILURE,
    STALE,
    SUCCESS,
    Key,
    Wait,
    partition_key,
    timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from types_boto3_dynamodb import DynamoDBClient

    from cirrus_callbacks_plugin.waits.outcome import Outcome


_OPEN = ("settled_at", "answered_at")
"""What a row that is neither settled nor answered has not."""

MAX_HISTORY = 20
"""Entries of a row's history; older ones go."""


class Deferred(Protocol):
    """A row that hands work on to the sender; a newer one takes its place."""

    @property
    def key(self) -> Key:
        """The row's key."""

    @property
    def settled_at(self) -> str:
        """When it was put: what tells it from a newer one."""

    def to_item(self) -> Mapping[str, Any]:
        """The row as DynamoDB's low-level API takes it."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """A row that is to be settled, and with what.

    Attributes:
        key: the row.
        outcome: how the payload ended.
        noted_run: the run that the row names already: removed where the outcome names none.
    """

    key: Key
    outcome: Outcome
    noted_run: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A row whose token has been answered, and with what.

    Attributes:
        key: the row.
        answer: ``success``, ``failure`` or ``stale``.
        answer_error: the error's name, of a failure.
    """

    key: Key
    answer: str
    answer_error: str | None = None


def utc_now() -> datetime:
    """The clock that stores use unless a test gives another."""
    return datetime.now(timezone.utc)


@dataclass(slots=True, eq=False, repr=False)
class WaitsTable:
    """The tracking table.

    Attributes:
        client: DynamoDB's low-level client (thread-safe).
        name: the table's name.
        clock: the current time, aware, in UTC.
        batching: when rows are written in batches; what this invocation knows of that.
    """

    client: DynamoDBClient
    name: str
    clock: Callable[[], datetime] = utc_now
    batching: Batching = field(default_factory=Batching, compare=False)

    def now(self) -> str:
        """The current time as rows hold it."""
        return timestamp(self.clock())

    def register(self, wait: Wait) -> Wait:
        """Put the row if it is absent, and return the row that is there now.

        A redelivered message finds its row and leaves it as it is; the row found is
        returned, so that later steps judge by what was seen first.
        """
        try:
            self.client.put_item(
                TableName=self.name,
                Item=wait.to_item(),
                ConditionExpression="attribute_not_exists(payload_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if classify(error) is not ErrorKind.CONDITION:
                raise
            item: Any = error.response.get("Item")
            existing = row_from_item(item) if item else wait
            if isinstance(existing, Wait):
                return existing
            if isinstance(existing, Malformed):  # the token is registered, and the child may run
                log_malformed(existing)
        return wait

    def settle(
        self,
        key: Key,
        outcome: Outcome,
        *,
        noted_run: str | None = None,
        history: Sequence[Mapping[str, str]] | None = None,
    ) -> bool:
        """Write the outcome into a row that is neither settled nor answered.

        Args:
            key: the row.
            outcome: how the payload ended.
            noted_run: the run that the row names already: removed where the outcome names none.
            history: of a repair by hand, the row's whole history with the repair as its last
                entry: written with the outcome or not at all.

        Returns:
            True if this call settled the row, False if somebody else was first or the
            row is gone.
        """
        return self._write(self._settlement(Settlement(key, outcome, noted_run), history))

    def settle_all(
        self,
        settlements: Sequence[Settlement],
        *,
        call: Callable[[Callable[[], Any]], Any] = directly,
    ) -> list[bool | Exception]:
        """Settle many rows (:meth:`settle`), in batches where they are more than a few.

        Args:
            settlements: each row once.
            call: makes every call; may raise instead, where none may be made any more.

        Returns:
            In their order: as :meth:`settle`, or what the row's update met.
        """
        changes = map(self._settlement, settlements)
        return self.writer(call).write([self._among_many(each) for each in changes])

    def _settlement(
        self, settlement: Settlement, history: Sequence[Mapping[str, str]] | None = None
    ) -> Change:
        outcome = settlement.outcome
        sets = {"settled_at": self.now(), **outcome.attributes()}
        if history is not None:
            sets["history"] = _newest(history)
        goes = settlement.noted_run and not outcome.execution_arn
        return Change(settlement.key, sets, _OPEN, remove="execution_arn" if goes else None)

    def note_run(self, key: Key, execution_arn: str) -> bool:
        """Note the run that an open row waits for: its record may be deleted meanwhile.

        Returns:
            False if the row is settled, answered or gone.
        """
        return self._write(Change(key, {"execution_arn": execution_arn}, _OPEN))

    def mark_answered(
        self,
        key: Key,
        answer: str,
        *,
        answer_error: str | None,
        retention_days: int,
    ) -> bool:
        """Record that the token has been answered; the row expires after the retention.

        An accepted answer (``success``, ``failure``) outranks ``stale``: it is written
        over it, never the other way round.

        Returns:
            False if the row is gone or holds an answer that stays.
        """
        return self._write(self._mark(Mark(key, answer, answer_error), retention_days))

    def mark_all(
        self,
        marks: Iterable[Mark],
        *,
        retention_days: int,
        among: int = 0,
    ) -> list[bool | Exception]:
        """Mark many rows (:meth:`mark_answered`), in batches where they are more than a few.

        Args:
            marks: each row once.
            retention_days: how long the rows are kept.
            among: of how many rows these are a part, if they are one; other threads write others.

        Returns:
            In their order: as :meth:`mark_answered`, or what the row's update met.
        """
        changes = [self._mark(each, retention_days) for each in marks]
        writer = self.writer(among=among)
        return writer.write([self._among_many(each) for each in changes])

    def _mark(self, mark: Mark, retention_days: int) -> Change:
        now = self.clock()
        sets: dict[str, Any] = {
            "answered_at": timestamp(now),
            "answer": mark.answer,
            "expiration_time": int((now + timedelta(days=retention_days)).timestamp()),
        }
        if mark.answer == FAILURE and mark.answer_error is not None:
            sets["answer_error"] = mark.answer_error
        return Change(
            mark.key,
            sets,
            absent=("answer",),
            unless=STALE if mark.answer in (SUCCESS, FAILURE) else None,
            remove=definition.WAITING_INDEX,
        )

    def open_rows(self, payload_id: str) -> Iterator[list[Wait]]:
        """The rows of a payload that are neither settled nor answered, page by page.

        Read consistently. A page may be empty: answered rows of the last weeks share the
        partition and are filtered by DynamoDB after it has read them.
        """
        request = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": "payload_id = :payload_id",
            "FilterExpression": (
                "attribute_not_exists(settled_at) AND attribute_not_exists(answered_at)"
            ),
            "ExpressionAttributeValues": {":payload_id": {"S": partition_key(payload_id)}},
        }
        for page in pages(self.client.query, request):
            yield waits_in(page["Items"])

    def note(self, key: Key, entry: Mapping[str, str]) -> bool:
        """Add an entry to a row's history, in an answered row too; the newest twenty stay.

        Nothing but the history changes. Somebody else's entry of the same moment is kept.

        Returns:
            False if the row is gone, or cannot be read.
        """
        while True:
            item, row = self._with_history(key)
            if row is None:
                return False
            sets = {"history": _newest([*row.history, entry])}
            request = Change(key, sets, absent=("history",)).update()
            if "history" in item:  # as it is there: an empty list is not an absent one
                request["ConditionExpression"] = "history = :before"
                request["ExpressionAttributeValues"][":before"] = item["history"]
            if self._update(request):
                return True

    def _with_history(self, key: Key) -> tuple[Mapping[str, Any], Wait | None]:
        """A wait's item and the wait; None where it is gone or malformed."""
        item: Mapping[str, Any] | None = dict(self.read_items([key])).get(key)
        row = None if item is None else row_from_item(item, key)
        if isinstance(row, Malformed):
            log_malformed(row)
        return item or {}, row if isinstance(row, Wait) else None

    def read(self, keys: Iterable[Key]) -> dict[Key, Wait]:
        """Read waits consistently, a hundred a call.

        Rows that are gone, and reserved ones, are left out; so are malformed ones, each with
        a line in the log.
        """
        rows = self.read_rows(keys)
        for row in rows.values():
            if isinstance(row, Malformed):
                log_malformed(row)
        return {key: row for key, row in rows.items() if isinstance(row, Wait)}

    def read_rows(self, keys: Iterable[Key]) -> dict[Key, Wait | Continuation | Malformed]:
        """The same with continuations and malformed rows; unknown reserved rows are left out."""
        rows = ((key, row_from_item(item, key)) for key, item in self.read_items(keys))
        return {key: row for key, row in rows if row is not None}

    def read_items(self, keys: Iterable[Key]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
        """Read rows of every kind consistently, a hundred a call, each with its key."""
        ordered = sorted(set(keys))
        for item in read_batch(self.client, self.name, [key.to_item() for key in ordered]):
            yield Key.from_item(item), item

    def continue_later(  # noqa: PLR0917 - what a continuation holds
        self,
        payload_id: str,
        workflow: str,
        outcome: Outcome,
        cirrus_version: str | None,
        stopped_at: str | None = None,
        instead_of: Continuation | None = None,
    ) -> Continuation | None:
        """Put an outcome aside for the sender, where no other run's outcome waits already.

        Args:
            payload_id: the payload whose rows are to be settled.
            workflow: its workflow.
            outcome: what they are to be settled with.
            cirrus_version: the cirrus that wrote it.
            stopped_at: when the run ended, where that is known.
            instead_of: the one that waits, whose place this one may take.

        Returns:
            None where it was put. Else what waits, and stays; of one that is worked off
            meanwhile, as it was before.
        """
        now = self.now()
        row = Continuation(payload_id, workflow, outcome, now, cirrus_version, stopped_at)
        condition = "attribute_not_exists(payload_id)"
        values: dict[str, Any] = {}
        if instead_of is not None:
            condition += " OR settled_at = :settled_at"
            values[":settled_at"] = {"S": instead_of.settled_at}
        elif row.outcome.execution_arn is not None:
            condition += " OR execution_arn = :execution_arn"
            values[":execution_arn"] = {"S": row.outcome.execution_arn}
        request: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        try:
            self.client.put_item(
                TableName=self.name,
                Item=row.to_item(),
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **request,
            )
        except ClientError as error:
            if classify(error) is not ErrorKind.CONDITION:
                raise
            existing: Any = error.response.get("Item")
            return Continuation.from_item(existing) if existing else instead_of or row
        return None

    def finish(self, row: Deferred) -> bool:
        """Delete a row that was worked off, unless a newer one took its place."""
        deleted = if_condition_holds(
            lambda: self.client.delete_item(
                TableName=self.name,
                Key=row.key.to_item(),
                ConditionExpression="settled_at = :settled_at",
                ExpressionAttributeValues={":settled_at": {"S": row.settled_at}},
            )
        )
        return deleted is not None

    def postpone(self, row: Deferred) -> bool:
        """Put a row again, so that the stream delivers it once more, behind others' records.

        Unless a newer one took its place: then that one's own record does the rest.
        """
        put = if_condition_holds(
            lambda: self.client.put_item(
                TableName=self.name,
                Item={**row.to_item(), "settled_at": {"S": self.now()}},
                ConditionExpression="settled_at = :settled_at",
                ExpressionAttributeValues={":settled_at": {"S": row.settled_at}},
            )
        )
        return put is not None

    def writer(
        self, call: Callable[[Callable[[], Any]], Any] = directly, among: int = 0
    ) -> BatchWriter:
        """What writes many rows at once; ``call`` and ``among`` as above."""
        return BatchWriter(self.client, self.name, self.batching, call, among)

    def _among_many(self, change: Change) -> Write[bool]:
        return Write(
            change,
            done=True,
            refused=lambda _: False,
            alone=lambda: self._write(change),
        )

    def _write(self, change: Change) -> bool:
        return self._update(change.update())

    def _update(self, request: Mapping[str, Any]) -> bool:
        updated = if_condition_holds(
            lambda: self.client.update_item(TableName=self.name, **request)
        )
        return updated is not None


def _newest(history: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [dict(entry) for entry in history[-MAX_HISTORY:]]
