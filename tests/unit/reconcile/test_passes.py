"""One pass, row by row: what it does, counts and says, and what one error does not stop."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.reconcile.passes import Pass
from cirrus_callbacks_plugin.reconcile.summary import Did, Summary
from cirrus_callbacks_plugin.waits.row import Wait, shard, timestamp
from support import slow_aws
from support.logged_steps import lines
from support.slow_aws import START, SlowAws, execution, waiting_since

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

INTERVAL = 300
ONE = "c/workflow-w/one"
TWO = "c/workflow-w/two"


@pytest.fixture(autouse=True)
def everything_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="cirrus_callbacks_plugin")


@pytest.fixture
def aws() -> SlowAws:
    return SlowAws(INTERVAL)


def said(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def lost(aws: SlowAws, payload_id: str = ONE, state: str = "PROCESSING", **row: Any) -> Wait:
    """A run that ended, and its event never came."""
    name = payload_id.rpartition("/")[2]
    aws.record(payload_id, state, execution(name))
    aws.run(execution(name), "SUCCEEDED", stopped=-900)
    waits = waiting_since(1000, payload_id, **row)
    aws.add([waits])
    return waits


def row_of(aws: SlowAws, row: Wait) -> Wait:
    return Wait.from_item(aws.dynamodb.rows[row.key])


def failing(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    when: Callable[[dict[str, Any]], bool] = lambda _: True,
    code: str = "AccessDeniedException",
) -> None:
    """Let DynamoDB refuse some calls."""
    original = getattr(aws.dynamodb, operation)

    def call(**request: Any) -> Any:
        if when(request):
            raise ClientError({"Error": {"Code": code}}, operation)
        return original(**request)

    monkeypatch.setattr(aws.dynamodb, operation, call, raising=True)


def test_a_repair_is_counted_and_told(aws: SlowAws, caplog: pytest.LogCaptureFixture) -> None:
    """Settled from the run; the deployment is stuck too; two lines name payload and wait."""
    row = lost(aws)
    summary = aws.one_pass()
    assert (
        summary.count(Did.LOOKED_AT),
        summary.count(Did.SETTLED),
        summary.count(Did.NEVER_STARTED),
    ) == (1, 1, 0)
    assert summary.stuck == {ONE}
    assert summary.is_complete is True
    assert row_of(aws, row).workflow_state == "SUCCEEDED"
    assert said(caplog)[0] == (
        f"Payload {ONE} is stuck: its run ended, the state table says PROCESSING"
    )
    ((level, line),) = lines(caplog)
    assert (level, line["callback"], line["workflow_state"]) == ("WARNING", "repaired", "SUCCEEDED")
    assert (line["payload_id"], line["wait"]) == (ONE, row.key.name)


def test_a_wait_for_nothing_is_told_by_its_error(
    aws: SlowAws,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The line names what is sent, not the state, which stays as it is."""
    row = waiting_since(7200, ONE)
    aws.add([row])
    summary = aws.one_pass()
    assert (
        summary.count(Did.LOOKED_AT),
        summary.count(Did.SETTLED),
        summary.count(Did.NEVER_STARTED),
    ) == (1, 0, 1)
    ((_, line),) = lines(caplog)
    assert line == {
        "callback": "repaired",
        "payload_id": ONE,
        "wait": row.key.name,
        "answer_error": "CirrusCallback.NeverStarted",
    }


def test_a_run_in_progress_at_registration_is_asked_about(aws: SlowAws) -> None:
    """Its record is gone; it is among the running ones, and the row is left."""
    aws.run(execution("one"), "RUNNING")
    aws.add([waiting_since(7200, ONE, seen_state="PROCESSING", seen_execution=execution("one"))])
    summary = aws.one_pass()
    assert (
        summary.count(Did.LOOKED_AT),
        summary.count(Did.STILL_RUNNING),
        summary.count(Did.NEVER_STARTED),
    ) == (1, 1, 0)


