"""What a judgement is made of, and whether it still holds when it is acted on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.pacing import Pace
from cirrus_callbacks_plugin.cirrus.generations import V0_15, V2
from cirrus_callbacks_plugin.cirrus.state_table import Record, StateKey
from cirrus_callbacks_plugin.reconcile.case import case_of, unchanged
from cirrus_callbacks_plugin.reconcile.judge import RunStatus, judge
from cirrus_callbacks_plugin.reconcile.runs import Runs
from cirrus_callbacks_plugin.waits.row import Wait, timestamp

MACHINE = "arn:aws:states:us-west-2:1:stateMachine:x-w"
FIRST = "arn:aws:states:us-west-2:1:execution:x-w:first"
LAST = "arn:aws:states:us-west-2:1:execution:x-w:last"
REGISTERED = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)


class StepFunctions:
    """Runs the first listed execution again, and never knew the last one."""

    def __init__(self, started: datetime) -> None:
        self.started = started

    def list_executions(self, **_: Any) -> dict[str, Any]:
        """ListExecutions."""
        return {"executions": [{"executionArn": FIRST, "startDate": self.started}]}

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        """DescribeExecution."""
        raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")


ROW = Wait("c/workflow-w/i", "t", cirrus_version="2.0.0", registered_at=timestamp(REGISTERED))
RECORD = Record("PROCESSING", "PROCESSING_2024", (FIRST, LAST))


def case(
    started: datetime,
    row: Wait = ROW,
    record: Record | None = RECORD,
    client: Any = None,
) -> Any:
    pace = Pace(1, lambda: 0.0, lambda _: None)
    client = client or StepFunctions(started)
    return case_of(
        row,
        record,
        Runs(client, pace, pace),
        now=REGISTERED + timedelta(days=1),
        redelivery=timedelta(seconds=5400),
    )


def test_a_restart_under_the_first_name_that_still_runs_is_found() -> None:
    """Cirrus 1.3 and 2.0 restart a stuck CLAIMED so: its waiter is not told NeverStarted."""
    found = case(REGISTERED + timedelta(seconds=30))
    assert (found.run.execution_arn, found.run.status) == (FIRST, RunStatus.RUNNING)
    assert found.is_last, "it is the last run, begun under another name"
    assert judge(found).is_running


def test_a_first_run_older_than_the_row_is_no_restart() -> None:
    """The last listed run decides then, and it never came to be."""
    row = replace(ROW, seen_state="FAILED", seen_execution=FIRST)
    found = case(REGISTERED - timedelta(seconds=30), row)
    assert (found.run.execution_arn, found.run.status) == (LAST, RunStatus.UNKNOWN)


def test_a_run_that_was_in_progress_stands_for_a_later_one_that_never_came_to_be() -> None:
    """Its waiter is not told NeverStarted while the run that it waits for goes on."""
    row = replace(ROW, seen_state="PROCESSING", seen_execution=FIRST)
    found = case(REGISTERED - timedelta(seconds=30), row)
    assert (found.run.execution_arn, found.is_last) == (FIRST, False)
    assert judge(found).is_running


FIRST_RUN, SECOND_RUN, THIRD_RUN = (
    f"arn:aws:states:us-west-2:1:execution:x-w:{number}" for number in (1, 2, 3)
)


@pytest.mark.parametrize(
    ("known", "row", "expected"),
    [
        # (ARN -> seconds from registration to its start and to its end), what is found
        ({SECOND_RUN: (10, 20)}, ROW, (SECOND_RUN, False)),
        ({FIRST_RUN: (5, 9), SECOND_RUN: (10, 20)}, ROW, (SECOND_RUN, False)),
        # Started last, under the first name: a stuck CLAIMED begun again.
        ({FIRST_RUN: (30, 40), SECOND_RUN: (10, 20)}, ROW, (FIRST_RUN, True)),
        # Of a record that somebody deleted: no run of this row.
        ({FIRST_RUN: (-500, -400)}, ROW, (THIRD_RUN, True)),
        ({}, ROW, (THIRD_RUN, True)),
        # What had ended before is not a run of this row.
        (
            {FIRST_RUN: (-500, -400)},
            replace(ROW, seen_state="FAILED", seen_execution=FIRST_RUN),
            (THIRD_RUN, True),
        ),
        (
            {FIRST_RUN: (-500, -400), SECOND_RUN: (10, 20)},
            replace(ROW, seen_state="FAILED", seen_execution=FIRST_RUN),
            (SECOND_RUN, False),
        ),
    ],
)
def test_the_latest_run_that_came_to_be_decides(
    known: dict[str, tuple[int, int]],
    row: Wait,
    expected: tuple[str, bool],
) -> None:
    """A start was throttled after the run that a waiter waits for had been listed, and ended."""

    class Known(StepFunctions):
        def list_executions(self, **_: Any) -> dict[str, Any]:
            return {"executions": []}

        def describe_execution(self, **request: Any) -> dict[str, Any]:
            if request["executionArn"] not in known:
                return super().describe_execution(**request)
            started, stopped = (timedelta(seconds=each) for each in known[request["executionArn"]])
            return {
                "status": "FAILED",
                "startDate": REGISTERED + started,
                "stopDate": REGISTERED + stopped,
            }

    record = Record("FAILED", "FAILED_2024", (FIRST_RUN, SECOND_RUN, THIRD_RUN))
    found = case(REGISTERED, row, record, client=Known(REGISTERED))
    assert (found.run.execution_arn, found.is_last) == expected


def test_no_run_is_asked_about_where_none_is_known() -> None:
    """No record, and none in progress at registration: there is nothing to describe."""
    assert case(REGISTERED, record=None).run is None
    assert (
        case(REGISTERED, replace(ROW, seen_state="FAILED", seen_execution=LAST), None).run is None
    )


def test_the_run_in_progress_at_registration_is_asked_about() -> None:
    """Its record is gone; what the row saw says which run it waits for."""
    row = replace(ROW, seen_state="PROCESSING", seen_execution=FIRST)
    assert case(REGISTERED, row, None).run.execution_arn == FIRST


def test_the_rows_own_cirrus_says_how_to_read_the_case() -> None:
    """Spelling and listing are those under which it was registered; unknown: the newest's."""
    assert case(REGISTERED, replace(ROW, cirrus_version="0.15.4")).generation is V0_15
    assert case(REGISTERED, replace(ROW, cirrus_version=None)).generation is V2


