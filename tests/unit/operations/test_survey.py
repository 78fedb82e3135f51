"""A look at 20,000 open waits: what it asks of AWS, and that a page costs a page."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.aws import side_by_side as concurrency
from cirrus_callbacks_plugin.aws.pacing import Pace
from cirrus_callbacks_plugin.config import ReconcilerSettings
from cirrus_callbacks_plugin.graph import gathering
from cirrus_callbacks_plugin.operations.deployment import Deployment
from cirrus_callbacks_plugin.operations.listing import Cursor, Listing
from cirrus_callbacks_plugin.operations.reasons import Code
from cirrus_callbacks_plugin.operations.survey import (
    MOST_ROWS_A_STEP,
    RECORD_READS_PER_SECOND,
    Filters,
    Survey,
)
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.outcome import Outcome
from support.slow_aws import Inline, SlowAws, execution, most_in_a_second, waiting_since

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITS = 20_000
WAITERS = 5
"""On each payload."""


class FakeAws:
    """Clients of the in-memory AWS."""

    region = "us-west-2"

    def __init__(self, slow: SlowAws) -> None:
        self._clients = {"dynamodb": slow.dynamodb, "stepfunctions": slow.stepfunctions}

    def client(self, service: str) -> Any:
        """A client."""
        return self._clients[service]


@pytest.fixture(scope="module")
def slow() -> SlowAws:
    """4,000 payloads: most run, some have ended and their ends were lost."""
    aws = SlowAws()
    for number in range(WAITS // WAITERS):
        about, run = f"c/workflow-w/{number}", execution(str(number))
        aws.record(about, "PROCESSING", run)
        aws.run(run, "SUCCEEDED" if number % 100 == 0 else "RUNNING", stopped=-3600)
        aws.add(
            waiting_since(7200 + number, about, token=f"t-{number}-{waiter}")
            for waiter in range(WAITERS)
        )
    return aws


@pytest.fixture
def survey(slow: SlowAws) -> Iterator[Survey]:
    """A look at it."""
    with look_at(slow) as made:
        yield made


@contextmanager
def look_at(slow: SlowAws) -> Iterator[Survey]:
    """A survey that has asked nothing yet, on one thread and with the clock's paces."""
    aws: Any = FakeAws(slow)
    slow.dynamodb.calls.clear()
    slow.stepfunctions.calls.clear()
    deployment = Deployment(
        "x", aws, config.Tables("state", "callbacks"), "x", clock=slow.clock.now
    )
    settings = ReconcilerSettings()

    def pace(per_second: float, at_once: int) -> Pace:
        return Pace(per_second, slow.clock, slow.clock.sleep, at_once)

    with mock.patch.object(concurrency, "ThreadPoolExecutor", Inline):
        yield Survey(deployment, settings, pace=pace)


def calls(slow: SlowAws) -> dict[str, int]:
    both = {**slow.dynamodb.calls, **slow.stepfunctions.calls}
    return {name: len(times) for name, times in both.items()}


def test_a_page_of_the_oldest_costs_a_page(survey: Survey, slow: SlowAws) -> None:
    """A query a shard, one read of rows, one of records, a list, and ten descriptions at most."""
    found, cursor = Listing(survey, with_chains=False).page(50)
    assert len(found) == 50
    assert cursor is not None
    asked = calls(slow)
    assert asked["Query callbacks"] == 8
    assert asked["BatchGetItem callbacks"] == 1
    assert asked["BatchGetItem state"] == 1
    assert asked["ListExecutions"] == 1  # ten runs are asked for: not worth all four pages
    assert asked.get("DescribeExecution", 0) <= 10


def test_all_of_them_are_read_a_hundred_a_call(survey: Survey, slow: SlowAws) -> None:
    """Only runs that are not listed as running are described, once for all their waiters."""
    found, cursor = Listing(survey, with_chains=False).page(0)
    assert cursor is None
    codes = Counter(explained.reason.code for explained in found)
    lost = WAITS // 100
    assert codes == {Code.RUNNING: WAITS - lost, Code.STUCK: lost}
    asked = calls(slow)
    assert asked["BatchGetItem callbacks"] <= WAITS / 100 + 10
    assert asked["DescribeExecution"] == lost // WAITERS
    assert asked["BatchGetItem state"] <= WAITS / 100


def test_pages_join_where_many_have_one_time(survey: Survey) -> None:
    """The cursor names the rows of its very time that were shown."""
    seen: list[str] = []
    after = None
    for _ in range(4):
        page, after = Listing(survey, after=after, with_chains=False).page(7)
        seen += [explained.row.key.name for explained in page]
        assert after is not None
        after = Cursor.parse(str(after))
    assert len(seen) == len(set(seen)) == 28


def test_an_age_ends_the_walk(survey: Survey, slow: SlowAws) -> None:
    """Rows that are younger are not read."""
    from datetime import timedelta

    oldest = 7200 + WAITS // WAITERS + slow.clock.seconds
    filters = Filters(older_than=timedelta(seconds=oldest - 10))
    found, _ = Listing(survey, filters, with_chains=False).page(0)
    assert 0 < len(found) <= 10 * WAITERS + WAITERS
    assert calls(slow)["BatchGetItem callbacks"] == 1