def test_what_is_clear_costs_no_description(aws: SlowAws) -> None:
    """Rows without a run, and those whose run is listed as running, in the same pass."""
    aws.add([waiting_since(7200, TWO)])
    aws.record(ONE, "PROCESSING", execution("one"))
    aws.run(execution("one"), "RUNNING")
    aws.add([waiting_since(7200, ONE)])
    assert aws.one_pass().count(Did.LOOKED_AT) == 2
    assert aws.stepfunctions.described == []


@pytest.mark.parametrize(("age", "looked_at"), [(900 - INTERVAL, 1), (899 - INTERVAL, 0)])
def test_the_grace_period_has_passed_when_it_is_over(
    aws: SlowAws,
    age: float,
    looked_at: int,
) -> None:
    """Fifteen minutes to the second, from the registration; the age is told whatever it is."""
    aws.clock.sleep = lambda _: None  # type: ignore[method-assign]
    aws.add([waiting_since(age, "c/workflow-w/listed-nowhere")])
    summary = aws.one_pass()
    assert summary.count(Did.LOOKED_AT) == looked_at
    assert (summary.open_waits, summary.oldest_open_seconds) == (1, age + INTERVAL)


def test_a_settled_rows_grace_begins_when_it_was_settled(aws: SlowAws) -> None:
    """The sender had no time yet: an old wait that has just been settled is left to it."""
    now: datetime = aws.clock.now()
    aws.add([waiting_since(7200, ONE, workflow_state="FAILED", settled_at=timestamp(now))])
    summary = aws.one_pass()
    assert (summary.count(Did.LOOKED_AT), summary.count(Did.ANSWERED)) == (0, 0)


def settled(**more: Any) -> Wait:
    return waiting_since(
        7200, ONE, workflow_state="SUCCEEDED", settled_at="2024-01-01T00:00:00.000000+00:00", **more
    )


