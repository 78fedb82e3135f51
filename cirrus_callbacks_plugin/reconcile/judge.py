"""Which case an open row is in, as a pure judgement on row, record and run.

The record's state alone is never trusted: a late event of an older run may have written
it. The last listed run decides, as Step Functions itself describes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.generations import output_url
from cirrus_callbacks_plugin.cirrus.state_table import (
    ABORTED,
    COMPLETED_STATES,
    FAILED,
    FINAL_STATES,
    INVALID,
    NEVER_RERUN_STATES,
)
from cirrus_callbacks_plugin.protocol.rules import cut, never_started, outcome_of_record
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.generations import Generation
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.waits.row import Wait

EVENT_DELAY_SECONDS = 120
"""A run that stopped less than this ago: its event is on its way."""

ATTACHED_DAYS = 366
"""A payload that somebody else was to start, and did not: no execution waits longer."""

REUSED_NAME_SECONDS = 60
"""A run that stopped this long before a row was registered is not the run of that row,
though its record may be gone: cirrus >= 1 derives names and so uses one again."""


class RunStatus(Enum):
    """What Step Functions knows of a run."""

    RUNNING = "running"  # also waiting to be redriven
    ENDED = "ended"
    UNKNOWN = "unknown"  # it never came to be, or is older than 90 days


@dataclass(frozen=True, slots=True)
class Run:
    """A run as DescribeExecution tells it.

    Attributes:
        execution_arn: which run.
        status: running, ended or unknown.
        result: ``SUCCEEDED``, ``FAILED``, ``TIMED_OUT`` or ``ABORTED`` once ended.
        started, stopped: aware times, None where Step Functions gives none.
        error, cause: of a failed run.
        payload_id: the payload that it was started with; None where its input does not tell.
    """

    execution_arn: str
    status: RunStatus
    result: str | None = None
    started: datetime | None = None
    stopped: datetime | None = None
    error: str | None = None
    cause: str | None = None
    payload_id: str | None = None

    def is_of(self, row: Wait) -> bool:
        """False for a run of another payload, whose id shares the record's key."""
        return self.payload_id in (None, row.payload_id)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a judgement needs.

    Attributes:
        row: an open row, not settled.
        record: the payload's record, read consistently.
        run: the run that :func:`run_to_ask` names, or one that stands for it where it never
            came to be; None where there is none.
        now: the current time, aware.
        redelivery: after that the queue delivers a message no more.
        generation: the cirrus under which the row was registered.
        is_last: False where later listed runs never came to be.
        payloads_url: where cirrus 2 keeps payloads; None where that is not told.
    """

    row: Wait
    record: Record | None
    run: Run | None
    now: datetime
    redelivery: timedelta
    generation: Generation
    is_last: bool = True
    payloads_url: str | None = None

    @property
    def is_past_redelivery(self) -> bool:
        """True once no delivery of the message can start a run any more."""
        return self.now - moment(self.row.registered_at) >= self.redelivery


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with the row.

    Attributes:
        outcome: settle the row with it; None leaves the row for a later pass.
        is_running: the run goes on.
        is_stuck: the run ended and the record says otherwise: the deployment is stuck too.
    """

    outcome: Outcome | None = None
    is_running: bool = False
    is_stuck: bool = False


LEAVE = Verdict()


def run_to_ask(row: Wait, record: Record | None) -> str | None:
    """The run that decides: the last listed one, or the one in progress at registration."""
    if record is not None and record.last_execution is not None:
        return record.last_execution
    if row.execution_arn is not None:
        return row.execution_arn  # it went on when the row was registered; its record is gone
    in_progress = row.seen_state is not None and row.seen_state not in FINAL_STATES
    return row.seen_execution if in_progress else None


def restarted_as(row: Wait, record: Record | None, generation: Generation) -> str | None:
    """Another name under which the last listed run may have been started.

    Cirrus 1.3 and 2.0 restart a payload that is stuck in CLAIMED under the first listed
    execution's name, not the last one's (``PayloadManager._claim``). Worth asking for only
    where Step Functions does not know the last one.
    """
    if record is None or row.is_settled or not generation.lists_run_at_claim:
        return None
    first = record.executions[0] if record.executions else None
    return first if first != record.last_execution else None


def is_restart(row: Wait, first: Run) -> bool:
    """True where the first listed execution runs again, after this row was registered."""
    registered = moment(row.registered_at)
    return first.started is not None and first.started >= registered


def earlier_runs(row: Wait, record: Record | None) -> tuple[str, ...]:
    """The runs listed before the last one that the row may have waited for, latest first.

    Where the last one never came to be (its start was throttled, say), the one before it is
    the latest that there is. What had ended before registration is not among them.
    """
    if record is None or row.is_settled:
        return ()
    seen = None if row.seen_execution is None else record.position(row.seen_execution)
    had_ended = row.seen_state in FINAL_STATES
    since = 0 if seen is None else seen + 1 if had_ended else seen
    return record.executions[since:-1][::-1]


