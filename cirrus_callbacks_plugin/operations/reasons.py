"""Why a wait still waits, as a pure judgement on the reconciler's own case and verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.protocol.error_names import NEVER_STARTED, answer_error_of
from cirrus_callbacks_plugin.reconcile.judge import (
    ATTACHED_DAYS,
    EVENT_DELAY_SECONDS,
    RunStatus,
    is_new_run,
)
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.operations.joins import JoinStatus
    from cirrus_callbacks_plugin.operations.overdue_joins import OverdueJoin
    from cirrus_callbacks_plugin.reconcile.judge import Case, Run, Verdict
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from cirrus_callbacks_plugin.waits.row import Wait

EVENT_DELAY = timedelta(seconds=EVENT_DELAY_SECONDS)
MISSING_SHOWN = 20
"""Members of a join without a row that its reason names."""


class Code(Enum):
    """The reasons; the values are what ``--json`` and ``--reason`` call them."""

    RUNNING = "running"
    WAITS_ITSELF = "waits-itself"
    IN_CYCLE = "in-cycle"
    NOT_STARTED_YET = "not-started-yet"
    WILL_NOT_START = "never-started"
    IN_DEAD_LETTERS = "in-dead-letters"
    ENDING = "event-on-its-way"
    STUCK = "stuck"
    NOT_SETTLED = "not-settled"
    BEING_SETTLED = "being-settled"
    NOT_ANSWERED = "not-answered"
    MEMBERS_PENDING = "members-pending"
    WAITER_GONE = "waiter-gone"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is open.

    Attributes:
        code: which of the reasons.
        text: the reason in a clause, without times.
        since: since when it holds, where that is known.
        execution_arn: the run that it is about.
        waits_for: payloads that the child itself waits for.
        repair: the command that ends the wait now; None where there is nothing to mend.
        repair_from: when that command will do it, where not yet.
        join: how far a join is, for which its members decide.
    """

    code: Code
    text: str
    since: datetime | None = None
    execution_arn: str | None = None
    waits_for: tuple[str, ...] = ()
    repair: str | None = None
    repair_from: datetime | None = None
    join: JoinStatus | None = None

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {
            "code": self.code.value,
            "text": self.text,
            "since": self.since.isoformat() if self.since else None,
            "execution_arn": self.execution_arn,
            "waits_for": list(self.waits_for),
            "repair": self.repair,
            "repair_from": self.repair_from.isoformat() if self.repair_from else None,
            "join": self.join.to_json() if self.join else None,
        }


def reason_of(row: Wait, case: Case | None, verdict: Verdict, now: datetime) -> Reason:
    """Why a row is open.

    Args:
        row: an open row.
        case: what the reconciler judged; None for a settled row, and for a join's.
        verdict: its judgement.
        now: the current time, aware.
    """
    if row.is_join and not row.is_settled:
        return Reason(Code.MEMBERS_PENDING, "its members decide", since=moment(row.registered_at))
    if row.is_settled or case is None:
        outcome = answer_error_of(row) or "success"
        return Reason(
            Code.NOT_ANSWERED,
            f"settled as {outcome}, and the waiter has not been told",
            since=moment(row.settled_at),
            execution_arn=row.execution_arn,
            repair="resend",
        )
    run = case.run
    if verdict.is_running and run is not None:
        return Reason(
            Code.RUNNING,
            "the child runs",
            since=run.started,
            execution_arn=run.execution_arn,
        )
    if verdict.outcome is not None and verdict.outcome.answer_error == NEVER_STARTED:
        return Reason(
            Code.WILL_NOT_START,
            _why_never_started(row, verdict.outcome),
            since=moment(row.registered_at),
            execution_arn=run.execution_arn if run else None,
            repair="settle",
        )
    if (
        run is not None
        and run.status is RunStatus.ENDED
        and (verdict.outcome is not None or is_new_run(row, run))
    ):
        return _ended(case, run, verdict, now)
    if verdict.outcome is not None:  # a run too old for Step Functions to know
        return Reason(
            Code.NOT_SETTLED,
            f"the child is {verdict.outcome.workflow_state}, and this wait was not settled",
            since=None,
            execution_arn=run.execution_arn if run else None,
            repair="settle",
        )
    if run is None and row.attached:
        return Reason(Code.NOT_STARTED_YET, _why_not_attached(case), moment(row.registered_at))
    return Reason(
        Code.NOT_STARTED_YET,
        _why_not_started(case),
        since=moment(row.registered_at),
        execution_arn=run.execution_arn if run else None,
        repair="settle",
        repair_from=moment(row.registered_at) + case.redelivery,
    )


def waits_itself(reason: Reason, others: Sequence[str]) -> Reason:
    """The reason of a child that runs because it waits, too."""
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return replace(
        reason,
        code=Code.WAITS_ITSELF,
        text=f"the child runs and itself waits for {others[0]}{more}",
        waits_for=tuple(others),
    )


