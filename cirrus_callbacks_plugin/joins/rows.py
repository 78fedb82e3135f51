"""The rows of a join: all share one partition, ``join:`` and the digest of the join's token.

``#join`` is the wait itself, an ordinary row with what a join needs besides. ``#definition``
holds the list of members, ``#expand`` says that some are to be sent, and a ``#member`` row
tells what became of one. Only the first holds the parent's token.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.deciding import ALL, EARLY
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.protocol.error_names import answer_error_of
from cirrus_callbacks_plugin.protocol.rules import cut
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.continuation import row_from_item as wait_from_item
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import (
    EXPAND,
    FAILURE,
    JOIN,
    SUCCESS,
    Key,
    MalformedRowError,
    Wait,
    digest,
    read_text,
    read_time,
    serialize,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Item = Mapping[str, Any]

WORKFLOW = JOIN
"""What stands in a join's row for the workflow: no payload is run for it."""
DEFINITION = "#definition"
MEMBER = "#member:"
KEPT_DAYS = 400
"""Of all rows but the wait itself, from their first put: no execution lasts longer than a year."""
MAX_ERROR_BYTES = 1024
"""Error texts of members are cut to this: ten thousand of them are read for one answer."""


def join_id_of(task_token: str) -> str:
    """The partition of a token's join."""
    return f"join:{digest(task_token)[:32]}"


def member_key(member: MemberToken) -> Key:
    """The key of the row that tells what became of a member."""
    return Key(member.join_id, f"{MEMBER}{member.index:05d}")


def join_key(join_id: str) -> Key:
    """The key of a join's own wait."""
    return Key(join_id, JOIN)


@dataclass(frozen=True, slots=True)
class Join:
    """A join's own wait, and what is known of its members.

    Attributes:
        wait: the row as every other reader sees it.
        succeed_on, answer_when, name: as in the request.
        deadline_at: after that it is answered with what has ended; None: never.
        queue_arn: the queue that the request came from, and members are sent to.
        etag: of the object behind ``members_url`` when it was first read.
        total: how many members there are; None until the list has been read.
        sent: how many of them have been sent, or attached, from the first on.
        sent_at: when the last of those was.
        succeeded, failed: hints; too high after a crash, never too low.
    """

    wait: Wait
    succeed_on: str | int = ALL
    answer_when: str = EARLY
    deadline_at: str | None = None
    name: str | None = None
    queue_arn: str | None = None
    etag: str | None = None
    sent_at: str | None = None
    total: int | None = None
    sent: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def join_id(self) -> str:
        """The partition of the join's rows."""
        return self.wait.payload_id

    @property
    def is_closed(self) -> bool:
        """True once the result is known: no member can change it any more."""
        return self.wait.is_settled or self.wait.is_answered

    @property
    def is_all_sent(self) -> bool:
        """True once nothing is left to be sent."""
        return self.total is not None and self.sent >= self.total

    def has(self, member: MemberToken) -> bool:
        """True for a member that may have been sent: its index is one of the list's."""
        return self.total is not None and member.index < self.total

    def to_item(self) -> dict[str, Any]:
        """The row as DynamoDB's low-level API takes it."""
        values = {
            name: getattr(self, name)
            for name in ("answer_when", "deadline_at", "name", "queue_arn", "etag", "sent_at")
        }
        values |= {name: getattr(self, name) or None for name in _NUMBERS}
        values |= {"succeed_on": str(self.succeed_on), "total": self.total}  # which may be 0
        item = {name: serialize(value) for name, value in values.items() if value is not None}
        return {**item, **self.wait.to_item()}

    @classmethod
    def from_item(cls, item: Item, key: Key | None = None) -> Join:
        """Read the row.

        Raises:
            MalformedRowError: an attribute is not what it must be.
        """
        values: dict[str, Any] = {
            name: read(name, item[name]) for name, read in _JOIN_READERS.items() if name in item
        }
        return cls(Wait.from_item(item, key), **values)


@dataclass(frozen=True, slots=True)
class Definition:
    """The list of members as the request gave it; never changed.

    Attributes:
        join_id: whose list it is.
        members: the gzipped list; None where it lies behind ``members_url``.
        members_url: where it lies.
        expiration_time: when the row goes, in epoch seconds.
    """

    join_id: str
    members: bytes | None
    members_url: str | None
    expiration_time: int

    @property
    def key(self) -> Key:
        """The row's key."""
        return Key(self.join_id, DEFINITION)

    def to_item(self) -> dict[str, Any]:
        """The row as DynamoDB's low-level API takes it."""
        return _item(self, self.key)

    @classmethod
    def from_item(cls, item: Item) -> Definition:
        """Read the row.

        Raises:
            MalformedRowError: it holds no list.
        """
        members = item["members"].get("B") if "members" in item else None
        url = read_text("members_url", item["members_url"]) if "members_url" in item else None
        if (members is None) == (url is None):
            raise MalformedRowError("it holds no list of members")
        packed = None if members is None else bytes(members)
        return cls(Key.from_item(item).payload_id, packed, url, _read_expiry(item))


