"""One row of the tracking table as a frozen record, and the forms of its key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NewType

from boto3.dynamodb.types import TypeSerializer

from cirrus_callbacks_plugin.contract import (
    MAX_PARTITION_KEY_BYTES,
    MAX_SORT_KEY_BYTES,
    PROCESSING,
    RESERVED,
)
from cirrus_callbacks_plugin.errors import CallbackError
from cirrus_callbacks_plugin.naming import MemberToken, is_join_id, short
from cirrus_callbacks_plugin.waits.definition import SHARDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Item = Mapping[str, Any]

SUCCESS = "success"
FAILURE = "failure"
STALE = "stale"
UNKNOWN_WORKFLOW = "unknown"
CONTINUE = "#continue"
"""Sort key of the row that carries an outcome whose settling goes on in the sender."""
JOIN = "#join"
"""Sort key of a join's own wait, whose token is kept whole beside it; also its workflow."""
EXPAND = "#expand"
"""Sort key of the row that says that a join has members to be sent."""

serialize = TypeSerializer().serialize
"""A plain value as DynamoDB's low-level API takes it."""

_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""Times outside of these cannot be counted with; nobody wrote them."""
_LAST_EXPIRY = 253_402_300_799
"""The end of the year 9999, in epoch seconds."""


class MalformedRowError(CallbackError):
    """A row of the table that nobody of this package wrote so; says which attribute, no value."""


def digest(value: str) -> str:
    """SHA-256 of a text as hex; lone surrogates (JSON allows them) are digested as they are."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def token_name(token: str) -> str:
    """The name people see in a token's place: the first 8 characters of its digest."""
    return digest(token)[:8]


def timestamp(time: datetime) -> str:
    """ISO 8601 UTC with microseconds, always: texts of one width sort as the times do."""
    return time.astimezone(timezone.utc).isoformat(timespec="microseconds")


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
        """Read the key from an item, a stream record's ``Keys`` or its ``NewImage``.

        Raises:
            MalformedRowError: it holds none.
        """
        try:
            payload_id, task_token = item["payload_id"]["S"], item["task_token"]["S"]
        except (KeyError, TypeError):
            payload_id = task_token = None
        if type(payload_id) is not str or type(task_token) is not str:
            raise MalformedRowError("it has no key of two texts")
        return cls(payload_id, task_token)

    def to_item(self) -> dict[str, Any]:
        """The key as DynamoDB's low-level API takes it."""
        return {"payload_id": {"S": self.payload_id}, "task_token": {"S": self.task_token}}

    @property
    def is_reserved(self) -> bool:
        """True for a row that is not a wait: its token begins with ``#``, and is not a member's."""
        if not self.task_token.startswith(RESERVED):
            return False
        return not self.is_join and not self.is_member

    @property
    def is_member(self) -> bool:
        """True for a member's own wait: its join waits in it, and no task does."""
        return self.task_token.startswith(RESERVED) and MemberToken.of(self.task_token) is not None

    @property
    def is_continuation(self) -> bool:
        """True for the row that carries an outcome on to the sender."""
        return self.task_token == CONTINUE

    @property
    def is_join(self) -> bool:
        """True for a join's own wait."""
        return self.task_token == JOIN and is_join_id(self.payload_id)

    @property
    def is_expansion(self) -> bool:
        """True for the row that says that a join has members to be sent."""
        return self.task_token == EXPAND and is_join_id(self.payload_id)

    @property
    def name(self) -> str:
        """What logs call the token; a member's begins with its join's."""
        member = MemberToken.of(self.task_token)
        if member is not None:
            return f"{_join_name(member.join_id)}:{member.index}"
        if self.is_join:
            return _join_name(self.payload_id)
        if self.is_reserved:
            return self.task_token
        if self.task_token.startswith("sha256:"):
            return self.task_token.removeprefix("sha256:")[:8]
        return token_name(self.task_token)


