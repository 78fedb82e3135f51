"""The one module that talks to the tracking table.

Every write is one conditional call; a condition that is not met is an answer
(somebody else was first), not an error. AWS errors pass through: their callers
know whether to retry, to put off or to give up (:func:`aws.error_codes.classify`).
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a dataclass field's type, read at runtime
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.batch_reads import read_batch
from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, if_condition_holds
from cirrus_callbacks_plugin.aws.pages import pages
from cirrus_callbacks_plugin.waits import definition
from cirrus_callbacks_plugin.waits.continuation import Continuation, row_from_item, waits_in
from cirrus_callbacks_plugin.waits.malformed import Malformed, log_malformed
from cirrus_callbacks_plugin.waits.row import (
    FAILURE,
    STALE,
    SUCCESS,
    Key,
    Wait,
    partition_key,
    serialize,
    timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from types_boto3_dynamodb import DynamoDBClient

    from cirrus_callbacks_plugin.waits.outcome import Outcome


_OPEN = (
    "attribute_exists(payload_id) AND attribute_not_exists(settled_at)"
    " AND attribute_not_exists(answered_at)"
)
"""The condition of a row that is neither settled nor answered."""

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


def utc_now() -> datetime:
    """The clock that stores use unless a test gives another."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True, slots=True)
class WaitsTable:
    """The tracking table.

    Attributes:
        client: DynamoDB's low-level client (thread-safe).
        name: the table's name.
        clock: the current time, aware, in UTC.
    """

    client: DynamoDBClient
    name: str
    clock: Callable[[], datetime] = utc_now

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
            found = row_from_item(item) if item else wait
            if isinstance(found, Wait):
                return found
            if isinstance(found, Malformed):  # the token is registered, and the child may run
                log_malformed(found)
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
        values = {"settled_at": self.now(), **outcome.attributes()}
        if history is not None:
            values["history"] = _newest(history)
        return self._update(
            key,
            sets=values,
            remove="execution_arn" if noted_run and not outcome.execution_arn else None,
            condition=_OPEN,
        )

    def note_run(self, key: Key, execution_arn: str) -> bool:
        """Note the run that an open row waits for: its record may be deleted meanwhile.

        Returns:
            False if the row is settled, answered or gone.
        """
        return self._update(key, sets={"execution_arn": execution_arn}, condition=_OPEN)

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
        now = self.clock()
        sets: dict[str, Any] = {
            "answered_at": timestamp(now),
            "answer": answer,
            "expiration_time": int((now + timedelta(days=retention_days)).timestamp()),
        }
        if answer == FAILURE and answer_error is not None:
            sets["answer_error"] = answer_error
        condition = "attribute_exists(payload_id) AND attribute_not_exists(answer)"
        values: dict[str, Any] = {}
        if answer in (SUCCESS, FAILURE):
            condition = (
                "attribute_exists(payload_id) AND (attribute_not_exists(answer) OR answer = :stale)"
            )
            values[":stale"] = {"S": STALE}
        return self._update(
            key,
            sets=sets,
            remove=definition.WAITING_INDEX,
            condition=condition,
            values=values,
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
            condition = "attribute_exists(payload_id) AND attribute_not_exists(history)"
            values: dict[str, Any] = {}
            if "history" in item:  # as it is there: an empty list is no absent one
                condition, values = "history = :before", {":before": item["history"]}
            if self._update(
                key,
                sets={"history": _newest([*row.history, entry])},
                condition=condition,
                values=values,
            ):
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
            found: Any = error.response.get("Item")
            return Continuation.from_item(found) if found else instead_of or row
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

    def _update(
        self,
        key: Key,
        *,
        sets: Mapping[str, Any],
        condition: str,
        remove: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> bool:
        names = {f"#{index}": name for index, name in enumerate(sets)}
        expression = "SET " + ", ".join(f"{alias} = :{alias[1:]}" for alias in names)
        if remove is not None:
            expression += f" REMOVE {remove}"
        attribute_values: dict[str, Any] = {
            f":{index}": serialize(value) for index, value in enumerate(sets.values())
        }
        attribute_values.update(values or {})
        updated = if_condition_holds(
            lambda: self.client.update_item(
                TableName=self.name,
                Key=key.to_item(),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=attribute_values,
            )
        )
        return updated is not None


def _newest(history: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [dict(entry) for entry in history[-MAX_HISTORY:]]
