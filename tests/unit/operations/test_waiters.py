"""Is the one who waits still there? Judged by the run that waits, where it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.operations.reasons import Code, Reason, waiter_gone
from cirrus_callbacks_plugin.operations.waiters import Waiters, is_gone
from cirrus_callbacks_plugin.reconcile.judge import Run, RunStatus
from cirrus_callbacks_plugin.waits.row import Wait, timestamp

NOW = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)
PREFIX = "arn:aws:states:us-west-2:123456789012:execution:x-mosaic:"
ROW = Wait(
    "c/workflow-cog/scene",
    "token",
    registered_at=timestamp(NOW - timedelta(hours=3)),
    waiter_payload_id="c/workflow-mosaic/three",
)


def ran(name: str, began: float, ended: float | None, result: str | None = "TIMED_OUT") -> Run:
    """A run that began, and ended, so many hours before now."""
    started = NOW - timedelta(hours=began)
    if ended is None:
        return Run(PREFIX + name, RunStatus.RUNNING, started=started)
    stopped = NOW - timedelta(hours=ended)
    return Run(PREFIX + name, RunStatus.ENDED, result=result, started=started, stopped=stopped)


class Known:
    """Runs that are known; others cannot be asked for."""

    def __init__(self, *runs: Run) -> None:
        self.runs = {run.execution_arn: run for run in runs}

    def known(self, arn: str) -> Run | None:
        """The run, where nobody has to be asked."""
        return self.runs.get(arn)

    def find(self, arn: str) -> Run:
        """The run."""
        return self.runs.get(arn) or Run(arn, RunStatus.UNKNOWN)


def waiter_of(row: Wait, *runs: Run) -> Run | None:
    """Who waits, with a record that lists these runs."""
    record = Record("PROCESSING", "PROCESSING_x", tuple(run.execution_arn for run in runs))
    known: Any = Known(*runs)
    return Waiters(known, lambda _: record).run_of(row)


@pytest.mark.parametrize(
    ("runs", "gone"),
    [
        ((ran("a", 4, None),), False),
        ((ran("a", 4, 2),), True),
        ((ran("a", 6, 4),), False),  # the one that waits is not listed yet
        ((ran("a", 4, 2), ran("b", 1, None)), True),  # restarted: another one runs now
        ((ran("a", 6, 5), ran("b", 4, None)), False),
        ((), False),
    ],
)
def test_of_a_payload_the_run_of_that_time_waits(runs: tuple[Run, ...], gone: bool) -> None:
    """Not one that began later, nor one that had ended before the wait was registered."""
    assert is_gone(waiter_of(ROW, *runs)) is gone


def test_of_an_execution_it_waits_itself() -> None:
    """One that Step Functions does not know is not known to be gone; nor what is not an ARN."""
    told = replace(ROW, waiter_execution_arn=PREFIX + "a")
    assert is_gone(waiter_of(told, ran("a", 4, 1)))
    assert not is_gone(waiter_of(told, ran("b", 4, 1)))
    assert waiter_of(replace(ROW, waiter_execution_arn="not an arn"), ran("a", 4, 1)) is None


@pytest.mark.parametrize(
    ("repair", "in_hours", "proposed"),
    [
        (None, None, "cancel"),
        ("settle", None, "settle"),
        ("settle", 1, "cancel"),
        ("settle", -1, "settle"),
        ("resend", None, "resend"),
    ],
)
def test_its_reason(repair: str | None, in_hours: float | None, proposed: str) -> None:
    """What the child does stays in it, and the repair that helps now; else `cancel` closes it."""
    later = None if in_hours is None else NOW + timedelta(hours=in_hours)
    before = Reason(Code.RUNNING, "the child runs", repair=repair, repair_from=later)
    after = waiter_gone(before, ran("a", 4, 2), NOW)
    assert after.code is Code.WAITER_GONE
    assert after.text == "the child runs; nobody waits any more: the waiter's run ended TIMED_OUT"
    assert (after.repair, after.repair_from) == (proposed, None)
    assert after.since == NOW - timedelta(hours=2)
