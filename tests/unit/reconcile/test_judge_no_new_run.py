"""Rows for which no new run came to be: old ends, unknown runs, none, and what is stuck."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.cirrus.generations import V0_15
from cirrus_callbacks_plugin.protocol.answer import answer_of
from cirrus_callbacks_plugin.reconcile.judge import (
    LEAVE,
    Run,
    Verdict,
    judge,
    run_to_ask,
)
from cirrus_callbacks_plugin.waits.outcome import Outcome
from support.judged import (
    LOST,
    PAST_REDELIVERY,
    RUNNING,
    SUCCEEDED,
    UNKNOWN,
    ended,
    never,
    record,
    row,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.waits.row import Wait

# --- ended, and no new run ------------------------------------------------------------

# The run had failed before registration, and no other one is listed.
OLD = replace(
    LOST,
    row=row("FAILED", "a"),
    record=record("FAILED", "a", error="Boom"),
    run=ended(result="FAILED", started=-200, stopped=-100, error="Boom"),
)


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (ended(started=-200, stopped=-100), "SUCCEEDED"),
        (
            ended(result="FAILED", started=-200, error="stactask.exceptions.InvalidInput"),
            "INVALID",
        ),
    ],
)
def test_what_no_cirrus_runs_again_settles_without_a_new_run(run: Run, state: str) -> None:
    """Completed or invalid: a redriven run, say, that ended otherwise than what was seen."""
    case = replace(OLD, run=run)
    settled = judge(case).outcome
    assert settled is not None
    assert settled.workflow_state == state
    replacing = replace(case, row=replace(case.row, replace=True))
    assert judge(replacing).outcome is None
    assert f"ended {state}" in never(judge(replace(replacing, now=PAST_REDELIVERY)))


@pytest.mark.parametrize("result", ["FAILED", "ABORTED", "TIMED_OUT"])
def test_an_old_failure_is_never_started_past_redelivery_alone(result: str) -> None:
    """What ended before the row came is not an answer; the cause names it, the state stays."""
    case = replace(OLD, run=replace(OLD.run, result=result))  # type: ignore[type-var]
    assert judge(case) == LEAVE
    verdict = judge(replace(case, now=PAST_REDELIVERY))
    state = "ABORTED" if result == "ABORTED" else "FAILED"
    assert f"ended {state}: Boom" in never(verdict)
    assert "5400 s" in never(verdict)


def test_never_started_leaves_the_rows_state_and_tells_the_old_outcome() -> None:
    """The error says only that no run was listed by then: the state stays PROCESSING."""
    outcome = judge(replace(OLD, now=PAST_REDELIVERY)).outcome
    assert outcome is not None
    answer = answer_of(replace(OLD.row, **outcome.attributes()))
    assert answer.error == "CirrusCallback.NeverStarted"
    assert '"workflow_state":"PROCESSING"' in answer.body
    assert "FAILED: Boom" in answer.body
    assert "execution_arn" not in answer.body


# --- unknown to Step Functions --------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "listed"),
    [
        (row(), record("CLAIMED", "a", error="throttled")),
        (row(), record("FAILED", "a", error="throttled")),
        (row("CLAIMED", "a"), record("CLAIMED", "a", error="throttled")),
        (row("FAILED", "x"), record("FAILED", "x", "a", error="throttled")),
        (row("SUCCEEDED", "x", replaces=True), record("SUCCEEDED", "x", "a", error="throttled")),
    ],
)
def test_a_new_run_that_never_came_to_be(wait: Wait, listed: Record) -> None:
    """Never settled from the record, however final; past redelivery with the record's error."""
    case = replace(LOST, row=wait, record=listed, run=UNKNOWN)
    assert judge(case) == LEAVE
    assert "never started: throttled" in never(judge(replace(case, now=PAST_REDELIVERY)))


