"""Which run is asked about where the last listed one never came to be."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.reconcile.case import case_of
from cirrus_callbacks_plugin.reconcile.judge import RunStatus, judge
from cirrus_callbacks_plugin.reconcile.pacing import Pace
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


def case(started: datetime) -> Any:
    pace = Pace(1, lambda: 0.0, lambda _: None)
    client: Any = StepFunctions(started)
    return case_of(
        Wait("c/workflow-w/i", "t", cirrus_version="2.0.0", registered_at=timestamp(REGISTERED)),
        Record("PROCESSING", "PROCESSING_2024", (FIRST, LAST)),
        Runs(client, pace, pace),
        now=REGISTERED + timedelta(days=1),
        redelivery=timedelta(seconds=5400),
    )


def test_a_restart_under_the_first_name_that_still_runs_is_found() -> None:
    """Cirrus 1.3 and 2.0 restart a stuck CLAIMED so: its waiter is not told NeverStarted."""
    found = case(REGISTERED + timedelta(seconds=30))
    assert (found.run.execution_arn, found.run.status) == (FIRST, RunStatus.RUNNING)
    assert judge(found).is_running


def test_a_first_run_older_than_the_row_is_no_restart() -> None:
    """The last listed run decides then, and it never came to be."""
    found = case(REGISTERED - timedelta(seconds=30))
    assert (found.run.execution_arn, found.run.status) == (LAST, RunStatus.UNKNOWN)
