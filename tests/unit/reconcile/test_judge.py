"""Which case a row is in: one sentence of the protocol after the other, each guard alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.cirrus.generations import V0_7, V0_15, V1, V2, Generation
from cirrus_callbacks_plugin.reconcile.judge import (
    LEAVE,
    Run,
    RunStatus,
    Verdict,
    earlier_runs,
    is_restart,
    judge,
    restarted_as,
    run_to_ask,
)
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Wait, timestamp
from support.judged import (
    BEFORE_REDELIVERY,
    LOST,
    PAST_REDELIVERY,
    REGISTERED,
    RUNNING,
    SUCCEEDED,
    UNKNOWN,
    at,
    ended,
    never,
    record,
    row,
)

if TYPE_CHECKING:
    from datetime import datetime

    from cirrus_callbacks_plugin.cirrus.state_table import Record

# --- which run decides ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "listed", "asked"),
    [
        (row(), record("PROCESSING", "a", "b"), "b"),
        (row("FAILED", "a"), record("FAILED", "a"), "a"),
        (row(), None, None),
        (row(), record("PROCESSING"), None),
        (row("PROCESSING", "a"), None, "a"),
        (row("CLAIMED", "a"), record("FAILED"), "a"),
        (row("FAILED", "a"), None, None),
        (row("SUCCEEDED", "a", replaces=True), record("FAILED"), None),
    ],
)
def test_the_run_that_decides(wait: Wait, listed: Record | None, asked: str | None) -> None:
    """The last listed one; where none is, the one that was in progress at registration."""
    assert run_to_ask(wait, listed) == asked


@pytest.mark.parametrize(
    ("listed", "generation", "asked"),
    [
        (record("CLAIMED", "a", "b"), V2, "a"),
        (record("CLAIMED", "a", "b"), V1, "a"),
        (record("CLAIMED", "a", "b"), V0_15, None),
        (record("CLAIMED", "a"), V2, None),
        (record("CLAIMED"), V2, None),
        (None, V2, None),
    ],
)
def test_a_stuck_claim_is_restarted_under_the_first_listed_run(
    listed: Record | None,
    generation: Generation,
    asked: str | None,
) -> None:
    """Cirrus >= 1 starts it again under the first listed name, and lists nothing again."""
    assert restarted_as(row(), listed, generation) == asked


def test_a_settled_row_asks_for_no_restart() -> None:
    """Its outcome is known."""
    settled = replace(row(), settled_at=timestamp(REGISTERED))
    assert restarted_as(settled, record("CLAIMED", "a", "b"), V2) is None


@pytest.mark.parametrize(
    ("first", "is_one"),
    [
        (ended(started=0), True),
        (ended(started=-1), False),
        (Run("a", RunStatus.RUNNING, started=at(5)), True),
        (UNKNOWN, False),
    ],
)
def test_the_first_listed_run_counts_where_it_started_after_registration(
    first: Run,
    is_one: bool,
) -> None:
    """Before that, it is the run that was listed first and long ago."""
    assert is_restart(row(), first) is is_one


@pytest.mark.parametrize(
    ("wait", "listed", "asked"),
    [
        (row(), record("FAILED", "a", "b", "c"), ("b", "a")),
        (row("FAILED", "a"), record("FAILED", "a", "b", "c"), ("b",)),
        (row("FAILED", "b"), record("FAILED", "a", "b", "c"), ()),
        (row("PROCESSING", "b"), record("FAILED", "a", "b", "c"), ("b",)),
        (row("FAILED", "gone"), record("FAILED", "a", "b"), ("a",)),
        (row(), record("FAILED", "a"), ()),
        (row(), record("FAILED"), ()),
        (row(), None, ()),
        (replace(row(), settled_at=timestamp(REGISTERED)), record("FAILED", "a", "b"), ()),
    ],
)
def test_the_runs_that_stand_for_one_that_never_came_to_be(
    wait: Wait,
    listed: Record | None,
    asked: tuple[str, ...],
) -> None:
    """Those before it, but for what had ended before the row was registered."""
    assert earlier_runs(wait, listed) == asked


# --- running --------------------------------------------------------------------------


@pytest.mark.parametrize("now", [BEFORE_REDELIVERY, PAST_REDELIVERY])
@pytest.mark.parametrize("wait", [row(), row("FAILED", "a"), row("SUCCEEDED", "a", replaces=True)])
def test_a_run_that_goes_on_is_left(now: datetime, wait: Wait) -> None:
    """Running, or waiting to be redriven: whatever the record and the time say."""
    case = replace(LOST, row=wait, run=RUNNING, record=record("FAILED", "a"), now=now)
    assert judge(case) == Verdict(is_running=True)


@pytest.mark.parametrize(("ago", "is_left"), [(119, True), (120, False)])
def test_a_run_that_has_just_stopped_is_left(ago: float, is_left: bool) -> None:
    """Its event is on its way for two minutes; the deployment is not called stuck either."""
    run = ended(stopped=(BEFORE_REDELIVERY - at(0)).total_seconds() - ago)
    assert (judge(replace(LOST, run=run)) == LEAVE) is is_left


def test_a_run_without_a_stop_time_counts_as_stopped_long_ago() -> None:
    """Step Functions always gives one; without it a wait must not hang."""
    run = replace(ended(), stopped=None)
    assert judge(replace(LOST, run=run)).outcome == SUCCEEDED


# --- ended, and a new run for this row ------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "listed"),
    [
        (row(), record("PROCESSING", "a")),
        (row(), None),
        (row("PROCESSING", "a"), record("PROCESSING", "a")),
        (row("CLAIMED", "a"), record("CLAIMED", "a")),
        (row("FAILED", "x"), record("FAILED", "x", "a")),
        (row("FAILED", None), record("FAILED", "a")),
        (row("SUCCEEDED", "x", replaces=True), record("PROCESSING", "x", "a")),
        (row("INVALID", "x", replaces=True), record("INVALID", "x", "a")),
    ],
)
def test_a_new_run_that_ended_settles_its_row(wait: Wait, listed: Record | None) -> None:
    """The run says how it ended, whatever state the record is in."""
    assert judge(replace(LOST, row=wait, record=listed)).outcome == SUCCEEDED


def test_a_failed_record_does_not_outweigh_the_run() -> None:
    """A late event of an older run wrote FAILED: the last listed run succeeded."""
    case = replace(LOST, row=row("FAILED", "x"), record=record("FAILED", "x", "a", error="old"))
    assert judge(case) == Verdict(outcome=SUCCEEDED)


def test_a_completed_record_does_not_outweigh_the_run() -> None:
    """A late event of an older run wrote SUCCEEDED: the last listed run failed."""
    case = replace(
        LOST,
        record=record("SUCCEEDED", "x", "a"),
        run=ended(result="FAILED", error="Boom"),
    )
    assert judge(case).outcome == Outcome("FAILED", "a", "Boom")


@pytest.mark.parametrize(
    ("generation", "error", "state"),
    [
        (V0_7, "InvalidInput", "INVALID"),
        (V0_7, "stactask.exceptions.InvalidInput", "FAILED"),
        (V0_7, "cirrus.lib.errors.InvalidInput", "FAILED"),
        (V0_15, "InvalidInput", "INVALID"),
        (V0_15, "stactask.exceptions.InvalidInput", "INVALID"),
        (V0_15, "cirrus.lib.errors.InvalidInput", "FAILED"),
        (V1, "InvalidInput", "FAILED"),
        (V1, "stactask.exceptions.InvalidInput", "INVALID"),
        (V1, "cirrus.lib.errors.InvalidInput", "INVALID"),
        (V2, "InvalidInput", "FAILED"),
        (V2, "stactask.exceptions.InvalidInput", "INVALID"),
        (V2, "cirrus.lib.errors.InvalidInput", "INVALID"),
        (V2, "Boom", "FAILED"),
        (V2, None, "FAILED"),
    ],
)
def test_an_error_is_mapped_as_its_cirrus_maps_it(
    generation: Generation,
    error: str | None,
    state: str,
) -> None:
    """INVALID is told from FAILED by the names that this generation knows, and no others."""
    run = ended(result="FAILED", error=error, cause="why")
    outcome = judge(replace(LOST, run=run, generation=generation, now=PAST_REDELIVERY)).outcome
    assert outcome == Outcome(state, "a", f"{error}: why" if error else "why")


@pytest.mark.parametrize(
    ("run", "outcome"),
    [
        (ended(result="ABORTED"), Outcome("ABORTED", "a")),
        (ended(result="ABORTED", error="E", cause="c"), Outcome("ABORTED", "a", "E: c")),
        (ended(result="TIMED_OUT"), Outcome("FAILED", "a", "the execution timed out")),
        (
            ended(result="TIMED_OUT", error="States.Timeout"),
            Outcome("FAILED", "a", "States.Timeout"),
        ),
        (ended(result="FAILED"), Outcome("FAILED", "a")),
    ],
)
def test_other_ends_of_a_run(run: Run, outcome: Outcome) -> None:
    """Aborted stays aborted; cirrus stores a timeout as FAILED."""
    assert judge(replace(LOST, run=run)).outcome == outcome


def test_a_long_error_is_cut() -> None:
    """A row stays far below DynamoDB's limit, whatever the child said."""
    outcome = judge(replace(LOST, run=ended(result="FAILED", cause="x" * 100_000))).outcome
    assert outcome is not None
    assert len((outcome.error or "").encode()) == 16_384


