"""Payload ids as people read them, names of joins, and texts made safe for a terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORKFLOW = "/workflow-"
JOIN_IDS = "join:"
"""What every join's id begins with."""
_JOIN_ID = re.compile(r"join:[0-9a-f]{32}")
_MEMBER_TOKEN = re.compile(r"#(join:[0-9a-f]{32}):(0|[1-9][0-9]{0,3})")


def is_join_id(text: str) -> bool:
    """True for the partition key of a join's rows; no payload's id has that form."""
    return _JOIN_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class MemberToken:
    """One member of a join, and what stands for a task token in its message and its row.

    Attributes:
        join_id: the partition key of the join's rows.
        index: its place in the list, from 0 to 9,999.
    """

    join_id: str
    index: int

    @classmethod
    def of(cls, token: str) -> MemberToken | None:
        """The member that a token names; None for every other token."""
        match = _MEMBER_TOKEN.fullmatch(token)
        return None if match is None else cls(match[1], int(match[2]))

    @property
    def text(self) -> str:
        """The token; no secret, and none that Step Functions knows."""
        return f"#{self.join_id}:{self.index}"


def workflow_of(payload_id: str) -> str | None:
    """The workflow segment of a payload id, None where it has none.

    Ids read ``COLLECTIONS/workflow-NAME/ITEMS`` in every cirrus.
    """
    _, _, rest = payload_id.partition(_WORKFLOW)
    return rest.partition("/")[0] or None


def short(payload_id: str) -> str:
    """A payload's id without its collections: ``workflow/items``."""
    workflow = workflow_of(payload_id)
    if workflow is None:
        return payload_id
    return f"{workflow}/{payload_id.partition(_WORKFLOW)[2].partition('/')[2]}"


def middle_cut(text: str, most: int) -> str:
    """At most so many characters: ids differ at their beginning and at their end."""
    if len(text) <= most:
        return text
    end = most // 2
    return f"{text[: max(most - end - 1, 0)]}\u2026{text[len(text) - end :]}"


def visible(text: str) -> str:
    """A text on one line, with what a terminal or a reader's eye might obey made visible."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def is_text(value: str) -> bool:
    """False where a lone surrogate (JSON allows them) makes a text none that AWS would take."""
    return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)
