"""The members of a join: payloads, references, and ids of payloads that somebody else starts."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.contract import MAX_PARTITION_KEY_BYTES
from cirrus_callbacks_plugin.errors import CallbackError
from cirrus_callbacks_plugin.naming import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MEMBERS = 10_000
MAX_LIST_BYTES = 350 * 1024
"""Of the gzipped list that a row holds: an item of DynamoDB holds 400 KB in all."""
_OBJECT = re.compile(r"s3://[^/]+/[\s\S]+")
_ID = re.compile(r"(?:(?!/workflow-)[\s\S])+/workflow-[^/]+/(?:(?!/workflow-)[\s\S])+")
"""No key of cirrus holds what follows a second ``/workflow-``: its record is another payload's."""


class MemberError(CallbackError):
    """A list or a member of it breaks the rules; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload that the join sends."""

    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """A payload that the join sends as a reference to an object."""

    url: str


@dataclass(frozen=True, slots=True)
class Attached:
    """A payload that somebody else starts; the join only waits for it."""

    payload_id: str


Member = Payload | Reference | Attached


class Members(Protocol):
    """A list of members: a tuple, or one that is parsed as it is gone through."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Member]: ...
    def __getitem__(self, index: int, /) -> Member: ...


def parse_list(value: Any) -> tuple[Member, ...]:
    """Read a list of members; one member may stand without a list (JSONata writes one so).

    Raises:
        MemberError: the value is not a list, is too long, or a member breaks the rules.
    """
    members = value if isinstance(value, list) else [value]
    if len(members) > MAX_MEMBERS:
        raise MemberError(
            f"there are {len(members)} members, and a join has at most {MAX_MEMBERS}: split it",
        )
    return tuple(parse(member, index) for index, member in enumerate(members))


def parse(value: Any, index: int) -> Member:
    """Read one member.

    Raises:
        MemberError: it is not a payload, a reference or an id; names the member's index.
    """
    if isinstance(value, str):
        return _attached(value, index)
    if not isinstance(value, dict):
        raise MemberError(
            f"member {index} is {_kind(value)}: give a payload, "
            '{"url": "s3://..."}, {"payload_id": "..."} or an id',
        )
    if "process" in value:
        return Payload(value)
    if set(value) == {"url"}:
        if not is_object_url(value["url"]):
            raise MemberError(f"member {index} has a url that is not s3://BUCKET/KEY")
        return Reference(value["url"])
    if set(value) == {"payload_id"}:
        return _attached(value["payload_id"], index)
    raise MemberError(
        f"member {index} has neither process nor only a url or a payload_id: give a payload, "
        '{"url": "s3://..."} or {"payload_id": "..."}',
    )


def _attached(payload_id: Any, index: int) -> Attached:
    if not isinstance(payload_id, str) or not payload_id:
        raise MemberError(f"member {index} has a payload_id that is not a text")
    try:
        size = len(payload_id.encode())
    except UnicodeEncodeError:
        raise MemberError(f"member {index} has a payload_id that is not valid Unicode") from None
    fits = size <= MAX_PARTITION_KEY_BYTES and StateKey.of(payload_id) is not None
    if not fits or _ID.fullmatch(payload_id) is None:
        raise MemberError(
            f"member {index} has a payload_id that is not one of cirrus's: "
            f"COLLECTIONS/workflow-NAME/ITEMS, at most {MAX_PARTITION_KEY_BYTES:,} bytes",
        )
    return Attached(payload_id)


def is_object_url(value: Any) -> bool:
    """True for the URL of an object in S3; how a bucket may be called is for S3 to say."""
    return isinstance(value, str) and _OBJECT.fullmatch(value) is not None and is_text(value)


def refuse_token(member: Member, index: int, task_token: str) -> None:
    """See that a member does not hold the join's own token: its payload would answer the parent.

    Raises:
        MemberError: it does; names the member's index, and not the token.
    """
    if any(task_token in text for text in _texts_in(_member_json(member))):
        raise MemberError(
            f"member {index} holds the join's own task token: leave it out, since the join alone "
            "is to answer it",
        )


def _texts_in(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            left += each.keys()
            left += each.values()
        elif isinstance(each, list):
            left += each


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return "null" if value is None else names.get(type(value), "not an object")


def to_json(members: tuple[Member, ...]) -> list[Any]:
    """The list as a request holds it."""
    return [_member_json(member) for member in members]


def _member_json(member: Member) -> Any:
    if isinstance(member, Payload):
        return member.body
    if isinstance(member, Reference):
        return {"url": member.url}
    return {"payload_id": member.payload_id}


def pack(members: tuple[Member, ...]) -> bytes:
    """The list as a row holds it: gzipped JSON, the same bytes for the same list.

    Raises:
        MemberError: it is larger than a row may hold.
    """
    try:
        text = json.dumps(to_json(members), ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise MemberError("the list is nested too deeply") from None
    packed = gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0)
    if len(packed) > MAX_LIST_BYTES:
        raise MemberError(
            f"the list takes {len(packed)} bytes gzipped, and a join holds {MAX_LIST_BYTES}: "
            "send references, or put the list into S3 and name it in members_url",
        )
    return packed


def unpack(packed: bytes) -> tuple[Member, ...]:
    """Read what :func:`pack` has written.

    Raises:
        MemberError: it has not written that: somebody changed the row.
    """
    try:
        value = json.loads(gzip.decompress(packed).decode("utf-8", "surrogatepass"))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise MemberError(f"the list in the join's row cannot be read: {error}") from error
    except RecursionError:  # the hook's Python may read what this one does not
        raise MemberError("the list is nested too deeply") from None
    return parse_list(value)
