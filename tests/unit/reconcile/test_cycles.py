"""Cycles of waits: found by a pass, looked at again, told to the youngest wait."""

from __future__ import annotations

import logging
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.joins.rows import Join
from cirrus_callbacks_plugin.protocol.error_names import DEPENDENCY_CYCLE
from cirrus_callbacks_plugin.reconcile import cycle_breaker
from cirrus_callbacks_plugin.reconcile.cycles import RunningWaits
from cirrus_callbacks_plugin.reconcile.summary import Did
from cirrus_callbacks_plugin.waits.row import Wait
from support.aws_calls import aws_error
from support.logged_steps import lines
from support.slow_aws import SlowAws, execution, waiting_since

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def everything_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="cirrus_callbacks_plugin")


@pytest.fixture
def aws() -> SlowAws:
    return SlowAws()


def payload_id(name: str) -> str:
    return f"c/workflow-w/{name}"


def run(aws: SlowAws, *names: str) -> None:
    """Payloads whose runs go on."""
    for name in names:
        aws.record(payload_id(name), "PROCESSING", execution(name))
        aws.run(execution(name), "RUNNING")


def wait(
    aws: SlowAws,
    waiter: str,
    child: str,
    *,
    since: float = 2000,
    by: str = "execution",
    **more: Any,
) -> Wait:
    """An open wait; its waiter told its execution, its payload, or both."""
    told: dict[str, Any] = {}
    if by != "payload":
        told["waiter_execution_arn"] = execution(waiter)
    if by != "execution":
        told["waiter_payload_id"] = payload_id(waiter)
    token = more.pop("token", f"{waiter}-{child}")
    row = waiting_since(since, payload_id(child), token=token, **told, **more)
    aws.add([row])
    return row


def cycle(aws: SlowAws, *names: str, by: str = "execution") -> list[Wait]:
    """Each waits for the next, the last for the first; the last wait is the youngest."""
    run(aws, *names)
    pairs = zip(names, (*names[1:], names[0]), strict=True)
    return [
        wait(aws, waiter, child, since=3000 - 10 * number, by=by)
        for number, (waiter, child) in enumerate(pairs)
    ]


def told(aws: SlowAws) -> list[str]:
    """The tokens of waits that were told of a cycle."""
    rows = [Wait.from_item(row) for key, row in aws.dynamodb.rows.items() if not key.is_reserved]
    return sorted(row.task_token for row in rows if row.answer_error == DEPENDENCY_CYCLE)


@pytest.mark.parametrize("by", ["execution", "payload", "both"])
@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c", "d", "e")])
def test_the_youngest_wait_of_a_cycle_is_told(
    aws: SlowAws, names: tuple[str, ...], by: str
) -> None:
    """In one pass, whatever the waiter told, and however many wait in it."""
    youngest = cycle(aws, *names, by=by)[-1]
    summary = aws.one_pass(cycles=True)
    assert told(aws) == [youngest.task_token]
    assert (summary.cycles, summary.count(Did.CYCLE_TOLD)) == (1, 1)
    assert aws.one_pass(cycles=True).cycles == 0


def test_the_cause_names_the_way_round(aws: SlowAws) -> None:
    """Each payload in turn, back to the first; the child's state stays as it is."""
    cycle(aws, "a", "b")
    aws.one_pass(cycles=True)
    row = next(row for row in aws.open_rows() if row.answer_error)
    a, b = payload_id("a"), payload_id("b")
    assert f"{a} waits for {b} waits for {a}" in (row.error or "")
    assert (row.workflow_state, row.execution_arn) == ("PROCESSING", execution("a"))


def test_a_cycle_is_counted_and_logged_and_not_told_where_that_is_off(
    aws: SlowAws, caplog: pytest.LogCaptureFixture
) -> None:
    """The count and the log line say what is there whether it is told or not."""
    cycle(aws, "a", "b")
    summary = aws.one_pass()
    assert (summary.cycles, told(aws)) == (1, [])
    assert summary.to_json()["cycles"] == 1
    (line,) = [line for _, line in lines(caplog) if line["callback"] == "in a cycle"]
    assert line["cycle"] == [payload_id("a"), payload_id("b"), payload_id("a")]
    assert aws.one_pass().cycles == 1