def _join_name(join_id: str) -> str:
    return join_id.removeprefix("join:")[:8]  # the id is the digest of the join's token


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
    attached: bool = False
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
        return Key.of(self.payload_id, JOIN if self.is_join else self.task_token)

    @property
    def is_join(self) -> bool:
        """True for a join's own wait: it waits for the join's members."""
        return is_join_id(self.payload_id)

    @property
    def member(self) -> MemberToken | None:
        """The member of a join that waits here, and no task of Step Functions."""
        return MemberToken.of(self.task_token)

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

    @property
    def age_order(self) -> tuple[str, Key]:
        """What sorts waits: the oldest first, those of one moment by their keys."""
        return self.registered_at or "", self.key

    def to_item(self) -> dict[str, Any]:
        """The row as DynamoDB's low-level API takes it; absent values have no attribute."""
        key = self.key
        item = {
            name: serialize(value)
            for name, value in (
                (each.name, getattr(self, each.name))
                for each in fields(self)
                if each.name not in ("payload_id", "task_token", *_FLAGS, "history")
            )
            if value is not None
        }
        item.update(key.to_item())
        if key.payload_id != self.payload_id:
            item["full_payload_id"] = {"S": self.payload_id}
        if key.task_token != self.task_token:
            item["full_task_token"] = {"S": self.task_token}
        item.update({name: {"BOOL": True} for name in _FLAGS if getattr(self, name)})
        if self.history:
            item["history"] = serialize([dict(entry) for entry in self.history])
        return item

    @classmethod
    def from_item(cls, item: Item, key: Key | None = None) -> Wait:
        """Read a row, or a stream record's ``NewImage``; unknown attributes are passed over.

        Args:
            item: the row as DynamoDB's low-level API gives it.
            key: its key, where that was read before.

        Raises:
            MalformedRowError: an attribute is not what it must be. A row is read whole or not
                at all: a judgement on what is left of it could be a wrong one.
        """
        key = key or Key.from_item(item)
        values: dict[str, Any] = {
            name: _READERS[name](name, value) for name, value in item.items() if name in _READERS
        }
        values["payload_id"] = values.pop("full_payload_id", key.payload_id)
        values["task_token"] = values.pop("full_task_token", key.task_token)
        if key.is_join and values["task_token"] == JOIN:
            raise MalformedRowError("it has no full_task_token")
        return cls(**values)


TaskWait = NewType("TaskWait", Wait)
"""A wait with a token that Step Functions gave out: the only kind of row that is sent to it."""


def task_wait(row: Wait) -> TaskWait | None:
    """The row as one that Step Functions may be told of; None for a member of a join."""
    return TaskWait(row) if row.member is None else None


def read_text(name: str, value: Any) -> str:
    """The text that an attribute holds.

    Raises:
        MalformedRowError: it holds none.
    """
    try:
        text = value["S"]
    except (KeyError, TypeError):
        text = None
    if not isinstance(text, str):
        raise MalformedRowError(f"{name} is not a text")
    return text


def read_time(name: str, value: Any) -> str:
    """The text of a time that an attribute holds.

    Raises:
        MalformedRowError: it holds none, or none that tells its distance from UTC.
    """
    text = read_text(name, value)
    if not is_time(text):
        raise MalformedRowError(f"{name} is not a time")
    return text


def is_time(text: str) -> bool:
    """True for a text that :func:`moment` reads, and that can be counted with."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return False
    return time.tzinfo is not None and _FIRST_YEAR <= time.year <= _LAST_YEAR


def _read_yes(name: str, value: Any) -> bool:
    flag = value.get("BOOL") if isinstance(value, dict) else None
    if not isinstance(flag, bool):
        raise MalformedRowError(f"{name} is neither true nor false")
    return flag


def _read_expiry(name: str, value: Any) -> int:
    try:
        seconds = int(value["N"])
    except (KeyError, TypeError, ValueError):
        seconds = -1
    if not 0 <= seconds <= _LAST_EXPIRY:
        raise MalformedRowError(f"{name} is not a time in epoch seconds")
    return seconds


def _read_history(name: str, value: Any) -> tuple[Mapping[str, str], ...]:
    entries = value.get("L") if isinstance(value, dict) else None
    maps = [each.get("M") if isinstance(each, dict) else None for each in entries or ()]
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in maps):
        raise MalformedRowError(f"{name} is not a list of maps")
    return tuple(
        {entry: read_text(name, text) for entry, text in each.items()} for each in maps if each
    )


_FLAGS = ("replace", "attached")
_TIMES = ("registered_at", "settled_at", "answered_at")
_READERS: dict[str, Callable[[str, Any], Any]] = {
    **{
        each.name: read_text
        for each in fields(Wait)
        if each.name not in ("payload_id", "task_token")
    },
    "full_payload_id": read_text,
    "full_task_token": read_text,
    **dict.fromkeys(_TIMES, read_time),
    **dict.fromkeys(_FLAGS, _read_yes),
    "expiration_time": _read_expiry,
    "history": _read_history,
}
"""How each attribute is read; boto3's own reader takes every type for every attribute."""
