"""How far a join is: counted from its members' rows, which never lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.closing import Counts, needed_of
from cirrus_callbacks_plugin.joins.rows import Join
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.operations.missing_members import missing_members
from cirrus_callbacks_plugin.protocol.error_names import INVALID_PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.joins.rows import MemberRow
    from cirrus_callbacks_plugin.operations.missing_members import MissingMember
    from cirrus_callbacks_plugin.waits.table import WaitsTable


@dataclass(frozen=True, slots=True)
class JoinStatus:
    """A join and what its members' rows say.

    Attributes:
        join: its own wait, with what was asked for.
        arrived: how many members have a row: they have arrived, or were told.
        counts: how many have ended, and how.
        missing: the members without a row, one by one; None where nobody looked.
    """

    join: Join
    arrived: int
    counts: Counts
    missing: Sequence[MissingMember] | None = None

    @classmethod
    def of(
        cls,
        join: Join,
        members: Sequence[MemberRow],
        missing: Sequence[MissingMember] | None = None,
    ) -> JoinStatus:
        """From a join and all of its members' rows."""
        return cls(join, len(members), Counts.of(members), missing)

    @property
    def needed(self) -> int | None:
        """How many members have to succeed; None until the list has been read."""
        return needed_of(self.join)

    @property
    def not_arrived(self) -> int | None:
        """Members that process has not seen yet; None until the list has been read."""
        total = self.join.total
        return None if total is None else max(total - self.arrived, 0)

    @property
    def is_refused(self) -> bool:
        """True for a request, or a list, that breaks the rules: the wait's error says which."""
        return self.join.wait.answer_error == INVALID_PAYLOAD

    @property
    def text(self) -> str:
        """The counts in a clause: "37 of 100 ended, 2 failed, 3 not arrived"."""
        total, counts = self.join.total, self.counts
        if self.is_refused:
            return f"its request was refused: {self.join.wait.error}"
        if total is None and self.join.is_closed:
            return "its list of members was not read before it was settled"
        if total is None:
            return "its list of members has not been read yet"
        parts = [f"{counts.succeeded + counts.failed} of {total} ended"]
        if counts.failed:
            parts.append(f"{counts.failed} failed")
        unsent = total - self.join.sent
        if unsent > 0:
            parts.append(f"{unsent} not sent")
        not_arrived = (self.not_arrived or 0) - max(unsent, 0)
        if not_arrived > 0:
            parts.append(f"{not_arrived} not arrived")
        return ", ".join(parts)

    @property
    def rule(self) -> str:
        """What was asked for, in a clause."""
        needed = "" if self.needed is None else f"{self.needed} must succeed"
        when = "answered when all have ended" if self.join.answer_when == "settled" else ""
        until = f"deadline {self.join.deadline_at}" if self.join.deadline_at else ""
        return ", ".join(part for part in (needed, when, until) if part)

    def to_json(self) -> dict[str, Any]:
        """With stable keys; counts are None until the list has been read."""
        join, counts, total = self.join, self.counts, self.join.total
        return {
            "join_id": join.join_id,
            "name": join.name,
            "total": total,
            "needed": self.needed,
            "answer": join.answer_when,
            "deadline_at": join.deadline_at,
            "sent": join.sent,
            "not_arrived": self.not_arrived,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "pending": None if total is None else total - counts.succeeded - counts.failed,
            "missing": None if self.missing is None else [each.to_json() for each in self.missing],
        }


def member_to_json(member: MemberRow) -> dict[str, Any]:
    """What is known of one member, with stable keys."""
    return {
        "index": member.member.index,
        "payload_id": member.member_payload_id,
        "workflow_state": member.workflow_state,
        "execution_arn": member.execution_arn,
        "output_payload_url": member.output_payload_url,
        "answer": member.answer,
        "answer_error": member.answer_error,
        "error": member.error,
        "told_at": member.told_at,
    }


@dataclass(frozen=True, slots=True)
class JoinReport:
    """A join with its members.

    Attributes:
        status: the counts.
        members: the rows of those that arrived or were told, in order.
    """

    status: JoinStatus
    members: Sequence[MemberRow]

    @property
    def succeeded(self) -> list[MemberRow]:
        """The members that were told as successes."""
        return [member for member in self.members if member.has_succeeded]

    @property
    def failed(self) -> list[MemberRow]:
        """The members that were told as failures."""
        return [member for member in self.members if member.has_failed]

    @property
    def pending(self) -> list[MemberRow]:
        """The members that have arrived, and have not ended."""
        return [member for member in self.members if member.answer is None]

    def to_json(self) -> dict[str, Any]:
        """With stable keys, without the join's token."""
        wait = self.status.join.wait
        return {
            **self.status.to_json(),
            "wait": wait.key.name,
            "workflow_state": wait.workflow_state,
            "registered_at": wait.registered_at,
            "settled_at": wait.settled_at,
            "answered_at": wait.answered_at,
            "given_answer": wait.answer,
            "answer_error": wait.answer_error,
            "error": wait.error,
            "waiter_payload_id": wait.waiter_payload_id,
            "waiter_execution_arn": wait.waiter_execution_arn,
            "members": [member_to_json(member) for member in self.members],
            "history": [dict(entry) for entry in wait.history],
        }


def read_join(waits: WaitsTable, join_id: str, *, with_missing: bool = False) -> JoinReport | None:
    """Read a join and its members' rows consistently; None where there is no such join.

    A malformed row counts as none.

    Args:
        waits: the tracking table.
        join_id: which join.
        with_missing: say which members have no row, too; that reads the list of members.

    Raises:
        ClientError, BotoCoreError: DynamoDB could not be asked.
    """
    table = JoinsTable(waits)
    join = table.joins([join_id]).get(join_id)
    if not isinstance(join, Join):
        return None
    members = table.members(join_id)
    missing = None
    if with_missing:
        missing = missing_members(table, join, {row.member.index for row in members})
    return JoinReport(JoinStatus.of(join, members, missing), members)
