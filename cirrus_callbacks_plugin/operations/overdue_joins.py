"""What an open join calls for now: a pure judgement, as the reconciler's without its grace period.

What is done is :meth:`cirrus_callbacks_plugin.joins.overdue.Overdue.repair`'s business; this
says it before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.joins.closing import members_text, rule_of
from cirrus_callbacks_plugin.joins.deciding import Result
from cirrus_callbacks_plugin.joins.overdue import Due, Patience, Repair, due
from cirrus_callbacks_plugin.protocol.error_names import JOIN_FAILED, NEVER_STARTED
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from datetime import datetime

    from cirrus_callbacks_plugin.config import ReconcilerSettings
    from cirrus_callbacks_plugin.operations.joins import JoinStatus


@dataclass(frozen=True, slots=True)
class OverdueJoin:
    """A join for which something is to be done.

    Attributes:
        act: what.
        why: why, in a clause.
        what: what will be done, in a clause.
        is_old: False while sender and hooks may be at it: younger than the grace period.
    """

    act: Repair
    why: str
    what: str
    is_old: bool = True


def overdue(status: JoinStatus, settings: ReconcilerSettings, now: datetime) -> OverdueJoin | None:
    """Say what an open join calls for; None where its members decide, or it is settled.

    Args:
        status: the join, with what its members' rows say.
        settings: the reconciler's.
        now: the current time, aware.
    """
    join = status.join
    if join.is_closed:
        return None
    calls_for = due(join, now, Patience(timedelta(0), settings.redelivery, settings.queue))
    if calls_for is Due.DEADLINE:
        return OverdueJoin(
            Repair.SETTLED,
            "its deadline has passed",
            f"settle it as {_result_text(_at_deadline(status))}: its deadline {join.deadline_at} "
            f"has passed, {status.text}",
        )
    if calls_for is Due.EXPANSION:
        is_old = now - moment(join.wait.registered_at) >= settings.grace
        return OverdueJoin(Repair.EXPANDED, *_to_be_sent(status), is_old)
    if calls_for is None:
        return None
    if status.not_arrived:
        why = "no queue keeps the messages of its missing members any more"
        what = f"tell {members_text(status.not_arrived)} as {NEVER_STARTED}: {why}"
        return OverdueJoin(Repair.TOLD_MISSING, why, what)
    result = rule_of(join, join.total or 0).judge(status.counts.succeeded, status.counts.failed)
    if result is None:
        return None
    why = "its members have decided, and it was not settled"
    return OverdueJoin(Repair.SETTLED, why, f"settle it as {_result_text(result)}: {status.text}")


def _at_deadline(status: JoinStatus) -> Result:
    if status.join.total is None:
        return Result.FAILED
    return rule_of(status.join, status.join.total).at_deadline(status.counts.succeeded)


def _to_be_sent(status: JoinStatus) -> tuple[str, str]:
    """Why the sender is told once more, and that it is."""
    join = status.join
    if join.total is None:
        return "its list of members is still to be read", "have the sender read its list of members"
    if join.total == 0:
        return "it has no members", "have the sender settle it: it has no members"
    why = "not all of its members were sent"
    return why, f"have the sender go on with member {join.sent} of {join.total}: {why}"


def _result_text(result: Result) -> str:
    return JOIN_FAILED if result is Result.FAILED else result.value
