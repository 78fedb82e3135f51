"""How far a join is: its own wait, and its members as they stand now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.closing import Counts, members_text, needed_of
from cirrus_callbacks_plugin.joins.deciding import ALL, ANY
from cirrus_callbacks_plugin.joins.result import JoinResult
from cirrus_callbacks_plugin.joins.rows import MemberRow
from cirrus_callbacks_plugin.naming import MemberToken, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.joins.rows import Join
    from cirrus_callbacks_plugin.waits.row import Wait


@dataclass(frozen=True, slots=True)
class JoinProgress:
    """A join as it stands now.

    Attributes:
        join: its own wait, and what was asked for.
        rows: the members that have arrived or ended.
    """

    join: Join
    rows: tuple[MemberRow, ...] = ()

    @property
    def id(self) -> str:
        """``join:`` and 32 digits."""
        return self.join.join_id

    @property
    def name(self) -> str | None:
        """What the request calls it."""
        return self.join.name

    @property
    def wait(self) -> Wait:
        """Its own wait: the one that is answered."""
        return self.join.wait

    @property
    def total(self) -> int:
        """How many members there are; 0 until the list has been read."""
        return self.join.total or 0

    @property
    def needed(self) -> int | None:
        """How many must succeed; None until that is known."""
        return needed_of(self.join)

    @property
    def succeeded(self) -> int:
        """Members that have succeeded."""
        return self._ends.succeeded

    @property
    def failed(self) -> int:
        """Members that have failed."""
        return self._ends.failed

    @property
    def ended(self) -> int:
        """Members that have succeeded or failed."""
        ends = self._ends
        return ends.succeeded + ends.failed

    @property
    def _ends(self) -> Counts:
        return Counts.of(self.rows)

    @property
    def pending(self) -> int:
        """Members that have not ended."""
        return self.total - self.ended

    @property
    def members(self) -> tuple[MemberRow, ...]:
        """Every member in the order of the request; of one never heard of its place alone."""
        there = {row.member.index: row for row in self.rows}
        nothing = (MemberRow(MemberToken(self.id, index)) for index in range(self.total))
        return tuple(there.get(row.member.index, row) for row in nothing)

    @property
    def errors(self) -> tuple[str, ...]:
        """The error names of the members that have failed, in the order of the request."""
        return tuple(row.answer_error or "" for row in self.members if row.has_failed)

    @property
    def counts(self) -> str:
        """Its members' ends, for people: ``7 of 12 have ended, 1 failed``."""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.ended} of {self.total} have ended{failed}"

    @property
    def outcome(self) -> str:
        """What it waits for and how that stands: ``12 members: 11 succeeded, 1 failed``."""
        if self.join.total is None:
            return "a list of members"
        counts = {"succeeded": self.succeeded, "failed": self.failed, "pending": self.pending}
        counted = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        return f"{members_text(self.total)}: {counted}" if counted else members_text(self.total)

    def to_json(self) -> dict[str, Any]:
        """What ``--json`` prints of it; the members as an answer holds them."""
        return {
            "name": self.name,
            "total": self.total,
            "needed": self.needed,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "pending": self.pending,
            "members": JoinResult(self.join, self.rows).whole_list(),
        }


def condition(succeed_on: str | int, total: int | None) -> str:
    """How many must succeed, as people say it; ``total`` is None while it is not known."""
    if succeed_on in (ALL, total):
        return "all must succeed"
    return f"{1 if succeed_on == ANY else succeed_on} must succeed"


def waited_for(wait: Wait, joins: Mapping[str, JoinProgress]) -> str:
    """What somebody waits for, as people call it: a payload, or a join's members."""
    join = joins.get(wait.payload_id)
    return short(wait.payload_id) if join is None else join.outcome
