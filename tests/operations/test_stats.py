"""``stats``: open and answered by workflow, waiting times, answers by kind, timeouts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.waits.row import Wait, timestamp
from support import schemas, snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.command_line import Run
    from support.open_waits import OpenWaits

MEASURED = 100


@pytest.fixture(scope="module")
def answered(stack_of_waits: OpenWaits) -> Iterator[None]:
    """A hundred waits of 60 s to 6,000 s, and one of every other kind."""
    rows = []

    def add(number: int, seconds: float, answer: str = "success", **fields: object) -> None:
        at = stack_of_waits.moment - timedelta(hours=30)
        row = Wait(
            f"c/workflow-measured/{number}",
            f"measured-token-{number}",
            workflow="measured",
            workflow_state="SUCCEEDED",
            registered_at=timestamp(at),
            settled_at=timestamp(at + timedelta(seconds=seconds)),
            answered_at=timestamp(at + timedelta(seconds=seconds)),
            answer=answer,
        )
        rows.append(replace(row, **fields))  # type: ignore[arg-type]

    for number in range(MEASURED):
        add(number, 60 * (number + 1))
    add(MEASURED, 0)  # settled when it was registered
    add(MEASURED + 1, 30, "failure", answer_error="CirrusCallback.Failed")
    add(MEASURED + 2, 90_000, "failure", answer_error="CirrusCallback.Cancelled")
    add(MEASURED + 3, 90_000, "stale")
    old = timestamp(stack_of_waits.moment - timedelta(days=9))
    add(MEASURED + 4, 0, registered_at=old, settled_at=old, answered_at=old)
    run_side_by_side(stack_of_waits.table.register, rows)
    yield
    stack_of_waits.remove(*((row.payload_id, row.task_token) for row in rows))


@pytest.mark.usefixtures("answered")
def test_what_is_counted(run: Run) -> None:
    """The period's answers by kind; waiting times of runs that ended, and only those."""
    ran = run("stats", "--json", "--suggest-timeouts")
    assert ran.status == 0, ran.err
    schemas.check("stats", ran.json)
    found = {workflow["workflow"]: workflow for workflow in ran.json["workflows"]}
    measured = found["measured"]
    assert measured["answers"] == {
        "CirrusCallback.Cancelled": 1,
        "CirrusCallback.Failed": 1,
        "stale": 1,
        "success": MEASURED + 1,
    }
    assert (measured["open"], measured["already_done"], measured["stale"]) == (0, 1, 1)
    assert measured["measured"] == MEASURED + 1
    assert measured["waited_seconds"] == {"p50": 3000, "p90": 5400, "p99": 5940, "max": 6000}
    assert measured["suggested_timeout_seconds"] == 9000  # 1.5 x 5,940 s, to a quarter of an hour
    assert found["cog"]["open"] > 100
    assert found["cog"]["suggested_timeout_seconds"] is None
    assert found["cog-slow"]["oldest_open_seconds"] == pytest.approx(7.2 * 3600)


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize("columns", ["80", "160"])
def test_the_table(run: Run, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """A line a workflow, then answers by kind, then proposals."""
    monkeypatch.setenv("COLUMNS", columns)
    ran = run("stats", "--suggest-timeouts")
    assert ran.status == 0
    snapshots.matches(f"stats-{columns}", ran.out)


@pytest.mark.usefixtures("answered")
def test_a_shorter_period(run: Run) -> None:
    """--last leaves out what was answered before."""
    ran = run("stats", "--last", "1h", "--json")
    assert "measured" not in {workflow["workflow"] for workflow in ran.json["workflows"]}
