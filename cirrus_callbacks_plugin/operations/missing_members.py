"""Members of a join without a row: which they are, as far as the request tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.payload_ids import payload_id_of
from cirrus_callbacks_plugin.joins.members import Attached, MemberError, Payload, Reference, unpack
from cirrus_callbacks_plugin.waits.row import MalformedRowError

if TYPE_CHECKING:
    from collections.abc import Collection

    from cirrus_callbacks_plugin.joins.members import Member
    from cirrus_callbacks_plugin.joins.rows import Join
    from cirrus_callbacks_plugin.joins.table import JoinsTable


@dataclass(frozen=True, slots=True)
class MissingMember:
    """A member that has not arrived, and was told nothing of.

    Attributes:
        index: its place in the list.
        payload_id: its payload's id; None where the request does not tell it.
        url: where its payload lies, of a reference.
        is_sent: False while the sender has still to send it, or to look it up.
    """

    index: int
    payload_id: str | None
    url: str | None
    is_sent: bool

    @property
    def name(self) -> str | None:
        """Its id, or where it lies; None where its index is all that is known."""
        return self.payload_id or self.url

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {
            "index": self.index,
            "payload_id": self.payload_id,
            "url": self.url,
            "sent": self.is_sent,
        }


def missing_members(
    table: JoinsTable, join: Join, arrived: Collection[int]
) -> tuple[MissingMember, ...]:
    """The members of a join that have no row, in order; none until its list has been read.

    A list behind ``members_url`` is not read: of its members the index is told.

    Args:
        table: the joins' rows.
        join: the join.
        arrived: the indexes of the members that have a row.

    Raises:
        ClientError, BotoCoreError: DynamoDB could not be asked.
    """
    indexes = [index for index in range(join.total or 0) if index not in arrived]
    members = _listed(table, join.join_id) if indexes else ()
    return tuple(
        _missing(index, members[index] if index < len(members) else None, index < join.sent)
        for index in indexes
    )


def _listed(table: JoinsTable, join_id: str) -> tuple[Member, ...]:
    """The list in the join's own row; nothing where it lies elsewhere, or cannot be read."""
    try:
        definition = table.definition(join_id)
        packed = None if definition is None else definition.members
        return () if packed is None else unpack(packed)
    except (MalformedRowError, MemberError):
        return ()


def _missing(index: int, member: Member | None, is_sent: bool) -> MissingMember:
    named = member.payload_id if isinstance(member, Attached) else None
    return MissingMember(
        index,
        payload_id_of(member.body) if isinstance(member, Payload) else named,
        member.url if isinstance(member, Reference) else None,
        is_sent,
    )
