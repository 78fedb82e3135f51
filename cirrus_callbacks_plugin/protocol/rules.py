"""Which run decides a row: the protocol's judgements, as pure functions.

Cirrus writes a payload's state unconditionally: a repeated or late event of an older run
overwrites what a newer one set. So the state alone never decides; the last listed run
does. ``None`` as a judgement always means: leave the row open, somebody else will know.
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
from cirrus_callbacks_plugin.waits.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cirrus.generations import Generation
    from cirrus_callbacks_plugin.cirrus.observe import FinalState
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.waits.row import Wait

    OutputUrl = Callable[[str], str | None]

# Names of the errors that a waiting task may catch (README, "Answers").
FAILED = "CirrusCallback.Failed"
ABORTED = "CirrusCallback.Aborted"
INVALID_RUN = "CirrusCallback.Invalid"
INVALID_PAYLOAD = "CirrusCallback.InvalidPayload"
NOT_ENABLED = "CirrusCallback.NotEnabled"
NEVER_STARTED = "CirrusCallback.NeverStarted"
CANCELLED = "CirrusCallback.Cancelled"

ERROR_OF_STATE = {"ABORTED": ABORTED, "INVALID": INVALID_RUN}
"""Of the others that are no success, FAILED among them: ``FAILED``."""

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
) -> Outcome | None:
    """A payload that no cirrus runs again is settled with the row's very first write."""
    if record is None or replace or record.state not in NEVER_RERUN_STATES:
        return None
    return outcome_of_record(record, output_url)


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
) -> Outcome | None:
    """Settle after cirrus ran what nobody else will settle (step 3 of the process hook).

    Where cirrus raised, FAILED and ABORTED do not settle: the queue redelivers the
    message and cirrus runs the payload again.
    """
    record = attempt.after
    if record is None:
        return None
    if (
        attempt.returned
        and attempt.wrote is not None
        and not _was_overtaken(attempt.before, record, generation)
    ):
        # Its run could not be started, so no event will ever come of it.
        return Outcome(workflow_state=attempt.wrote.state, error=cut(attempt.wrote.error))
    if not record.is_final:
        return None
    if attempt.returned and _is_as_seen(row, record) and _is_untouched(attempt):
        if row.replace:
            # Dropped as a duplicate in its batch: what it asked to replace is no answer.
            return never_started(
                f"cirrus declined this message; the payload was {record.state} before and is still",
            )
        # Cirrus read an older state, of a run in progress. Where several runs are listed, a late
        # event of an older one may have written this one: the reconciler asks for the last.
        return outcome_of_record(record, output_url) if len(record.executions) <= 1 else None
    ended_before_registration_could_tell = (
        row.seen_state in (CLAIMED, PROCESSING)
        and len(record.executions) == 1
        and record.last_execution == row.seen_execution
    )
    if ended_before_registration_could_tell and (
        attempt.returned or record.state in NEVER_RERUN_STATES
    ):
        return outcome_of_record(record, output_url)
    return None


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


def after_end(row: Wait, record: Record | None, ended: Ended) -> Outcome | None:
    """Settle a row with a run's end, unless there is a reason to leave it open.

    A run that is not listed counts as the latest (0.x lists it after its start), an event
    without an ARN as the last listed.
    """
    if why_left_open(row, record, ended) is not None:
        return None
    return replace(ended.outcome, execution_arn=_run_of(record, ended))


def why_left_open(row: Wait, record: Record | None, ended: Ended) -> str | None:
    """Why a run's end does not settle a row, for a log; None where it does."""
    run = _run_of(record, ended)
    if record is not None:
        if run in record.executions and run != record.last_execution:
            return "it waits for a later run than the one that ended"
        # PROCESSING does not matter, 0.x writes it after the start. Another end may have been
        # written before the row was put, and cirrus be running the payload anew by now.
        told = ended.outcome.workflow_state
        is_same = record.state == told or {record.state, told} <= COMPLETED_STATES
        if record.is_final and not is_same:
            return f"the payload is {record.state} by now: a new run, or the reconciler, will tell"
    # One that was listed before it is no longer the last: it has been left above.
    if row.seen_state in FINAL_STATES and run is not None and run == row.seen_execution:
        return "the run had ended when the row was registered"
    return None


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


def answer_error_of(row: Wait) -> str | None:
    """The error name that a settled row is answered with; None for a success."""
    if row.answer_error is not None:
        return row.answer_error
    if row.workflow_state in COMPLETED_STATES:
        return None
    return ERROR_OF_STATE.get(row.workflow_state, FAILED)