def test_settled_rows_are_answered_at_their_pace(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SendTask* calls share a quota with the whole account, however fast they are."""
    monkeypatch.setattr(slow_aws, "SECONDS_A_CALL", 0.0)
    aws.add(settled(token=f"t{number}") for number in range(100))
    assert aws.one_pass().count(Did.ANSWERED) == 100
    times = aws.stepfunctions.calls["SendTaskSuccess"]
    assert times[-1] - times[0] == pytest.approx(99 / reconciler.ANSWERS_PER_SECOND)


def test_a_row_that_is_left_costs_no_further_read(aws: SlowAws) -> None:
    """Only before an act are row and record read again."""
    aws.record(ONE, "PROCESSING", execution("one"))
    aws.run(execution("one"), "RUNNING")
    aws.add([waiting_since(7200, ONE)])
    aws.one_pass()
    assert aws.dynamodb.calls["GetItem state"] == []
    # One for where the last pass stopped, one for the row.
    assert len(aws.dynamodb.calls["BatchGetItem callbacks"]) == 2
    assert len(aws.dynamodb.calls["BatchGetItem state"]) == 1


def test_the_oldest_of_a_step_come_first(aws: SlowAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """BatchGetItem keeps no order; who has waited longest is answered first."""
    rows = [
        Wait(
            ONE,
            f"t{age}",
            workflow_state="SUCCEEDED",
            registered_at=timestamp(START - timedelta(seconds=age)),
            settled_at="2024-01-01T00:00:00.000000+00:00",
        )
        for age in (3000, 5000, 4000)
    ]
    monkeypatch.setattr(slow_aws, "shard", lambda _: "0")
    aws.add(rows)
    sent: list[str] = []
    monkeypatch.setattr(
        aws.stepfunctions, "send_task_success", lambda **request: sent.append(request["taskToken"])
    )
    aws.one_pass()
    assert sent == ["t5000", "t4000", "t3000"]


def test_time_that_runs_out_puts_off_heartbeats(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the reading of a step and its heartbeats: none is sent, the pass is incomplete."""
    aws.add([waiting_since(0, ONE)])
    original = aws.dynamodb.batch_get_item

    def batch_get_item(**request: Any) -> Any:
        aws.clock.seconds = 2 * INTERVAL - reconciler.MARGIN_SECONDS
        return original(**request)

    monkeypatch.setattr(slow_aws, "SECONDS_A_CALL", 0.0)
    monkeypatch.setattr(aws.dynamodb, "batch_get_item", batch_get_item)
    summary = aws.one_pass(heartbeat=True)
    assert aws.stepfunctions.calls["SendTaskHeartbeat"] == []
    assert (summary.count(Did.HEARTBEAT), summary.count(Did.FAILED), summary.is_complete) == (
        0,
        0,
        False,
    )


@pytest.mark.parametrize("meanwhile", ["answered", "removed"])
def test_what_somebody_else_saw_to_is_not_answered_again(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
) -> None:
    """Read again just before: the sender was first, or the row is gone. Looked at, no more."""
    row = settled()
    aws.add([row])
    original = aws.dynamodb.batch_get_item
    reads: list[Any] = []

    def batch_get_item(**request: Any) -> Any:
        reads.append(request)
        if len(reads) == 3:  # where the last pass stopped, the row, and the row again
            item = aws.dynamodb.rows.pop(row.key)
            if meanwhile == "answered":
                at = {"S": timestamp(aws.clock.now())}
                aws.dynamodb.rows[row.key] = {**item, "answered_at": at}
        return original(**request)

    monkeypatch.setattr(aws.dynamodb, "batch_get_item", batch_get_item)
    summary = aws.one_pass()
    assert (
        summary.count(Did.LOOKED_AT),
        summary.count(Did.ANSWERED),
        summary.count(Did.FAILED),
    ) == (1, 0, 0)
    assert aws.stepfunctions.calls["SendTaskSuccess"] == []


def test_a_shard_that_cannot_be_read_stops_no_other(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each is named with the error; the pass says that it is not complete."""
    row = lost(aws)
    bad = "0" if row_of(aws, row).waiting != "0" else "1"
    failing(
        aws,
        monkeypatch,
        "query",
        lambda request: request["ExpressionAttributeValues"][":shard"]["S"] == bad,
    )
    summary = aws.one_pass()
    assert (summary.count(Did.SETTLED), summary.count(Did.FAILED), summary.is_complete) == (
        1,
        1,
        False,
    )
    assert said(caplog, logging.ERROR) == [
        f"Shard {bad} of the waiting index cannot be read to its end (AccessDeniedException)",
    ]


def test_every_shard_that_cannot_be_read_counts(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All eight of them."""
    failing(aws, monkeypatch, "query")
    summary = aws.one_pass()
    assert (summary.count(Did.FAILED), summary.is_complete) == (8, False)


@pytest.mark.parametrize("table", ["callbacks", "state"])
def test_rows_that_cannot_be_read_are_counted_and_named(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    table: str,
) -> None:
    """The row itself, or its record: the next pass tries again, and the row stays as it is."""
    row = lost(aws)
    failing(
        aws,
        monkeypatch,
        "batch_get_item",
        lambda request: table in request["RequestItems"],
        "AccessDeniedException",
    )
    summary = aws.one_pass()
    assert (summary.count(Did.LOOKED_AT), summary.count(Did.FAILED)) == (0, 1)
    ((_, line),) = lines(caplog)
    assert (line["callback"], line["payload_id"]) == ("not repaired", ONE)
    assert line["wait"] == row.key.name
    assert line["why"].startswith("AccessDeniedException")
    assert not row_of(aws, row).is_settled


def test_one_rows_error_is_counted_and_named_and_stops_no_other(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The update of one is refused; the other is settled."""
    bad, good = lost(aws, ONE, "SUCCEEDED"), lost(aws, TWO, "SUCCEEDED")
    failing(
        aws,
        monkeypatch,
        "update_item",
        lambda request: request["Key"]["task_token"]["S"] == bad.task_token,
    )
    summary = aws.one_pass()
    assert (
        summary.count(Did.SETTLED),
        summary.count(Did.FAILED),
        summary.count(Did.LOOKED_AT),
    ) == (1, 1, 2)
    assert row_of(aws, good).is_settled
    (line,) = (line for _, line in lines(caplog) if line["callback"] == "not repaired")
    assert (line["payload_id"], line["wait"]) == (ONE, bad.key.name)
    assert line["why"].startswith("AccessDenied")


def test_a_record_that_changed_meanwhile_leaves_the_row_to_the_next_pass(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looked at, and neither settled nor called stuck."""
    row = lost(aws)

    original = aws.dynamodb.batch_get_item
    reads: list[Any] = []

    def batch_get_item(**request: Any) -> Any:
        if "state" in request["RequestItems"]:
            reads.append(request)
            if len(reads) == 2:
                aws.record(ONE, "SUCCEEDED", execution("one"))
        return original(**request)

    monkeypatch.setattr(aws.dynamodb, "batch_get_item", batch_get_item)
    summary = aws.one_pass()
    assert (summary.count(Did.LOOKED_AT), summary.count(Did.SETTLED), summary.stuck) == (
        1,
        0,
        set(),
    )
    assert not row_of(aws, row).is_settled


def test_a_payload_is_called_stuck_once(aws: SlowAws, caplog: pytest.LogCaptureFixture) -> None:
    """However many wait for it; each of its rows is settled."""
    lost(aws, token="a")
    lost(aws, token="b")
    assert aws.one_pass().count(Did.SETTLED) == 2
    assert sum("is stuck" in line for line in said(caplog)) == 1


def test_a_pass_without_time_says_so(aws: SlowAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked at and no heartbeat sent; what was listed by then is counted."""
    lost(aws)

    class Late(Pass):
        def run(self) -> Any:
            aws.clock.sleep(INTERVAL)
            return super().run()

    summary = aws.one_pass(heartbeat=True, pass_type=Late)
    assert (summary.count(Did.LOOKED_AT), summary.count(Did.HEARTBEAT)) == (0, 0)
    assert summary.is_complete is False
    assert aws.stepfunctions.calls["SendTaskHeartbeat"] == []


def test_a_heartbeat_for_a_task_that_is_gone_closes_its_row(aws: SlowAws) -> None:
    """Stale, once; a row that somebody else has answered by then is not counted."""
    row = waiting_since(0, ONE)
    aws.add([row])
    aws.stepfunctions.gone.add(row.task_token)
    summary = aws.one_pass(heartbeat=True)
    assert (summary.count(Did.STALE), summary.count(Did.HEARTBEAT)) == (1, 0)
    assert row_of(aws, row).answer == "stale"


def test_a_stale_mark_that_the_row_does_not_take_counts_for_nobody(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An accepted answer outranks it."""
    row = waiting_since(0, ONE)
    aws.add([row])
    aws.stepfunctions.gone.add(row.task_token)
    failing(aws, monkeypatch, "update_item", code="ConditionalCheckFailedException")
    summary = aws.one_pass(heartbeat=True)
    assert (summary.count(Did.STALE), summary.count(Did.HEARTBEAT), summary.count(Did.FAILED)) == (
        0,
        0,
        0,
    )


@pytest.mark.parametrize(
    ("seen", "runs", "age"),
    [
        ("FAILED", ("seen", "new"), 1000.0),
        ("PROCESSING", ("seen",), 1000.0),
        ("PROCESSING", (), 1000.0),
        ("FAILED", ("seen",), 5400.0),
    ],
    ids=["a new run", "a run in progress then", "no record any more", "the queue is through"],
)
def test_what_a_description_can_answer_is_described_first(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    seen: str,
    runs: tuple[str, ...],
    age: float,
) -> None:
    """Before runs that had ended when their rows were registered, and may yet be run again."""
    monkeypatch.setattr(slow_aws, "SECONDS_A_CALL", 0.0)
    aws.passes = 1
    now = 2 * INTERVAL
    tokens = [token for token in map(str, range(1000)) if shard(token) == "0"][:20]
    for name in tokens[1:]:
        old = f"c/workflow-w/{name}"
        aws.record(old, "FAILED", execution(name))
        aws.run(execution(name), "FAILED", stopped=-900)
        told = {"seen_state": "FAILED", "seen_execution": execution(name)}
        aws.add([waiting_since(1000 - now, old, token=name, **told)])
    if runs:
        aws.record(ONE, seen, *map(execution, runs))
    told = {"seen_state": seen, "seen_execution": execution("seen")}
    aws.add([waiting_since(age - now, ONE, token=tokens[0], **told)])
    for name in ("seen", "new"):
        aws.run(execution(name), "SUCCEEDED", stopped=-900)
    aws.one_pass()
    assert aws.stepfunctions.described[0] == execution(runs[-1] if runs else "seen")


@pytest.mark.parametrize(
    ("code", "counts"),
    [(None, (1, 0, 0)), ("AccessDeniedException", (0, 1, 0)), ("TaskTimedOut", (0, 0, 1))],
)
def test_what_became_of_an_answer_is_counted(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
    code: str | None,
    counts: tuple[int, int, int],
) -> None:
    """Taken, refused (the row stays as it is for the next pass), or too late."""
    row = waiting_since(2000, ONE, workflow_state="SUCCEEDED", settled_at=timestamp(START))
    aws.add([row])
    aws.passes = 3

    def send(**_: str) -> None:
        if code is not None:
            raise ClientError({"Error": {"Code": code}}, "SendTaskSuccess")

    monkeypatch.setattr(aws.stepfunctions, "send_task_success", send)
    summary = aws.one_pass()
    assert summary.count(Did.LOOKED_AT) == 1
    assert (
        summary.count(Did.ANSWERED),
        summary.count(Did.FAILED),
        summary.count(Did.STALE),
    ) == counts
    assert row_of(aws, row).is_answered is (code != "AccessDeniedException")


def test_a_heartbeat_that_fails_says_nothing_of_the_task(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Throttled: the row failed, and stays open."""
    row = waiting_since(0, ONE)
    aws.add([row])

    def throttled(**_: str) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "SendTaskHeartbeat")

    monkeypatch.setattr(aws.stepfunctions, "send_task_heartbeat", throttled)
    summary = aws.one_pass(heartbeat=True)
    assert (summary.count(Did.FAILED), summary.count(Did.STALE), summary.count(Did.HEARTBEAT)) == (
        1,
        0,
        0,
    )
    assert not row_of(aws, row).is_answered


def test_every_row_counts_whatever_became_of_those_before_it(
    aws: SlowAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two of three heartbeats of a step fail, the oldest rows' ones."""
    tokens = [token for token in map(str, range(100)) if shard(token) == "0"][:3]
    for age, name in enumerate(tokens):
        aws.add([waiting_since(100 - age, f"c/workflow-w/{name}", token=name)])
    beat = aws.stepfunctions.send_task_heartbeat

    def send(taskToken: str) -> None:  # noqa: N803
        if taskToken != tokens[-1]:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "SendTaskHeartbeat")
        beat(taskToken)

    monkeypatch.setattr(aws.stepfunctions, "send_task_heartbeat", send)
    summary = aws.one_pass(heartbeat=True)
    assert (summary.count(Did.FAILED), summary.count(Did.HEARTBEAT)) == (2, 1)


def test_a_pass_that_has_done_nothing_says_so() -> None:
    """Every number is nought, no payload is stuck, and nothing was left for lack of time."""
    told = Summary().to_json()
    assert told.pop("is_complete") is True
    assert told.pop("stuck_payloads") == []
    assert set(told.values()) == {0}
