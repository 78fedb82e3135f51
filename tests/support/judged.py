"""Cases for the reconciler's judgement, built in a line each."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from cirrus_callbacks_plugin.cirrus.generations import V2
from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.protocol.error_names import NEVER_STARTED
from cirrus_callbacks_plugin.reconcile.judge import (
    Case,
    Run,
    RunStatus,
    Verdict,
)
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Wait, timestamp

REGISTERED = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)
REDELIVERY = timedelta(seconds=5400)
BEFORE_REDELIVERY = REGISTERED + REDELIVERY - timedelta(seconds=1)
PAST_REDELIVERY = REGISTERED + REDELIVERY


def at(seconds: float) -> datetime:
    """So many seconds after the row was registered."""
    return REGISTERED + timedelta(seconds=seconds)


def row(state: str | None = None, execution: str | None = None, *, replaces: bool = False) -> Wait:
    return Wait(
        "c/workflow-w/i",
        "t",
        seen_state=state,
        seen_execution=execution,
        replace=replaces,
        registered_at=timestamp(REGISTERED),
    )


def record(state: str, *executions: str, updated: str = "2024", error: str | None = None) -> Record:
    return Record(state, f"{state}_{updated}", executions, error)


def ended(
    arn: str = "a",
    result: str = "SUCCEEDED",
    *,
    started: float = 10,
    stopped: float = 100,
    error: str | None = None,
    cause: str | None = None,
) -> Run:
    return Run(arn, RunStatus.ENDED, result, at(started), at(stopped), error, cause)


UNKNOWN = Run("a", RunStatus.UNKNOWN)
RUNNING = Run("a", RunStatus.RUNNING)

# A payload that was not there at registration, whose run ended and whose event was lost.
LOST = Case(
    row=row(),
    record=record("PROCESSING", "a"),
    run=ended(),
    now=BEFORE_REDELIVERY,
    redelivery=REDELIVERY,
    generation=V2,
)
SUCCEEDED = Outcome("SUCCEEDED", "a")


def never(verdict: Verdict) -> str:
    """Why the row is settled as never started; its state stays what it is."""
    outcome = verdict.outcome
    assert outcome is not None
    assert (outcome.workflow_state, outcome.answer_error) == (None, NEVER_STARTED)
    return outcome.error or ""
