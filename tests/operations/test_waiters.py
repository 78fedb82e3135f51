"""Who waits: a waiter that is gone, one that runs, and a parent with many waits of its own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.operations import repairs
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE, SUCCESS
from support import schemas
from support.open_waits import payload_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.command_line import Run
    from support.open_waits import OpenWaits

CHILD = payload_id("running", 1)
GONE = "sentinel-2-l2a/workflow-mosaic/gone-parent"
MANY = "sentinel-2-l2a/workflow-mosaic/many-parent"


@pytest.fixture(scope="module")
def gone_run(stack_of_waits: OpenWaits) -> str:
    """A parent's run that has ended."""
    waits = stack_of_waits
    return waits.ended(waits.run("cog", "gone-parent-run", fail=True))


@pytest.fixture
def gone(waits: OpenWaits, gone_run: str) -> Iterator[OpenWaits]:
    """Two waits of a parent that ended: by its execution, and by its payload alone."""
    started = waits.sfn.describe_execution(executionArn=gone_run)["startDate"]
    hours = (waits.moment - started).total_seconds() / 3600
    waits.record(GONE, "FAILED", gone_run)
    waits.register(CHILD, "told-run", hours=1, execution=gone_run)
    waits.register(CHILD, "told-payload", hours=hours, waiter=GONE)
    stopped = waits.sfn.describe_execution(executionArn=gone_run)["stopDate"]
    assert datetime.fromisoformat(waits.row(CHILD, "told-payload").registered_at or "") <= stopped
    yield waits
    waits.remove((CHILD, "told-run"), (CHILD, "told-payload"))


def test_a_waiter_that_is_gone_has_a_reason_of_its_own(run: Run, gone: OpenWaits) -> None:
    """In `waits`, `show` and `graph`; `--reason` finds it, `cancel` ends it."""
    ran = run("waits", "--all", "--reason", "waiter-gone", "--json")
    schemas.check("waits", ran.json)
    assert {each["wait"] for each in ran.json["waits"]} == {
        gone.row(CHILD, token).key.name for token in ("told-run", "told-payload")
    }
    for each in ran.json["waits"]:
        assert each["reason"]["repair"] == "cancel"
        assert each["waiter_run"]["status"] == "FAILED"
    shown = run("show", CHILD, "--json").json
    schemas.check("show", shown)
    codes = [each["reason"]["code"] for each in shown["waits"]]
    assert codes.count("waiter-gone") == 2
    drawn = run("graph", "--payload", GONE, "--json").json
    assert {edge["reason"] for edge in drawn["edges"]} == {"waiter-gone"}


def test_a_waiters_run_is_shown_with_its_state_and_link(run: Run, gone: OpenWaits) -> None:
    """Beside the wait, whether it told its execution or its payload alone."""
    ran = run("show", CHILD, "--quick")
    assert ran.out.count("    FAILED  gone-parent-run, started") == 2
    assert ran.out.count("execution:fd-ops-cirrus-cog:gone-parent-run") == 2
    assert "nobody waits any more: the waiter's run ended FAILED" in ran.out


def test_cancelling_for_a_waiter_that_is_gone_is_no_failure(
    run: Run,
    gone: OpenWaits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The wait is closed, as was asked, though nobody took the answer; nobody is "stale"."""
    monkeypatch.setattr(repairs, "SENDER_SECONDS", 0.0)
    name = gone.row(CHILD, "told-run").key.name
    ran = run("cancel", CHILD, "--wait", name, "--yes")
    assert ran.status == 0, ran.out
    assert f"wait {name}: closed, not taken: the waiting task was over" in ran.out
    assert gone.row(CHILD, "told-run").answer == STALE
    shown = run("show", CHILD, "--quick").out
    assert "not taken: the waiting task was over" in shown
    assert "stale" not in ran.out + shown


@pytest.fixture
def many(waits: OpenWaits) -> Iterator[OpenWaits]:
    """A parent's sixty waits: 41 were answered, two of them with a failure; and an older run's."""
    run = waits.run("cog-slow", "many-parent-run")
    started = waits.sfn.describe_execution(executionArn=run)["startDate"]
    hours = (waits.moment - started).total_seconds() / 3600 - 0.01
    waits.record(MANY, "PROCESSING", run)
    rows = [
        waits.register(payload_id("many", n), f"many-{n}", hours=hours, waiter=MANY)
        for n in range(60)
    ]
    rows.append(waits.register(payload_id("many", 60), "older", hours=hours + 2, waiter=MANY))
    for number in [*range(41), 60]:
        answer, error = (FAILURE, "CirrusCallback.Failed") if number < 2 else (SUCCESS, None)
        waits.table.mark_answered(rows[number].key, answer, answer_error=error, retention_days=60)
    yield waits
    waits.remove(*((row.payload_id, row.task_token) for row in rows))
    waits.sfn.stop_execution(executionArn=run)


def test_a_parent_of_many_waits_has_a_summary(run: Run, many: OpenWaits) -> None:
    """How many were answered, which failed, and what is open; of its newest run alone."""
    ran = run("show", MANY)
    assert "Waits itself: 41 of 60 answered, 2 failed\n" in ran.out
    assert f"  {payload_id('many', 1)}\n    CirrusCallback.Failed\n" in ran.out
    assert f"  {payload_id('many', 41)}\n" in ran.out
    told = run("show", MANY, "--json").json
    schemas.check("show", told)
    assert (told["own_waits"]["open"], told["own_waits"]["answered"]) == (19, 41)
    assert len(told["own_waits"]["failed"]) == 2