@pytest.mark.parametrize("state", ["SUCCEEDED", "COMPLETED", "INVALID"])
def test_an_old_run_that_step_functions_forgot_is_as_the_record_says(state: str) -> None:
    """Older than 90 days and no new run: completed or invalid settles, unless ``replace``."""
    case = replace(OLD, row=row(state, "a"), record=record(state, "a"), run=UNKNOWN)
    assert judge(case) == Verdict(outcome=Outcome(state, "a"), is_stuck=False)
    replacing = replace(case, row=row(state, "a", replaces=True))
    assert judge(replacing) == LEAVE
    assert f"ended {state}" in never(judge(replace(replacing, now=PAST_REDELIVERY)))


def test_an_old_failure_that_step_functions_forgot_is_never_started() -> None:
    """As "ended, and no new run": past redelivery, naming what the record says."""
    case = replace(OLD, run=UNKNOWN)
    assert judge(case) == LEAVE
    assert "ended FAILED: Boom" in never(judge(replace(case, now=PAST_REDELIVERY)))


def test_a_forgotten_run_whose_record_is_no_longer_final_is_never_started() -> None:
    """Claimed again under a name that never ran: there is no outcome to tell."""
    case = replace(OLD, run=UNKNOWN, record=record("CLAIMED", "a"))
    assert judge(case) == LEAVE
    assert never(judge(replace(case, now=PAST_REDELIVERY))).endswith(": no new run was listed")


# --- no run listed --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "listed", "told"),
    [
        (row(), None, ": no run was listed"),
        (row(), record("PROCESSING"), ": no run was listed"),
        (row("FAILED", "a"), None, ": no run was listed"),
        (row("FAILED"), record("FAILED", error="no machine"), " says FAILED (no machine)"),
        (row("SUCCEEDED", replaces=True), record("SUCCEEDED"), " says SUCCEEDED"),
    ],
)
def test_no_run_is_never_started_past_redelivery_alone(
    wait: Wait,
    listed: Record | None,
    told: str,
) -> None:
    """No record, or one that lists no run; what a final record says is named in the cause."""
    case = replace(LOST, row=wait, record=listed, run=None)
    assert judge(case) == LEAVE
    assert never(judge(replace(case, now=PAST_REDELIVERY))).endswith(told)


def test_a_run_that_was_in_progress_is_described_first() -> None:
    """Its record is gone: how it ended is the answer, before the redelivery time as well."""
    case = replace(LOST, row=row("PROCESSING", "a"), record=None)
    assert run_to_ask(case.row, case.record) == "a"
    assert judge(case).outcome == SUCCEEDED
    assert judge(replace(case, run=RUNNING)) == Verdict(is_running=True)


# --- stuck ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "is_stuck"),
    [
        (record("PROCESSING", "a"), True),
        (record("CLAIMED", "a"), True),
        (record("FAILED", "a"), False),
        (record("SUCCEEDED", "a"), False),
        (None, False),
    ],
)
def test_a_record_in_progress_whose_run_ended_is_stuck(
    listed: Record | None,
    is_stuck: bool,
) -> None:
    """The deployment is stuck too: this payload will never be run again by itself."""
    assert judge(replace(LOST, record=listed)).is_stuck is is_stuck
    assert not judge(replace(LOST, record=listed, run=RUNNING)).is_stuck
    assert not judge(replace(LOST, record=listed, run=UNKNOWN)).is_stuck


def test_a_record_left_in_progress_without_a_new_run_is_stuck() -> None:
    """Its row gets what the last run said; a start that failed left the record behind (0.15)."""
    case = replace(OLD, record=record("PROCESSING", "a"), run=ended(started=-200, stopped=-100))
    assert judge(case) == Verdict(outcome=SUCCEEDED, is_stuck=True)
    assert judge(replace(case, record=record("FAILED", "a"))) == Verdict(outcome=SUCCEEDED)


def test_a_stuck_record_is_told_while_its_row_has_to_wait() -> None:
    """0.x before the redelivery time: the row waits, the deployment is stuck already."""
    assert judge(replace(LOST, generation=V0_15)) == Verdict(is_stuck=True)