@pytest.mark.parametrize(
    ("generation", "listed", "state"),
    [
        (V1, record("PROCESSING", "a"), "COMPLETED"),
        (V2, record("PROCESSING", "a"), "SUCCEEDED"),
        (V1, record("SUCCEEDED", "a"), "SUCCEEDED"),
        (V2, record("COMPLETED", "a"), "COMPLETED"),
    ],
)
def test_success_is_spelled_as_the_deployment_spells_it(
    generation: Generation,
    listed: Record,
    state: str,
) -> None:
    """As the record has it already, else as the row's cirrus writes it."""
    outcome = judge(replace(LOST, record=listed, generation=generation)).outcome
    assert outcome == Outcome(state, "a")


@pytest.mark.parametrize("generation", [V0_7, V0_15])
def test_0_x_settles_from_a_run_only_past_the_redelivery_time(generation: Generation) -> None:
    """A restart is unlisted until after its start: the listed run may not be the last one."""
    case = replace(LOST, generation=generation)
    assert judge(case).outcome is None
    assert judge(replace(case, now=PAST_REDELIVERY)).outcome == Outcome("COMPLETED", "a")


def test_an_earlier_run_settles_only_past_the_redelivery_time() -> None:
    """The message whose run never came to be comes again, and may be answered by its own run."""
    case = replace(LOST, record=record("CLAIMED", "a", "b"), is_last=False)
    assert judge(case) == LEAVE
    assert judge(replace(case, now=PAST_REDELIVERY)) == Verdict(SUCCEEDED)


