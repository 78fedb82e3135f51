"""Which run decides a row: the protocol's judgements, as pure functions.

Cirrus writes a payload's state unconditionally: a repeated or late event of an older run
overwrites what a newer one set. So the state alone never decides; the last listed run
does. Each rule returns a :class:`Judgement`: settle the row, or leave it open and say why.
A row that is left open is settled by a later event, or by the reconciler.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.generations import of_version
from cirrus_callbacks_plugin.cirrus.state_table import (
    CLAIMED,
    COMPLETED_STATES,
    FINAL_STATES,
    INVALID,
    NEVER_RERUN_STATES,
)
from cirrus_callbacks_plugin.contract import PROCESSING
from cirrus_callbacks_plugin.protocol.error_names import (
    DEPENDENCY_CYCLE,
    INVALID_PAYLOAD,
    NEVER_STARTED,
)
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cirrus.generations import Generation
    from cirrus_callbacks_plugin.cirrus.observe import FinalState
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.waits.continuation import Continuation
    from cirrus_callbacks_plugin.waits.row import Wait

    OutputUrl = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Settle:
    """Settle the row with this outcome."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class LeaveOpen:
    """Leave the row open.

    Attributes:
        why: the reason, for the log.
    """

    why: str


Judgement = Settle | LeaveOpen


EVENT_PRECISION = timedelta(milliseconds=1)
"""EventBridge tells times in whole milliseconds, cut."""

MAX_ERROR_BYTES = 16_384
"""Error texts in rows are cut to this: a row stays far below 400 KB, a cause below 32 KiB."""


def cut(text: str | None, limit: int = MAX_ERROR_BYTES) -> str | None:
    """Cut a text to a number of UTF-8 bytes, between characters; surrogates are replaced."""
    if text is None:
        return None
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return encoded.decode()
    mark = "…" if limit >= len("…".encode()) else ""
    return encoded[: limit - len(mark.encode())].decode(errors="ignore") + mark


def outcome_of_record(record: Record, output_url: OutputUrl) -> Outcome:
    """What a final record says, as it stands; a run is named where only one is listed."""
    arn = record.only_execution
    has_output = record.state in COMPLETED_STATES and arn is not None
    return Outcome(
        workflow_state=record.state,
        execution_arn=arn,
        error=None if record.state in COMPLETED_STATES else cut(record.last_error),
        output_payload_url=output_url(arn) if has_output and arn is not None else None,
    )


def at_registration(
    record: Record | None,
    *,
    replace: bool,
    output_url: OutputUrl,
) -> Judgement:
    """A payload that no cirrus runs again is settled with the row's very first write.

    Args:
        record: what StateDB says of this payload; None where it has no record, or where
            cirrus does not take the record under the payload's key for the payload's own.
        replace: the message asks for the payload to be run again.
        output_url: where a run's output is.
    """
    if record is None:
        return LeaveOpen("the payload has no record yet")
    if replace:
        return LeaveOpen("the message asks for a replacement")
    if record.state not in NEVER_RERUN_STATES:
        return LeaveOpen(f"the payload is {record.state}")
    return Settle(outcome_of_record(record, output_url))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one invocation of ``process`` saw of a payload.

    Attributes:
        before: the record at this invocation's first read.
        after: the record once cirrus was through.
        wrote: the final state that this invocation itself gave the payload.
        returned: False where cirrus raised.
    """

    before: Record | None
    after: Record | None
    wrote: FinalState | None
    returned: bool


def after_cirrus(
    row: Wait,
    attempt: Attempt,
    generation: Generation,
    output_url: OutputUrl,
) -> Judgement:
    """Settle after cirrus ran what nobody else will settle (step 3 of the process hook).

    Where cirrus raised, FAILED and ABORTED do not settle: the queue redelivers the
    message and cirrus runs the payload again.
    """
    record = attempt.after
    if record is None:
        return LeaveOpen("the payload has no record")
    if (
        attempt.returned
        and attempt.wrote is not None
        and not _was_overtaken(attempt.before, record, generation)
    ):
        # Its run could not be started, so no event will ever come of it.
        return Settle(Outcome(attempt.wrote.state, error=cut(attempt.wrote.error)))
    if not record.is_final:
        return LeaveOpen(f"the payload is {record.state}: its run's end will settle the row")
    if _is_as_seen(row, record) and _is_untouched(attempt):
        if record.state in NEVER_RERUN_STATES and not row.replace:
            # As at registration, by now certain: cirrus has read the record, and ran nothing.
            return Settle(outcome_of_record(record, output_url))
        if attempt.returned:
            return _not_run(row, record, output_url)
    return _ended_around_registration(row, record, attempt, output_url)


def _not_run(row: Wait, record: Record, output_url: OutputUrl) -> Judgement:
    """Cirrus returned and left the record as the row saw it."""
    if row.replace:
        # Dropped as a duplicate in its batch: what it asked to replace is not an answer.
        why = f"cirrus declined this message; the payload was {record.state} before and is still"
        return Settle(never_started(why))
    if len(set(record.executions)) > 1:
        # Cirrus read an older state, of a run in progress. A late event of an older run may
        # have written this one: the reconciler asks for the last.
        return LeaveOpen("several runs are listed, and the record does not say which one ended")
    return Settle(outcome_of_record(record, output_url))


def _ended_around_registration(
    row: Wait,
    record: Record,
    attempt: Attempt,
    output_url: OutputUrl,
) -> Judgement:
    """A run that was in progress when the row was put, and has ended since."""
    only = record.only_execution
    is_the_only_run = only is not None and only == row.seen_execution
    if row.seen_state not in (CLAIMED, PROCESSING) or not is_the_only_run:
        return LeaveOpen(f"the payload is {record.state}, by a run that this row does not wait for")
    if not attempt.returned and record.state not in NEVER_RERUN_STATES:
        return LeaveOpen("cirrus raised: the message comes again and the payload is run again")
    return Settle(outcome_of_record(record, output_url))


def _was_overtaken(before: Record | None, after: Record, generation: Generation) -> bool:
    """Another invocation listed a run meanwhile: the state written may be an older run's."""
    listed = len(after.executions) - (len(before.executions) if before else 0)
    own = 1 if generation.lists_run_at_claim else 0
    return listed > own