@dataclass(frozen=True, slots=True)
class Expansion:
    """Members of a join are to be sent.

    Attributes:
        join_id: whose members.
        settled_at: when this row was put; the stream's filter lets rows with it through.
        expiration_time: when the row goes, in epoch seconds.
    """

    join_id: str
    settled_at: str
    expiration_time: int

    @property
    def key(self) -> Key:
        """The row's key: one expansion a join."""
        return Key(self.join_id, EXPAND)

    def to_item(self) -> dict[str, Any]:
        """The row as DynamoDB's low-level API takes it."""
        return _item(self, self.key)

    @classmethod
    def from_item(cls, item: Item) -> Expansion:
        """Read the row.

        Raises:
            MalformedRowError: an attribute is not what it must be.
        """
        settled_at = read_time("settled_at", item.get("settled_at"))
        return cls(Key.from_item(item).payload_id, settled_at, _read_expiry(item))


@dataclass(frozen=True, slots=True)
class MemberRow:
    """What became of a member.

    Attributes:
        member: which.
        member_payload_id: its payload's id, once its message has arrived.
        answer: ``success`` or ``failure`` once it has been told; never changed.
        answer_error: the error's name, of a failure.
        told_at: when it was told.
        workflow_state, execution_arn, output_payload_url, error: as in a wait's row.
    """

    member: MemberToken
    member_payload_id: str | None = None
    workflow_state: str | None = None
    execution_arn: str | None = None
    output_payload_url: str | None = None
    error: str | None = None
    answer: str | None = None
    answer_error: str | None = None
    told_at: str | None = None

    @property
    def key(self) -> Key:
        """The row's key."""
        return member_key(self.member)

    @property
    def has_succeeded(self) -> bool:
        """True for a member that was told as a success."""
        return self.answer == SUCCESS

    @property
    def has_failed(self) -> bool:
        """True for a member that was told as a failure."""
        return self.answer == FAILURE

    def attributes(self) -> dict[str, Any]:
        """The attributes that are set, by name; without the key."""
        names = (each.name for each in fields(self) if each.name != "member")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    def says_what(self, other: MemberRow) -> bool:
        """True where both tell the same outcome."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("answer", "answer_error", "workflow_state", "execution_arn")
        )

    @classmethod
    def of_wait(cls, member: MemberToken, row: Wait, told_at: str) -> MemberRow:
        """What a settled wait tells of its member."""
        error = answer_error_of(row)
        return cls(
            member=member,
            member_payload_id=row.payload_id,
            workflow_state=row.workflow_state,
            execution_arn=row.execution_arn,
            output_payload_url=row.output_payload_url,
            error=None if error is None else cut(row.error, MAX_ERROR_BYTES),
            answer=SUCCESS if error is None else FAILURE,
            answer_error=error,
            told_at=told_at,
        )

    @classmethod
    def from_item(cls, item: Item) -> MemberRow:
        """Read the row; attributes that are not known are passed over.

        Raises:
            MalformedRowError: it is not a member's row, or an attribute is not a text.
        """
        key = Key.from_item(item)
        number = key.task_token.removeprefix(MEMBER)
        member = MemberToken.of(f"#{key.payload_id}:{number.lstrip('0') or '0'}")
        if member is None or member_key(member) != key:
            raise MalformedRowError("its key is not a member's")
        values: dict[str, Any] = {
            each.name: read_text(each.name, item[each.name])
            for each in fields(cls)
            if each.name != "member" and each.name in item
        }
        return cls(member, **values)


Row = Wait | Join | Continuation | Expansion | Malformed
"""What a stream record may be about."""


def wait_of(row: Wait | Join) -> Wait:
    """The wait that a row is, or that a join's row holds."""
    return row.wait if isinstance(row, Join) else row


def row_from_item(item: Item, key: Key) -> Row | None:
    """Read a row; None for a reserved row that is only read with its join."""
    try:
        if key.is_join:
            return Join.from_item(item, key)
        if key.is_expansion:
            return Expansion.from_item(item)
    except MalformedRowError as error:
        return Malformed(key, str(error))
    return wait_from_item(item, key)


def _item(row: Definition | Expansion, key: Key) -> dict[str, Any]:
    values = {each.name: getattr(row, each.name) for each in fields(row) if each.name != "join_id"}
    item = {name: serialize(value) for name, value in values.items() if value is not None}
    return {**item, **key.to_item()}


def read_whole(name: str, value: Any) -> int:
    """The whole number that an attribute holds, from 0 on.

    Raises:
        MalformedRowError: it holds none.
    """
    try:
        number = int(value["N"])
    except (KeyError, TypeError, ValueError):
        number = -1
    if number < 0:
        raise MalformedRowError(f"{name} is not a whole number")
    return number


def _read_expiry(item: Item) -> int:
    return read_whole("expiration_time", item.get("expiration_time"))


def _read_succeed_on(name: str, value: Any) -> str | int:
    text = read_text(name, value)
    return int(text) if text.isascii() and text.isdigit() else text


_NUMBERS = ("total", "sent", "succeeded", "failed")
_JOIN_READERS: dict[str, Callable[[str, Any], Any]] = {
    "succeed_on": _read_succeed_on,
    **dict.fromkeys(("answer_when", "name", "queue_arn", "etag"), read_text),
    **dict.fromkeys(("deadline_at", "sent_at"), read_time),
    **dict.fromkeys(_NUMBERS, read_whole),
}
