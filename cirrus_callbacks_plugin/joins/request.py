"""The request: a message that asks one token to wait for many payloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cirrus_callbacks_plugin.errors import RequestError
from cirrus_callbacks_plugin.joins.deciding import ALL, ANY, EARLY, SETTLED, check_total
from cirrus_callbacks_plugin.joins.members import Member, MemberError, is_object_url, parse_list
from cirrus_callbacks_plugin.naming import is_text, middle_cut

KEY = "join"
NOT_BESIDE = ("process", "features", "url")
"""With one of these a message is a payload or a reference, whatever else it holds."""
_KEYS = ("members", "members_url", "succeed_on", "answer", "deadline_seconds", "name")
MIN_DEADLINE_SECONDS = 60
MAX_DEADLINE_SECONDS = 31_536_000
"""A year: no execution lasts longer."""
MAX_NAME_CHARS = 128


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """What is to be waited for, and when it is enough.

    Attributes:
        members: the list; None where it lies behind ``members_url``.
        members_url: ``s3://`` object that holds the list; None where ``members`` is given.
        succeed_on: ``all``, ``any``, or how many members have to succeed.
        answer: ``early`` as soon as the result is certain, ``settled`` when all have ended.
        deadline_seconds: after that the join is answered with what has ended; None: never.
        name: for people.
    """

    members: tuple[Member, ...] | None
    members_url: str | None
    succeed_on: str | int
    answer: str
    deadline_seconds: int | None
    name: str | None

    @classmethod
    def parse(cls, value: Any) -> JoinRequest:
        """Read what stands under ``join``.

        Raises:
            RequestError: it breaks a rule.
        """
        if not isinstance(value, dict):
            raise RequestError("join is not an object: give it members or members_url")
        unknown = [name for name in value if name not in _KEYS]
        if unknown:
            raise RequestError(
                f"join has the unknown key {middle_cut(repr(unknown[0]), 80)}: "
                f"there are {', '.join(_KEYS)}"
            )
        members, url = _members(value)
        request = cls(
            members,
            url,
            _succeed_on(value.get("succeed_on")),
            _answer(value.get("answer")),
            _deadline(value.get("deadline_seconds")),
            _name(value.get("name")),
        )
        if members is not None:
            check_total(request.succeed_on, len(members))
        return request


def is_request(body: Any) -> bool:
    """True for the body of a join request, once carriers and envelopes are unwrapped."""
    return isinstance(body, dict) and KEY in body and not any(name in body for name in NOT_BESIDE)


def _members(value: dict[str, Any]) -> tuple[tuple[Member, ...] | None, str | None]:
    if ("members" in value) == ("members_url" in value):
        raise RequestError("join needs one of members and members_url")
    if "members" in value:
        try:
            return parse_list(value["members"]), None
        except MemberError as error:
            raise RequestError(f"join: {error}") from error
    url = value["members_url"]
    if not is_object_url(url):
        raise RequestError("join has a members_url that is not s3://BUCKET/KEY")
    return None, url


def _succeed_on(value: Any) -> str | int:
    if value is None:
        return ALL
    if value in (ALL, ANY):
        return str(value)
    if _is_whole(value) and value >= 1:
        return int(value)
    raise RequestError(
        'join has a succeed_on that is not "all", "any" or a whole number of at least 1'
    )


def _answer(value: Any) -> str:
    if value is None:
        return EARLY
    if value in (EARLY, SETTLED):
        return str(value)
    raise RequestError('join has an answer that is not "early" or "settled"')


def _deadline(value: Any) -> int | None:
    if value is None:
        return None
    if _is_whole(value) and MIN_DEADLINE_SECONDS <= value <= MAX_DEADLINE_SECONDS:
        return int(value)
    raise RequestError(
        "join has deadline_seconds that are not a whole number from "
        f"{MIN_DEADLINE_SECONDS} to {MAX_DEADLINE_SECONDS}"
    )


def _name(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and len(value) <= MAX_NAME_CHARS and is_text(value):
        return value or None
    raise RequestError(
        f"join has a name that is not a text of at most {MAX_NAME_CHARS} characters: it is for "
        "people, cut it"
    )


def _is_whole(value: Any) -> bool:
    """A whole number, also as JSONata may write one (``3.0``); true and false are not."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