# --- before an act --------------------------------------------------------------------


class Now:
    """What the two tables say now."""

    def __init__(self, row: Wait | None, record: Record | None) -> None:
        self._row, self._record = row, record

    def read(self, keys: list[Any]) -> dict[Any, Wait]:
        """Rows by key."""
        return {key: self._row for key in keys if self._row is not None and key == self._row.key}

    def get(self, key: StateKey) -> Record | None:
        """The payload's record."""
        assert key == StateKey.of("c/workflow-w/i")
        return self._record


def still(row: Wait | None, record: Record | None, was: Wait = ROW) -> Wait | None:
    now: Any = Now(row, record)
    return unchanged(now, now, was, RECORD)


def test_a_row_is_acted_on_as_it_is_now() -> None:
    """What was added since it was read (a repair by hand, say) is not lost."""
    now = replace(ROW, history=({"by": "somebody"},))
    assert still(now, RECORD) is now


@pytest.mark.parametrize(
    "row",
    [
        None,
        replace(ROW, settled_at="2024"),
        replace(ROW, answered_at="2024"),
        replace(ROW, settled_at="2024", answered_at="2024"),
    ],
)
def test_a_row_that_somebody_else_saw_to_is_left(row: Wait | None) -> None:
    """Settled or answered or removed meanwhile: the first is right."""
    assert still(row, RECORD) is None


@pytest.mark.parametrize("record", [None, replace(RECORD, state_updated="PROCESSING_2025")])
def test_a_record_that_changed_makes_the_judgement_void(record: Record | None) -> None:
    """A new run may decide now; the next pass looks again."""
    assert still(ROW, record) is None


def test_an_id_that_makes_no_record_is_judged_by_its_row_alone() -> None:
    """There is nothing in the state table that could have changed."""
    row = replace(ROW, payload_id="no-workflow")
    assert still(row, None, row) == row
