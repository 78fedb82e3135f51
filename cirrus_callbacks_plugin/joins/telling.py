"""From a member's outcome to its join: told, counted, decided, and only then marked.

The order is what keeps a join from being lost. A member's row is told first, once and for
all. Then the join's hints are raised, those of members told before as well: whoever crashed
between the two is made up for by whoever comes next. Where the hints would decide, the rows
are counted and the join is settled. Only then is a member's own wait marked as answered:
until that is done, its stream record, or the reconciler, begins with it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.joins.closing import close_if_certain
from cirrus_callbacks_plugin.joins.rows import Join, MemberRow
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.wait_log import log_wait
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import STALE, MalformedRowError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cirrus_callbacks_plugin.joins.table import JoinsTable
    from cirrus_callbacks_plugin.naming import MemberToken
    from cirrus_callbacks_plugin.waits.row import Wait


JoinsById = dict[str, Join | Malformed]


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells joins what became of their members.

    Attributes:
        table: the joins' rows.
        retention_days: how long an answered row is kept.
    """

    table: JoinsTable
    retention_days: int

    def tell_waits(
        self,
        rows: Sequence[tuple[MemberToken, Wait]],
        joins: JoinsById,
    ) -> list[str | Exception]:
        """Tell settled members' waits to their joins, and mark them.

        Args:
            rows: settled, unanswered waits, each with the member that waits there.
            joins: their joins by id, read with the rows or after them; one that is missing is
                gone, and what it had to be told with it.

        Returns:
            In the order of the rows: ``success``, ``failure`` or ``stale``; or what the row
            met, which is not marked then and is to be told again.
        """
        now = self.table.waits.now()
        told = {
            position: MemberRow.of_wait(member, row, now)
            for position, (member, row) in enumerate(rows)
            if _is_waited_for(member, joins)
        }
        standing = self.tell(list(told.values()))
        what_stands = dict(zip(told, standing, strict=True))

        def mark(position: int) -> str:
            member, row = rows[position]
            join = joins.get(member.join_id)
            if isinstance(join, Malformed):
                raise MalformedRowError(f"the row of {member.join_id} cannot be read: {join.why}")
            stands = what_stands.get(position)
            if isinstance(stands, Exception):
                raise stands
            if stands is None or stands.answer is None or not stands.says_what(told[position]):
                return self._mark(row, STALE, None)
            return self._mark(row, stands.answer, stands.answer_error)

        return run_side_by_side(mark, range(len(rows)))

    def tell(self, told: Sequence[MemberRow]) -> list[MemberRow | Exception]:
        """Tell outcomes of members, and settle the joins that they decide.

        Returns:
            In the same order: what stands in the member's row, which may have been told
            before; or an error, after which it is to be told again.
        """
        standing = run_side_by_side(self.table.tell, told)
        by_join: dict[str, dict[MemberToken, MemberRow]] = {}
        for row in standing:
            if isinstance(row, MemberRow):
                by_join.setdefault(row.member.join_id, {})[row.member] = row
        ids = list(by_join)
        results = run_side_by_side(lambda each: self._decide(each, by_join[each]), ids)
        met = {
            each: result
            for each, result in zip(ids, results, strict=True)
            if isinstance(result, Exception)
        }
        return [
            met.get(row.member.join_id, row) if isinstance(row, MemberRow) else row
            for row in standing
        ]

    def _decide(self, join_id: str, told: Mapping[MemberToken, MemberRow]) -> None:
        succeeded = sum(each.has_succeeded for each in told.values())
        failed = sum(each.has_failed for each in told.values())
        join = self.table.count(join_id, succeeded, failed)
        if join is not None:
            close_if_certain(self.table, join)

    def _mark(self, row: Wait, answer: str, answer_error: str | None) -> str:
        self.table.waits.mark_answered(
            row.key,
            answer,
            answer_error=answer_error,
            retention_days=self.retention_days,
        )
        log_wait(
            row,
            wait_log.TOLD,
            answer=answer,
            answer_error=answer_error,
            workflow_state=row.workflow_state,
        )
        return answer


def _is_waited_for(member: MemberToken, joins: JoinsById) -> bool:
    """False where the join is answered or gone, or has no such member."""
    join = joins.get(member.join_id)
    return isinstance(join, Join) and not join.wait.is_answered and join.has(member)