def judge(case: Case) -> Verdict:
    """Say what the case calls for."""
    run, record = case.run, case.record
    if case.row.is_join:
        return LEAVE  # its members decide
    if run is None and case.row.attached:
        return _attached_without_run(case)
    if run is None:
        return _after_redelivery(case, _old_outcome(case, "no run was listed"))
    if run.status is RunStatus.UNKNOWN:
        return _unknown(case)
    if run.status is RunStatus.RUNNING:
        return Verdict(is_running=True)
    if run.stopped is not None and case.now - run.stopped < timedelta(seconds=EVENT_DELAY_SECONDS):
        return LEAVE
    is_stuck = record is not None and not record.is_final and case.is_last
    if not is_new_run(case.row, run):
        return _no_new_run(case, outcome_of_run(case, run), is_stuck=is_stuck)
    # 0.x lists a restart only after its start; and what could not be started comes again.
    may_be_restarted = not (case.generation.lists_run_at_claim and case.is_last)
    if may_be_restarted and not case.is_past_redelivery:
        return Verdict(is_stuck=is_stuck)
    return Verdict(outcome=outcome_of_run(case, run), is_stuck=is_stuck)


def _attached_without_run(case: Case) -> Verdict:
    """Somebody else is to start it, and may do so late."""
    if case.now - moment(case.row.registered_at) < timedelta(days=ATTACHED_DAYS):
        return LEAVE
    return Verdict(never_started(f"nobody has started the payload within {ATTACHED_DAYS} days"))


def is_new_run(row: Wait, run: Run) -> bool:
    """True where the run is one that this row waits for."""
    if row.attached:
        return True  # it waits for what somebody else has started, whenever that was
    if run.started is not None and run.started >= moment(row.registered_at):
        return True
    if row.seen_state in FINAL_STATES and run.execution_arn == row.seen_execution:
        return False
    reused_possible = row.seen_state is None or row.replace
    ended_long_before = run.stopped is not None and moment(row.registered_at) - run.stopped > (
        timedelta(seconds=REUSED_NAME_SECONDS)
    )
    return not (reused_possible and ended_long_before)


def outcome_of_run(case: Case, run: Run) -> Outcome:
    """A run's end as the row's cirrus version would have written it."""
    state = {"SUCCEEDED": case.generation.completed, "ABORTED": ABORTED}.get(
        run.result or "",
        INVALID if run.error in case.generation.invalid_errors else FAILED,
    )
    record = case.record
    if state in COMPLETED_STATES:
        # Spelled as this deployment's table spells it, where it has said it already.
        state = record.state if record and record.state in COMPLETED_STATES else state
        return Outcome(
            workflow_state=state,
            execution_arn=run.execution_arn,
            output_payload_url=_output_url(case, run),
        )
    parts = [part for part in (run.error, run.cause) if part]
    if run.result == "TIMED_OUT":
        parts = parts or ["the execution timed out"]
    return Outcome(
        workflow_state=state,
        execution_arn=run.execution_arn,
        error=cut(": ".join(parts)) if parts else None,
    )


def _output_url(case: Case, run: Run) -> str | None:
    """As the hooks tell it; where the run's end was lost, cirrus has stored nothing there."""
    if case.payloads_url is None or not case.generation.has_output_url:
        return None
    return output_url(case.payloads_url, case.row.payload_id, run.execution_arn)


def _unknown(case: Case) -> Verdict:
    """Step Functions does not know the last listed run."""
    record, run = case.record, case.run
    if case.row.attached and record is not None and record.is_final:
        is_late = case.is_past_redelivery
        return Verdict(outcome_of_record(record, _no_url)) if is_late else LEAVE
    seen_final = case.row.seen_state in FINAL_STATES
    if run is not None and seen_final and run.execution_arn == case.row.seen_execution:
        # Older than Step Functions remembers: the record's state is all there is.
        if record is not None and record.is_final:
            return _no_new_run(case, outcome_of_record(record, _no_url), is_stuck=False)
        return _after_redelivery(case, _old_outcome(case, "no new run was listed"))
    why = "the run that was listed never started"
    if record is not None and record.last_error:
        why = f"{why}: {record.last_error}"
    return _after_redelivery(case, why)


def _no_new_run(case: Case, outcome: Outcome, *, is_stuck: bool) -> Verdict:
    if outcome.workflow_state in NEVER_RERUN_STATES and not case.row.replace:
        return Verdict(outcome=outcome, is_stuck=is_stuck)
    end = f"the payload's last run before it ended {outcome.workflow_state}"
    if outcome.error:
        end = f"{end}: {outcome.error}"
    return _after_redelivery(case, f"no new run was listed; {end}")


def _after_redelivery(case: Case, why: str) -> Verdict:
    if not case.is_past_redelivery:
        return LEAVE
    seconds = int(case.redelivery.total_seconds())
    return Verdict(
        outcome=never_started(f"within {seconds} s, after which the queue delivers no more: {why}"),
    )


def _old_outcome(case: Case, why: str) -> str:
    record = case.record
    if record is None or not record.is_final:
        return why
    error = f" ({record.last_error})" if record.last_error else ""
    return f"{why}; the payload's record says {record.state}{error}"


def _no_url(_: str) -> None:
    """The reconciler has no cirrus to ask for an output's URL."""
