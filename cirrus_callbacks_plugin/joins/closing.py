"""A join's result: counted from its members' rows, and settled as every other wait is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.joins.deciding import JoinRule, Result
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.error_names import INVALID_PAYLOAD, JOIN_FAILED
from cirrus_callbacks_plugin.protocol.rules import cut, invalid_payload
from cirrus_callbacks_plugin.protocol.wait_log import log_repaired, log_wait
from cirrus_callbacks_plugin.waits.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.joins.rows import Join, MemberRow
    from cirrus_callbacks_plugin.joins.table import JoinsTable


@dataclass(frozen=True, slots=True)
class Counts:
    """How many members have ended, and how."""

    succeeded: int
    failed: int

    @classmethod
    def of(cls, members: Sequence[MemberRow]) -> Counts:
        """Count the members' rows: these are true, and stay so."""
        return cls(
            sum(each.has_succeeded for each in members),
            sum(each.has_failed for each in members),
        )


def members_text(count: int) -> str:
    """So many members, as people say it."""
    return "1 member" if count == 1 else f"{count} members"


def needed_of(join: Join) -> int | None:
    """How many members have to succeed; None until the list has been read."""
    return None if join.total is None else rule_of(join, join.total).needed


def rule_of(join: Join, total: int) -> JoinRule:
    """When the join is answered."""
    return JoinRule(join.succeed_on, join.answer_when, total)


def close_if_certain(table: JoinsTable, join: Join) -> bool:
    """Settle a join whose result is certain; True if this call did.

    Its hints are never too low, so where they would not decide, nothing is read. Where they
    would, the members' rows are counted: an answer in them never changes, so the count may
    be early, never wrong.
    """
    if join.is_closed or join.total is None:
        return False
    if not rule_of(join, join.total).may_decide(join.succeeded, join.failed):
        return False
    return close_if_counted(table, join, table.members(join.join_id))


def close_if_counted(
    table: JoinsTable,
    join: Join,
    members: Sequence[MemberRow],
    *,
    repair_level: int | None = None,
) -> bool:
    """Settle a join if its members' rows make the result certain; True if this call did.

    Args:
        table: the joins' rows.
        join: which.
        members: their rows.
        repair_level: of the line, where this makes up for what a teller should have done.
    """
    if join.total is None:
        return False
    rule, counts = rule_of(join, join.total), Counts.of(members)
    result = rule.judge(counts.succeeded, counts.failed)
    if result is None:
        return False
    why = "there are no members"
    if rule.total:
        why = f"{counts.failed} of {members_text(rule.total)} failed"
    return _settle(table, join, result, f"{why}, {rule.needed} had to succeed", repair_level)


def close_at_deadline(
    table: JoinsTable, join: Join, members: Sequence[MemberRow], *, repair_level: int
) -> bool:
    """Settle a join whose deadline has passed: what is pending has not succeeded."""
    counts = Counts.of(members)
    if join.total is None:
        why = f"the deadline {join.deadline_at} passed before the list of members was read"
        return _settle(table, join, Result.FAILED, why, repair_level)
    rule = rule_of(join, join.total)
    why = (
        f"the deadline {join.deadline_at} passed: {counts.succeeded} of {members_text(rule.total)} "
        f"had succeeded, {rule.needed} had to"
    )
    return _settle(table, join, rule.at_deadline(counts.succeeded), why, repair_level)


def close_as_invalid(table: JoinsTable, join: Join, why: str) -> bool:
    """Settle a join whose list breaks the rules."""
    return _put(table, join, invalid_payload(why))


def _settle(
    table: JoinsTable, join: Join, result: Result, why: str, repair_level: int | None
) -> bool:
    is_failure = result is Result.FAILED
    outcome = Outcome(
        workflow_state=result.value,
        error=cut(why) if is_failure else None,
        answer_error=JOIN_FAILED if is_failure else None,
    )
    return _put(table, join, outcome, repair_level)


def _put(table: JoinsTable, join: Join, outcome: Outcome, repair_level: int | None = None) -> bool:
    is_first = table.waits.settle(join.wait.key, outcome)
    if is_first and repair_level is not None:
        log_repaired(join.wait, outcome, level=repair_level)
        return True
    log_wait(
        join.wait,
        wait_log.SETTLED if is_first else wait_log.SETTLED_BEFORE,
        workflow_state=outcome.workflow_state,
        answer_error=outcome.answer_error,
        why=outcome.error if outcome.answer_error == INVALID_PAYLOAD else None,
    )
    return is_first