def test_each_of_several_cycles_is_told_in_one_pass(aws: SlowAws) -> None:
    """Apart from one another, and such as share a run."""
    cycle(aws, "a", "b")
    cycle(aws, "c", "d")
    wait(aws, "b", "e", since=2990)
    run(aws, "e")
    wait(aws, "e", "b", since=2900)
    summary = aws.one_pass(cycles=True)
    assert told(aws) == ["b-a", "d-c", "e-b"]
    assert summary.cycles == 3


def test_a_young_wait_between_the_same_two_is_no_part_of_it(aws: SlowAws) -> None:
    """The youngest of those older than the grace period is told."""
    cycle(aws, "a", "b")
    wait(aws, "b", "a", since=-200, token="young")
    aws.one_pass(cycles=True)
    assert told(aws) == ["b-a"]


def _other_run(aws: SlowAws) -> None:
    aws.record(payload_id("a"), "PROCESSING", execution("a"), execution("a2"))
    aws.run(execution("a2"), "RUNNING")


def _ended(aws: SlowAws) -> None:
    aws.run(execution("a"), "SUCCEEDED", stopped=-10)


def _young(aws: SlowAws) -> None:
    wait(aws, "b", "a", since=-200)


def _other_waiter(aws: SlowAws) -> None:
    wait(aws, "b-of-yesterday", "a", token="b-a")


def _answered(aws: SlowAws) -> None:
    wait(aws, "b", "a", settled_at="2024-06-01T11:59:59.000000+00:00")


def _other_payload(aws: SlowAws) -> None:
    aws.stepfunctions.runs[execution("a")]["input"] = '{"id": "c/workflow-w/a/workflow-1"}'


NOT_A_CYCLE = [_other_run, _ended, _young, _other_waiter, _answered, _other_payload]


@pytest.mark.parametrize("change", NOT_A_CYCLE)
def test_waits_that_are_no_cycle_are_left(aws: SlowAws, change: Callable[[SlowAws], None]) -> None:
    """A newer run, an ended one, a young wait, another run's, a settled one, another payload's."""
    cycle(aws, "a", "b")
    change(aws)
    assert aws.one_pass(cycles=True).cycles == 0
    assert told(aws) == []


@pytest.mark.parametrize("settled_at", [None, "2024-06-01T11:59:59.000000+00:00"])
def test_a_member_is_told_while_its_join_is_to_be_decided(
    aws: SlowAws, settled_at: str | None
) -> None:
    """The join's waiter waits for it; once the join is decided, nobody does."""
    join = Join(
        Wait(f"join:{'0' * 32}", "token", workflow="#join", settled_at=settled_at), total=1, sent=1
    )
    aws.dynamodb.rows[join.wait.key] = join.to_item()
    run(aws, "a", "b")
    wait(aws, "a", "b", since=3000)
    wait(aws, "b", "a", since=2900, token=f"#{join.join_id}:0")
    aws.one_pass(cycles=True)
    assert told(aws) == ([] if settled_at else [f"#{join.join_id}:0"])