# --- a name that is used again --------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "stopped", "is_new"),
    [
        (row(), -61, False),
        (row(), -60, True),
        (row("SUCCEEDED", "x", replaces=True), -61, False),
        (row("SUCCEEDED", "x", replaces=True), -60, True),
        (row("PROCESSING", "a", replaces=True), -61, False),
        (row("PROCESSING", "a"), -61, True),  # the record said that it was in progress
        (row("FAILED", "x"), -61, True),  # listed since
    ],
)
def test_a_run_that_stopped_long_before_registration_is_no_new_one(
    wait: Wait,
    stopped: float,
    is_new: bool,
) -> None:
    """For a row without ``seen_state`` or with ``replace``: a name may have been used again."""
    case = replace(
        LOST,
        row=wait,
        run=ended(result="FAILED", started=-1000, stopped=stopped, error="Boom"),
        record=record("FAILED", "a"),
    )
    assert (judge(case).outcome == Outcome("FAILED", "a", "Boom")) is is_new
    if not is_new:
        assert judge(case) == LEAVE
        assert "Boom" in never(judge(replace(case, now=PAST_REDELIVERY)))


def test_a_run_that_started_after_registration_is_new_whatever_was_seen() -> None:
    """The name of the seen run, used again: its start tells."""
    case = replace(LOST, row=row("FAILED", "a"), run=ended(started=0, result="FAILED"))
    assert judge(case).outcome == Outcome("FAILED", "a")
    assert judge(replace(case, run=ended(started=-1, result="FAILED"))).outcome is None


def test_a_run_that_was_noted_is_asked_for_where_the_record_is_gone() -> None:
    """Nothing else tells of it; a record that lists runs outranks the note."""
    noted = replace(row(), execution_arn="noted")
    assert run_to_ask(noted, None) == "noted"
    assert run_to_ask(noted, record("FAILED")) == "noted"
    assert run_to_ask(noted, record("PROCESSING", "listed")) == "listed"


@pytest.mark.parametrize(
    ("generation", "payloads_url", "url"),
    [
        (V2, "s3://b/cirrus", "s3://b/cirrus/executions/c/workflow-w/i/a/output.json"),
        (V2, None, None),
        (V1, "s3://b/cirrus", None),
    ],
)
def test_the_output_of_a_repaired_success(
    generation: Generation,
    payloads_url: str | None,
    url: str | None,
) -> None:
    """By cirrus 2's rule, where the bucket is told; older ones store no output."""
    case = replace(LOST, generation=generation, payloads_url=payloads_url)
    outcome = judge(case).outcome
    assert outcome is not None
    assert outcome.output_payload_url == url