def _is_as_seen(row: Wait, record: Record) -> bool:
    return record.state == row.seen_state and record.last_execution == row.seen_execution


def _is_untouched(attempt: Attempt) -> bool:
    return (
        attempt.before is not None
        and attempt.after is not None
        and attempt.before.state_updated == attempt.after.state_updated
    )


def run_to_note(row: Wait, record: Record | None) -> str | None:
    """The last listed run, where a row that stays open does not tell it yet.

    Its record may be deleted while the run goes on, and nothing else would tell the
    reconciler that there is one.
    """
    run = None if record is None else record.last_execution
    return None if run in (row.seen_execution, row.execution_arn) else run


@dataclass(frozen=True, slots=True)
class Ended:
    """A run whose end cirrus has just recorded.

    Attributes:
        execution_arn: the run; None where the event names none (cirrus 0.7).
        outcome: what its handler wrote; a row settled with it names the run as well.
        stopped_at: when the run ended, as rows hold times; None where the event does not tell.
    """

    execution_arn: str | None
    outcome: Outcome
    stopped_at: str | None = None


def ended_of(continuation: Continuation) -> Ended:
    """The run whose outcome was put aside for the sender."""
    return Ended(
        execution_arn=continuation.outcome.execution_arn,
        outcome=replace(continuation.outcome, execution_arn=None),
        stopped_at=continuation.stopped_at,
    )


def after_end(row: Wait, record: Record | None, ended: Ended) -> Judgement:
    """Settle a row with a run's end, unless there is a reason to leave it open.

    A run that is not listed counts as the latest on 0.x, which lists it after its start.
    From 1.0 on, where the record lists runs, it is one that cirrus did not start, and answers
    nobody. An event without an ARN counts as that of the last listed run.
    """
    run = _run_of(record, ended)
    if record is not None:
        if run in record.executions and run != record.last_execution:
            return LeaveOpen("it waits for a later run than the one that ended")
        if record.executions and run not in record.executions and _lists_at_claim(row):
            return LeaveOpen("cirrus did not start the run that ended: it is not listed")
        # PROCESSING does not matter, 0.x writes it after the start. Another end may have been
        # written before the row was put, and cirrus be running the payload again by now.
        ended_as = ended.outcome.workflow_state
        is_same = record.state == ended_as or {record.state, ended_as} <= COMPLETED_STATES
        if record.is_final and not is_same:
            why = f"the payload is {record.state} by now: a new run, or the reconciler, will tell"
            return LeaveOpen(why)
    # One that was listed before it is no longer the last: it has been left above.
    if row.seen_state in FINAL_STATES and run is not None and run == row.seen_execution:
        return LeaveOpen("the run had ended when the row was registered")
    awaited = _awaited(row)
    tells_no_run = record is None or not record.executions
    if tells_no_run and None not in (awaited, run) and run != awaited:
        # Its record was deleted, and with it which run came after which. A new one answers once
        # it is listed, and where none is, the reconciler asks for the awaited one.
        return LeaveOpen("the record lists no run, and the row waits for another than ended")
    if _is_strange(row, record, run) and _had_stopped(row, ended):
        # Its record had been deleted, cirrus does not take it for this payload's, or somebody
        # started the run by hand: the event comes late, and cirrus runs the payload again.
        return LeaveOpen("the run had stopped before the row was registered")
    return Settle(replace(ended.outcome, execution_arn=run))