@pytest.mark.parametrize("change", [_other_run, _ended, _answered])
def test_what_has_changed_since_the_walk_is_seen(
    aws: SlowAws, change: Callable[[SlowAws], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each wait is looked at once more, after the walk, before anybody is told."""
    cycle(aws, "a", "b")
    original = cycle_breaker.CycleBreaker.run

    def changed(self: cycle_breaker.CycleBreaker) -> None:
        change(aws)
        original(self)

    monkeypatch.setattr(cycle_breaker.CycleBreaker, "run", changed)
    assert aws.one_pass(cycles=True).cycles == 0
    assert told(aws) == []


def hide(aws: SlowAws, *rows: Wait) -> None:
    """The pass does not come to these: no entry of the index leads to them."""
    for row in rows:
        aws.dynamodb.rows[row.key].pop("waiting")
    aws.dynamodb.changes += 1


@pytest.fixture
def no_pass_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    original = cycle_breaker.CycleBreaker.__post_init__

    def begun(self: cycle_breaker.CycleBreaker) -> None:
        self.is_complete = False
        original(self)

    monkeypatch.setattr(cycle_breaker.CycleBreaker, "__post_init__", begun)


@pytest.mark.usefixtures("no_pass_is_complete")
@pytest.mark.parametrize("by", ["execution", "payload", "both"])
def test_a_pass_that_came_to_one_wait_finds_the_cycle(aws: SlowAws, by: str) -> None:
    """The others are read by key: who waits for the waiter, and who for him."""
    rows = cycle(aws, "a", "b", "c", by=by)
    if by == "execution":
        for name in "abc":
            aws.stepfunctions.runs[execution(name)]["input"] = f'{{"id": "{payload_id(name)}"}}'
    hide(aws, *rows[1:])
    summary = aws.one_pass(cycles=True)
    assert (summary.cycles, told(aws)) == (1, ["c-a"])


@pytest.mark.usefixtures("no_pass_is_complete")
def test_at_most_a_hundred_queries_and_each_waiter_in_its_turn(aws: SlowAws) -> None:
    """250 parents that nobody waits for, and one cycle: within three passes, 100 queries each."""
    rows = cycle(aws, "a", "b")
    hide(aws, rows[1])
    names = [f"p{number}" for number in range(250)]
    run(aws, "child", *names)
    for name in names:
        wait(aws, name, "child", since=4000, by="both")
    wait(aws, "a", "b", since=2500, by="both", token="a-b")
    queries = []
    for _ in range(3):
        before = len(aws.dynamodb.calls["Query of a partition callbacks"])
        summary = aws.one_pass()
        queries.append(len(aws.dynamodb.calls["Query of a partition callbacks"]) - before)
        if summary.cycles:
            break
    assert summary.cycles == 1
    assert max(queries) <= cycle_breaker.MOST_QUERIES + 2, "and those that look again"


def test_a_complete_pass_without_a_cycle_asks_nothing_more(aws: SlowAws) -> None:
    """No query of a partition, and no run is described."""
    run(aws, "a", "b", "c")
    wait(aws, "a", "b")
    wait(aws, "b", "c")
    aws.one_pass(cycles=True)
    assert not aws.dynamodb.calls["Query of a partition callbacks"]
    assert not aws.stepfunctions.described


@pytest.mark.parametrize(
    ("part", "call"),
    [
        ("dynamodb", "query"),
        ("dynamodb", "batch_get_item"),
        ("dynamodb", "update_item"),
        ("stepfunctions", "describe_execution"),
    ],
)
def test_a_call_that_fails_tells_nobody_and_fails_no_pass(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    part: str,
    call: str,
) -> None:
    """Record, run, row or settle: it is told that it failed, and the next pass tells."""
    cycle(aws, "a", "b")
    original = cycle_breaker.CycleBreaker.run

    def refused(**_: Any) -> None:
        raise aws_error("AccessDeniedException")

    def run(self: cycle_breaker.CycleBreaker) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(getattr(aws, part), call, refused)
            original(self)

    with monkeypatch.context() as patch:
        patch.setattr(cycle_breaker.CycleBreaker, "run", run)
        assert aws.one_pass(cycles=True).count(Did.CYCLE_TOLD) == 0
    assert told(aws) == []
    assert "AccessDeniedException" in caplog.text
    assert aws.one_pass(cycles=True).count(Did.CYCLE_TOLD) == 1


def test_a_hundred_thousand_waits_take_less_than_200_mb() -> None:
    """A fifth of both: parents with ids, executions and tokens as long as real ones."""
    waits = RunningWaits()
    model = waiting_since(2000, "model")
    tracemalloc.start()
    for number in range(20_000):
        row = replace(
            model,
            payload_id=f"sentinel-2-l2a/workflow-cog/S2B_39QTA_20230623_{number % 4_000:06}_L2A",
            task_token=f"{number:0800}",
            waiter_payload_id=f"mosaics/workflow-mosaic/39QTA-2023-06-{number:024}",
            waiter_execution_arn=execution(f"mosaic-{number:024}").replace("x-w", "filmdrop-prod"),
        )
        waits.add(row, execution(f"cog-{number % 4_000:024}"))
    assert waits.cycles() == ()
    assert waits.loose_ends()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40 * 1024 * 1024