def in_cycle(reason: Reason, way: Sequence[str]) -> Reason:
    """The reason of a child that runs because it waits, in the end, for who waits for it.

    Args:
        reason: that it waits, too.
        way: the payloads from the child to the waiter; each waits for the next one.
    """
    return replace(
        reason,
        code=Code.IN_CYCLE,
        text=f"the waits of a cycle: {' waits for '.join((*way, way[0]))}",
    )


def members_pending(reason: Reason, status: JoinStatus, due: OverdueJoin | None = None) -> Reason:
    """The reason of a join, with its members' counts; those missing by name, where known.

    Args:
        reason: that its members decide.
        status: the join and its counts.
        due: what it calls for now.
    """
    is_due = due is not None and due.is_old
    why = due.why if due is not None and is_due else ""
    parts = (status.join.name, status.text, status.rule, _missing_text(status), why)
    text = "; ".join(part for part in parts if part)
    return replace(reason, text=text, join=status, repair="settle" if is_due else None)


def _missing_text(status: JoinStatus) -> str:
    missing = status.missing or ()
    if not missing:
        return ""
    shown = [
        f"{each.index} ({each.name})" if each.name else str(each.index)
        for each in missing[:MISSING_SHOWN]
    ]
    more = len(missing) - len(shown)
    ending = f" and {more} more: show {status.join.join_id} --members" if more else ""
    return f"missing: {', '.join(shown)}{ending}"


def not_sent_yet(reason: Reason) -> Reason:
    """The reason of a member that its join has still to send, or may send again."""
    return replace(
        reason,
        code=Code.NOT_STARTED_YET,
        text="its join may send the child's message again: the reconciler sees to that",
        repair=None,
        repair_from=None,
    )


def in_dead_letters(reason: Reason, queue: str) -> Reason:
    """The reason of a child whose message the queue has given up."""
    return replace(
        reason,
        code=Code.IN_DEAD_LETTERS,
        text=f"the child's message is in the dead-letter queue {queue}",
    )


def being_settled(reason: Reason, since: datetime) -> Reason:
    """The reason of a row among thousands that the sender is settling."""
    return replace(
        reason,
        code=Code.BEING_SETTLED,
        text="the child ended, and the sender is settling its many waits",
        since=since,
    )


def waiter_gone(reason: Reason, waiter: Run, now: datetime) -> Reason:
    """The reason of a wait whose waiter's run has ended: an answer would find nobody."""
    can_repair = reason.repair_from is None or reason.repair_from <= now
    return replace(
        reason,
        code=Code.WAITER_GONE,
        text=f"{reason.text}; nobody waits any more: the waiter's run ended {waiter.result}",
        since=waiter.stopped,
        repair=(reason.repair if can_repair else None) or "cancel",
        repair_from=None,
    )


def abandoned(reason: Reason) -> Reason:
    """The reason of a gone waiter whose child runs, and nobody else waits for it."""
    return replace(
        reason,
        text=f"{reason.text}; nobody else waits for the child",
        repair="cancel --stop-child",
    )


def _ended(case: Case, run: Run, verdict: Verdict, now: datetime) -> Reason:
    end = f"{run.result}{f' ({run.error})' if run.error else ''}"
    record = case.record
    if record is None or not record.is_final:
        says = f"StateDB says {record.state}" if record else "StateDB has no record"
        reason = Reason(Code.STUCK, f"its run ended {end}, {says}")
    else:
        reason = Reason(
            Code.NOT_SETTLED,
            f"its run ended {end}, StateDB says {record.state}, and this wait was not settled",
        )
    reason = replace(reason, since=run.stopped, execution_arn=run.execution_arn, repair="settle")
    if verdict.outcome is not None:
        return reason
    from_when = moment(case.row.registered_at) + case.redelivery  # it may be started again
    if run.stopped is not None and now - run.stopped < EVENT_DELAY:
        from_when = run.stopped + EVENT_DELAY
        reason = replace(
            reason,
            code=Code.ENDING,
            text=f"its run ended {end} just now; its event is on its way",
        )
    return replace(reason, repair_from=from_when)


def _why_never_started(row: Wait, outcome: Outcome) -> str:
    if row.attached and outcome.error:
        return outcome.error  # it says who did not
    return f"the child never started {outcome.error}"


def _why_not_attached(case: Case) -> str:
    """An attached member has no message of its own: somebody else starts its payload."""
    record = case.record
    seen = "nobody has started the payload yet"
    if record is not None:
        seen = f"StateDB says {record.state}, and no run is listed"
    return f"{seen}; its join waits for that up to {ATTACHED_DAYS} days"


def _why_not_started(case: Case) -> str:
    run, record = case.run, case.record
    if run is None:
        return "no run was listed yet: its message is in the queue, or being tried"
    if run.status is RunStatus.UNKNOWN:
        state = record.state if record else "no record"
        return f"a run is listed that Step Functions does not know (StateDB: {state})"
    return f"no new run was listed yet; the last one before ended {run.result}"
