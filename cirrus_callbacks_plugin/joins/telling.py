"""From a member's outcome to its join: told, counted, decided, and only then marked.

The order is what keeps a join from being lost. A member's row is told first, once and for
all. Then the join's hints are raised, those of members told before as well: a crash
between the two is made up for by the next teller. Where the hints would decide, the rows
are counted and the join is settled. Only then is a member's own wait marked as answered:
until that is done, its stream record, or the reconciler, begins with it again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.joins.closing import close_if_certain
from cirrus_callbacks_plugin.joins.rows import Join, MemberRow
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.wait_log import log_wait
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import STALE, Key, MalformedRowError
from cirrus_callbacks_plugin.waits.step_log import log_step
from cirrus_callbacks_plugin.waits.table import Mark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cirrus_callbacks_plugin.joins.table import JoinsTable
    from cirrus_callbacks_plugin.naming import MemberToken
    from cirrus_callbacks_plugin.waits.row import Wait


JoinsById = dict[str, Join | Malformed]


@dataclass(slots=True, eq=False, repr=False)
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
        outcomes = {
            position: MemberRow.of_wait(member, row, now)
            for position, (member, row) in enumerate(rows)
            if _is_waited_for(member, joins)
        }
        standing = self.tell(list(outcomes.values()))
        what_stands = dict(zip(outcomes, standing, strict=True))

        results: dict[int, str | Exception] = {}
        marks: dict[int, Mark] = {}
        for position, (member, row) in enumerate(rows):
            join = joins.get(member.join_id)
            stands = what_stands.get(position)
            if isinstance(join, Malformed):
                why = f"the row of {member.join_id} cannot be read: {join.why}"
                results[position] = MalformedRowError(why)
            elif isinstance(stands, Exception):
                results[position] = stands
            elif (
                stands is None or stands.answer is None or not stands.says_what(outcomes[position])
            ):
                marks[position] = Mark(row.key, STALE)
            else:
                marks[position] = Mark(row.key, stands.answer, stands.answer_error)
        results.update(self._mark(rows, marks))
        return [results[position] for position in range(len(rows))]

    def tell_unsent(
        self,
        rows: Sequence[MemberRow],
        *,
        step: str = wait_log.TOLD,
        level: int = logging.INFO,
    ) -> list[MemberRow | Exception]:
        """Tell of members that have no wait, as :meth:`tell` does, with a line for each.

        Args:
            rows: what became of them.
            step: what the line calls it.
            level: the line's.
        """
        standing = self.tell(rows)
        for row in standing:
            if isinstance(row, MemberRow):
                _log_member(row, step, level=level)
        return standing

    def tell(self, rows: Sequence[MemberRow]) -> list[MemberRow | Exception]:
        """Tell outcomes of members, and settle the joins that they decide.

        Returns:
            In the same order: what stands in the member's row, which may have been told
            before; or an error, after which it is to be told again.
        """
        standing = self.table.tell_all(rows)
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

    def _decide(self, join_id: str, rows: Mapping[MemberToken, MemberRow]) -> None:
        succeeded = sum(each.has_succeeded for each in rows.values())
        failed = sum(each.has_failed for each in rows.values())
        join = self.table.count(join_id, succeeded, failed)
        if join is not None:
            close_if_certain(self.table, join)

    def _mark(
        self, rows: Sequence[tuple[MemberToken, Wait]], marks: Mapping[int, Mark]
    ) -> dict[int, str | Exception]:
        marked = self.table.waits.mark_all(marks.values(), retention_days=self.retention_days)
        results: dict[int, str | Exception] = {}
        for (position, mark), result in zip(marks.items(), marked, strict=True):
            row = rows[position][1]
            results[position] = result if isinstance(result, Exception) else mark.answer
            if not isinstance(result, Exception):
                log_wait(
                    row,
                    wait_log.TOLD,
                    answer=mark.answer,
                    answer_error=mark.answer_error,
                    workflow_state=row.workflow_state,
                )
        return results


def _log_member(row: MemberRow, step: str, *, level: int) -> None:
    """Log one step of a member without a wait: under its join's id, where its own is unknown."""
    member = row.member
    log_step(
        step,
        row.member_payload_id or member.join_id,
        level=level,
        wait=Key(member.join_id, member.text).name,
        answer=row.answer,
        answer_error=row.answer_error,
        workflow_state=row.workflow_state,
        why=row.error,
    )


def _is_waited_for(member: MemberToken, joins: JoinsById) -> bool:
    """False where the join is answered or gone, or has no such member."""
    join = joins.get(member.join_id)
    return isinstance(join, Join) and not join.wait.is_answered and join.has(member)