def test_another_workflow_is_told_by_the_key(survey: Survey, slow: SlowAws) -> None:
    """Its rows are not even read."""
    found, _ = Listing(survey, Filters(frozenset({"v"})), with_chains=False).page(0)
    assert found == []
    assert "BatchGetItem callbacks" not in calls(slow)


def test_a_graph_reads_each_record_once_at_the_surveys_pace(survey: Survey, slow: SlowAws) -> None:
    """The graph's own records are those by which its waits are judged."""
    graph = gathering.of_deployment(survey, Filters(), 0)
    assert len(graph.edges) == WAITS
    reads = slow.dynamodb.calls["BatchGetItem state"]
    assert len(reads) <= WAITS / WAITERS / 100 + WAITS / MOST_ROWS_A_STEP  # a few are not full
    assert most_in_a_second(reads) <= RECORD_READS_PER_SECOND


def test_what_is_being_settled_is_asked_once_a_payload() -> None:
    """All waiters of a payload are told that the sender is at it, for one read."""
    aws, about, run = SlowAws(), "c/workflow-w/popular", execution("popular")
    aws.record(about, "SUCCEEDED", run)
    aws.run(run, "SUCCEEDED", stopped=-3600)
    rows = [waiting_since(7200, about, token=f"t-{waiter}") for waiter in range(WAITERS)]
    aws.add(rows)
    going_on = Continuation(about, "w", Outcome("SUCCEEDED", run), rows[0].registered_at or "")
    aws.dynamodb.rows[going_on.key] = going_on.to_item()
    with look_at(aws) as survey:
        found, _ = Listing(survey, with_chains=False).page(0)
    assert [each.reason.code for each in found] == [Code.BEING_SETTLED] * WAITERS
    assert calls(aws)["BatchGetItem callbacks"] == 2  # the rows, and what is being settled


@pytest.fixture
def chained() -> SlowAws:
    """A waits for b and b for a, d waits for a; x waits for y, and y of yesterday for x."""
    aws = SlowAws()
    for name in "abdxy":
        aws.record(f"c/workflow-w/{name}", "PROCESSING", execution(name))
        aws.run(execution(name), "RUNNING")
    aws.run(execution("yesterday"), "RUNNING")
    for waiter, run, child in (
        ("a", execution("a"), "b"),
        ("b", None, "a"),
        ("d", execution("d"), "a"),
        ("x", execution("x"), "y"),
        ("y", execution("yesterday"), "x"),
    ):
        told = {"waiter_execution_arn": run} if run else {}
        told["waiter_payload_id"] = f"c/workflow-w/{waiter}"
        row = waiting_since(7200, f"c/workflow-w/{child}", token=f"{waiter}-{child}", **told)
        aws.add([row])
    return aws


def test_waits_names_a_cycle_whether_it_is_told_or_not(chained: SlowAws) -> None:
    """Of the very runs, as the reconciler judges it; who waits for one of them is in none."""
    with look_at(chained) as survey:
        found, _ = Listing(survey).page(0)
    reasons = {each.row.task_token: each.reason for each in found}
    assert {token for token, reason in reasons.items() if reason.code is Code.IN_CYCLE} == {
        "a-b",
        "b-a",
    }
    a, b = "c/workflow-w/a", "c/workflow-w/b"
    assert reasons["a-b"].text == f"the waits of a cycle: {b} waits for {a} waits for {b}"
    assert reasons["d-a"].code is Code.WAITS_ITSELF


def test_a_child_that_runs_for_nobody_is_abandoned() -> None:
    """Its waiter's run has ended, and so have all others that wait; not where one goes on."""
    aws = SlowAws()
    gone, alive = (f"arn:aws:states:us-west-2:123456789012:execution:x-p:{n}" for n in "gl")
    aws.run(alive, "RUNNING")
    for name in ("a", "b", "alive"):
        aws.record(f"c/workflow-w/{name}", "PROCESSING", execution(name))
        aws.run(execution(name), "RUNNING")
    aws.run(gone, "TIMED_OUT", stopped=-60)
    aws.record("c/workflow-w/gone", "FAILED", gone)
    for child, token, told in (
        ("a", "a-1", {"waiter_execution_arn": gone}),
        ("a", "a-2", {"waiter_payload_id": "c/workflow-w/gone"}),
        ("b", "b-1", {"waiter_execution_arn": gone}),
        ("b", "b-2", {"waiter_execution_arn": alive}),
        ("alive", "nobody-told", {}),
    ):
        aws.add([waiting_since(7200, f"c/workflow-w/{child}", token=token, **told)])
    with look_at(aws) as survey:
        survey.with_waiters = True
        found, _ = Listing(survey).page(0)
    repairs = {each.row.task_token: each.reason.repair for each in found}
    stop = "cancel --stop-child"
    assert repairs == {"a-1": stop, "a-2": stop, "b-1": "cancel", "b-2": None, "nobody-told": None}