def _run_of(record: Record | None, ended: Ended) -> str | None:
    return ended.execution_arn or (record.last_execution if record is not None else None)


def _lists_at_claim(row: Wait) -> bool:
    return of_version(row.cirrus_version).lists_run_at_claim


def _awaited(row: Wait) -> str | None:
    """The run that the row tells to be waiting for, None where it tells none.

    The one that step 3 noted, being later than the one that was in progress at registration.
    """
    in_progress = row.seen_execution if row.seen_state in (CLAIMED, PROCESSING) else None
    return row.execution_arn or in_progress


def _is_strange(row: Wait, record: Record | None, run: str | None) -> bool:
    """Neither what the row saw nor the record's list tells whether the row waits for the run."""
    if row.seen_state in (CLAIMED, PROCESSING) or run == row.execution_arn:
        return False
    if record is None or run not in record.executions:
        return True
    # An attached member saw nothing: it waits for what was started, whenever that was.
    return row.seen_state is None and not row.attached


def _had_stopped(row: Wait, ended: Ended) -> bool:
    """By the clocks of two services: where they differ, the reconciler decides."""
    if ended.stopped_at is None or row.registered_at is None:
        return False
    return moment(ended.stopped_at) + EVENT_PRECISION <= moment(row.registered_at)


def displaces(
    record: Record | None,
    newer: Ended,
    older: Ended,
    *,
    lists_run_at_claim: bool,
) -> bool:
    """True where an outcome may take the place of one that waits to be worked off.

    Not where its run is listed before the other one's: it settles no row, and the rows that
    the other one was to settle would have nobody left but the reconciler.

    Args:
        record: the payload's record, read consistently.
        newer: the outcome that comes now.
        older: the outcome that waits.
        lists_run_at_claim: of the cirrus that wrote the outcome that comes now.
    """
    if newer.execution_arn == older.execution_arn or record is None or not record.executions:
        return True  # told again, or nothing tells which came first

    def place(execution_arn: str | None) -> int:
        if execution_arn is None:
            return len(record.executions) - 1
        listed = record.position(execution_arn)
        if listed is not None:
            return listed
        # 0.x lists a run after its start; from 1.0 on nobody waits for an unlisted one.
        return -1 if lists_run_at_claim else len(record.executions)

    return place(newer.execution_arn) >= place(older.execution_arn)


def never_started(why: str) -> Outcome:
    """No run came of the message; the row's state stays as it is."""
    return Outcome(
        workflow_state=None,
        error=cut(why),
        answer_error=NEVER_STARTED,
    )


def invalid_payload(why: str) -> Outcome:
    """Cirrus cannot accept the payload, now or on redelivery."""
    return Outcome(workflow_state=INVALID, error=cut(why), answer_error=INVALID_PAYLOAD)


def wait_for_itself(row: Wait, record: Record | None) -> Outcome | None:
    """What a parent is told that waits for its own payload; None where it does not.

    Where it told its execution alone, the payload's record lists that. A message that asks for
    a replacement is another thing: the run that it waits for is a new one.
    """
    if row.waiter_payload_id is not None:
        is_own = row.waiter_payload_id == row.payload_id
    else:
        is_own = record is not None and row.waiter_execution_arn in record.executions
    if row.replace or not is_own:
        return None
    return Outcome(
        workflow_state=None,
        execution_arn=row.waiter_execution_arn,
        error="the payload waits for itself: name another one, or leave the id out",
        answer_error=DEPENDENCY_CYCLE,
    )
