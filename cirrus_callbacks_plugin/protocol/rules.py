"""Which run decides a row: the protocol's judgements, as pure functions.

Cirrus writes a payload's state unconditionally: a repeated or late event of an older run
overwrites what a newer one set. So the state alone never decides; the last listed run
does. Each rule returns a :class:`Judgement`: settle the row, or leave it open and say why.
A row that is left open is settled by a later event, or by the reconciler.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.state_table import (
    CLAIMED,
    COMPLETED_STATES,
    FINAL_STATES,
    INVALID,
    NEVER_RERUN_STATES,
    PROCESSING,
)
from cirrus_callbacks_plugin.protocol.error_names import INVALID_PAYLOAD, NEVER_STARTED
from cirrus_callbacks_plugin.waits.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cirrus.generations import Generation
    from cirrus_callbacks_plugin.cirrus.observe import FinalState
    from cirrus_callbacks_plugin.cirrus.state_table import Record
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
    """What a final record says, as it stands."""
    arn = record.last_execution
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
    """A payload that no cirrus runs again is settled with the row's very first write."""
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
    if attempt.returned and _is_as_seen(row, record) and _is_untouched(attempt):
        return _not_run(row, record, output_url)
    return _ended_around_registration(row, record, attempt, output_url)


def _not_run(row: Wait, record: Record, output_url: OutputUrl) -> Judgement:
    """Cirrus returned and left the record as the row saw it."""
    if row.replace:
        # Dropped as a duplicate in its batch: what it asked to replace is no answer.
        why = f"cirrus declined this message; the payload was {record.state} before and is still"
        return Settle(never_started(why))
    if len(record.executions) > 1:
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
    is_the_only_run = len(record.executions) == 1 and record.last_execution == row.seen_execution
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


@dataclass(frozen=True, slots=True)
class Ended:
    """A run whose end cirrus has just recorded.

    Attributes:
        execution_arn: the run; None where the event names none (cirrus 0.7).
        outcome: what its handler wrote; a row settled with it names the run as well.
    """

    execution_arn: str | None
    outcome: Outcome


def after_end(row: Wait, record: Record | None, ended: Ended) -> Judgement:
    """Settle a row with a run's end, unless there is a reason to leave it open.

    A run that is not listed counts as the latest (0.x lists it after its start), an event
    without an ARN as the last listed.
    """
    run = _run_of(record, ended)
    if record is not None:
        if run in record.executions and run != record.last_execution:
            return LeaveOpen("it waits for a later run than the one that ended")
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
    return Settle(replace(ended.outcome, execution_arn=run))


def _run_of(record: Record | None, ended: Ended) -> str | None:
    return ended.execution_arn or (record.last_execution if record is not None else None)


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
