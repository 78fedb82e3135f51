"""One row of the tracking table as a frozen record, and the forms of its key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from cirrus_callbacks_plugin.naming import short
from cirrus_callbacks_plugin.waits.definition import SHARDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    Item = Mapping[str, Any]

PROCESSING = "PROCESSING"
SUCCESS = "success"
FAILURE = "failure"
STALE = "stale"
UNKNOWN_WORKFLOW = "unknown"
RESERVED = "#"
"""What the sort key of a row that is no wait begins with."""
CONTINUE = "#continue"
"""Sort key of the row that carries an outcome whose settling goes on in the sender."""

MAX_SORT_KEY_BYTES = 1024
MAX_PARTITION_KEY_BYTES = 2048

serialize = TypeSerializer().serialize
"""A plain value as DynamoDB's low-level API takes it."""

_deserialize = TypeDeserializer().deserialize


def digest(value: str) -> str:
    """SHA-256 of a text as hex; lone surrogates (JSON allows them) are digested as they are."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def token_name(token: str) -> str:
    """The name people see in a token's place: the first 8 characters of its digest."""
    return digest(token)[:8]


def timestamp(moment: datetime) -> str:
    """ISO 8601 UTC with microseconds, always: texts of one width sort as the times do."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def moment(text: str | None) -> datetime:
    """The time that a row's text says; the epoch where it says none."""
    if text is None:
        return datetime.fromtimestamp(0, timezone.utc)
    return datetime.fromisoformat(text)


def _fits(value: str, limit: int) -> bool:
    return len(value.encode("utf-8", "surrogatepass")) <= limit


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The key of a row in the form in which DynamoDB holds it.

    A value too long for its key attribute is keyed by ``sha256:<hex>`` and kept whole in
    the row's ``full_`` attribute. ``task_token`` is a secret: it is never printed.
    """

    payload_id: str
    task_token: str = field(repr=False)

    @classmethod
    def of(cls, payload_id: str, task_token: str) -> Key:
        """The key of a payload and a token, shortened where they do not fit."""
        return cls(partition_key(payload_id), _sort_key(task_token))

    @classmethod
    def from_item(cls, item: Item) -> Key:
        """Read the key from an item, a stream record's ``Keys`` or its ``NewImage``."""
        return cls(item["payload_id"]["S"], item["task_token"]["S"])

    def to_item(self) -> dict[str, Any]:
        """The key as DynamoDB's low-level API takes it."""
        return {"payload_id": {"S": self.payload_id}, "task_token": {"S": self.task_token}}

    @property
    def is_reserved(self) -> bool:
        """True for a row that is no wait: no task token begins with ``#``."""
        return self.task_token.startswith(RESERVED)

    @property
    def is_continuation(self) -> bool:
        """True for the row that carries an outcome on to the sender."""
        return self.task_token == CONTINUE

    @property
    def name(self) -> str:
        """What logs call the token."""
        if self.is_reserved:
            return self.task_token
        if self.task_token.startswith("sha256:"):
            return self.task_token.removeprefix("sha256:")[:8]
        return token_name(self.task_token)


def partition_key(payload_id: str) -> str:
    """The partition key of a payload id; its digest where the id does not fit."""
    if _fits(payload_id, MAX_PARTITION_KEY_BYTES):
        return payload_id
    return f"sha256:{digest(payload_id)}"


def _sort_key(task_token: str) -> str:
    return task_token if _fits(task_token, MAX_SORT_KEY_BYTES) else f"sha256:{digest(task_token)}"


def shard(task_token: str) -> str:
    """The ``waiting`` partition of a token: ``"0"`` to ``"7"`` by its digest."""
    return str(int(digest(task_token)[:8], 16) % SHARDS)


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait: a task token waiting for a payload. Attributes as in the table's contract.

    *Open*: ``answered_at`` is None. *Settled*: ``settled_at`` is set. Times are texts in
    ISO 8601 UTC with microseconds; ``expiration_time`` is in epoch seconds.
    """

    payload_id: str
    task_token: str = field(repr=False)
    workflow_state: str = PROCESSING
    workflow: str = UNKNOWN_WORKFLOW
    registered_at: str | None = None
    settled_at: str | None = None
    answered_at: str | None = None
    waiting: str | None = None
    seen_state: str | None = None
    seen_execution: str | None = None
    replace: bool = False
    cirrus_version: str | None = None
    answer: str | None = None
    answer_error: str | None = None
    execution_arn: str | None = None
    error: str | None = None
    output_payload_url: str | None = None
    waiter_payload_id: str | None = None
    waiter_execution_arn: str | None = None
    expiration_time: int | None = None
    history: tuple[Mapping[str, str], ...] = ()

    @property
    def key(self) -> Key:
        """The row's key in DynamoDB's form."""
        return Key.of(self.payload_id, self.task_token)

    @property
    def is_settled(self) -> bool:
        """True once the outcome is known."""
        return self.settled_at is not None

    @property
    def is_answered(self) -> bool:
        """True once Step Functions has taken an answer, or takes none any more."""
        return self.answered_at is not None

    @property
    def waiter_name(self) -> str:
        """Who waits, for people: the payload's short id, else the execution's name."""
        if self.waiter_payload_id:
            return short(self.waiter_payload_id)
        if self.waiter_execution_arn:
            name = self.waiter_execution_arn.partition(":execution:")[2]
            return name or self.waiter_execution_arn
        return "somebody"

    @property
    def waited_seconds(self) -> float | None:
        """From registration to answer; None while there is no answer."""
        if self.registered_at is None or self.answered_at is None:
            return None
        return (moment(self.answered_at) - moment(self.registered_at)).total_seconds()

    def to_item(self) -> dict[str, Any]:
        """The row as DynamoDB's low-level API takes it; absent values have no attribute."""
        key = self.key
        item = {
            name: serialize(value)
            for name, value in (
                (each.name, getattr(self, each.name))
                for each in fields(self)
                if each.name not in ("payload_id", "task_token", "replace", "history")
            )
            if value is not None
        }
        item.update(key.to_item())
        if key.payload_id != self.payload_id:
            item["full_payload_id"] = {"S": self.payload_id}
        if key.task_token != self.task_token:
            item["full_task_token"] = {"S": self.task_token}
        if self.replace:
            item["replace"] = {"BOOL": True}
        if self.history:
            item["history"] = serialize([dict(entry) for entry in self.history])
        return item

    @classmethod
    def from_item(cls, item: Item) -> Wait:
        """Read a row, or a stream record's ``NewImage``; unknown attributes are passed over."""
        known = {each.name for each in fields(cls)}
        values = {name: _deserialize(value) for name, value in item.items() if name in known}
        values["payload_id"] = _text(item, "full_payload_id") or values["payload_id"]
        values["task_token"] = _text(item, "full_task_token") or values["task_token"]
        values["history"] = tuple(values.get("history", ()))
        if "expiration_time" in values:
            values["expiration_time"] = int(values["expiration_time"])
        return cls(**values)


def _text(item: Item, name: str) -> str | None:
    value = item.get(name)
    return None if value is None else str(value.get("S", ""))
