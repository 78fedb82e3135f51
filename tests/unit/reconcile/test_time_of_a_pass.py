"""How a pass divides its time, and what it puts off when time is out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.reconcile import passes, walk
from cirrus_callbacks_plugin.reconcile.summary import Did
from cirrus_callbacks_plugin.waits.index import PLACES
from cirrus_callbacks_plugin.waits.row import shard
from support import slow_aws
from support.slow_aws import SlowAws, execution, running, waiting_since

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 300
ENDS = 2 * INTERVAL - reconciler.MARGIN_SECONDS
"""Of the first pass."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> SlowAws:
    """A deployment whose calls take no time."""
    monkeypatch.setattr(slow_aws, "SECONDS_A_CALL", 0.0)
    return SlowAws(INTERVAL)


def at_call(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    which: Callable[[dict[str, Any]], bool],
    seconds: float,
) -> None:
    """Let it be so late when a batch is read."""
    original = aws.dynamodb.batch_get_item

    def batch_get_item(**request: Any) -> Any:
        if which(request["RequestItems"]):
            aws.clock.seconds = max(aws.clock.seconds, seconds)
        return original(**request)

    monkeypatch.setattr(aws.dynamodb, "batch_get_item", batch_get_item)


def is_of_rows(request: dict[str, Any]) -> bool:
    keys = request.get("callbacks", {}).get("Keys", [])
    return bool(keys) and keys[0] != PLACES.to_item()


def test_no_time_is_no_time(aws: SlowAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """At zero seconds no row is read any more; all are counted, and the pass is incomplete."""
    running(aws)
    at_call(aws, monkeypatch, lambda _: True, ENDS)  # the places are read first
    summary = aws.one_pass()
    assert (summary.open_waits, summary.count(Did.LOOKED_AT), summary.is_complete) == (1, 0, False)
    assert aws.dynamodb.calls["BatchGetItem state"] == []


def test_rows_read_as_time_ran_out_come_first_in_the_next_pass(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They were put off; the place is behind the step before theirs."""
    monkeypatch.setattr(walk, "ROWS_A_STEP", 2)
    tokens = [token for token in map(str, range(1000)) if shard(token) == "1"][:6]
    for age, token in enumerate(tokens):
        name = f"c/workflow-w/{token}"
        aws.record(name, "PROCESSING", execution(token))
        aws.run(execution(token), "SUCCEEDED", stopped=-900)
        aws.add([waiting_since(7200 - age, name, token=token)])
    # The second step's rows are read at the very end of the pass.
    at_call(
        aws,
        monkeypatch,
        lambda request: is_of_rows(request) and tokens[2] in str(request),
        ENDS,
    )
    first = aws.one_pass()
    assert (first.count(Did.SETTLED), first.is_complete) == (2, False)  # of the first step
    place = aws.dynamodb.rows[PLACES]["descriptions"]["M"]
    assert place["task_token"] == {"S": tokens[1]}
    monkeypatch.undo()
    second = aws.one_pass()
    assert second.count(Did.SETTLED) == 4
    assert second.is_complete


@pytest.mark.parametrize(("left", "sent"), [(0.5, 1), (0.0, 0)])
def test_heartbeats_are_sent_while_there_is_time(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    left: float,
    sent: int,
) -> None:
    """To the end of the pass; what was put off is said to be."""
    aws.add([waiting_since(0, "c/workflow-w/one")])
    at_call(aws, monkeypatch, is_of_rows, ENDS - left)
    summary = aws.one_pass(heartbeat=True)
    assert (summary.count(Did.HEARTBEAT), summary.is_complete) == (sent, bool(sent))


def test_listing_leaves_time_for_the_rows(aws: SlowAws) -> None:
    """600 pages of running executions take longer than a pass: the rows are reached all the same.

    What was not listed by then is described: the run that began first, since the latest come first.
    """
    row = running(aws)
    for number in range(600_000):
        name = execution(f"other-{number}")
        aws.stepfunctions.runs[name] = {"status": "RUNNING"}
    summary = aws.one_pass()
    assert summary.count(Did.STILL_RUNNING) == 1
    assert aws.stepfunctions.described == [execution("one")]
    lists = aws.stepfunctions.calls["ListExecutions"]
    assert lists[-1] - lists[0] <= 270 * passes.LISTS_SHARE + 1
    assert row.key in aws.dynamodb.rows


def test_shares_are_as_documented() -> None:
    """Half of a pass for descriptions at most, four fifths for lists."""
    assert walk.KEPT_FOR_DESCRIPTIONS == 0.5
    assert passes.LISTS_SHARE == 0.8
