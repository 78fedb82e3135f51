"""What AWS loses and the reconciler mends, after the real handlers of cirrus."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from cirrus_callbacks_plugin.waits.row import token_name
from cirrus_callbacks_plugin.waits.table import utc_now
from support.cirrus_world import payload, payload_id
from support.generation import COMPLETED, PREDECESSOR
from support.later import GRACE, REDELIVERY, Later
from support.logged_steps import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

SOON = GRACE + 60
# Cirrus 0.x lists a restart after its start only, so the listed run decides later there.
MENDED = REDELIVERY + 60 if PREDECESSOR else SOON
NOTHING = {
    "settled": 0,
    "never_started": 0,
    "answered": 0,
    "stale": 0,
    "expanded": 0,
    "failed": 0,
    "heartbeats": 0,
    "stuck": 0,
    "stuck_payloads": [],
    "cycles": 0,
    "cycles_told": 0,
}


@pytest.fixture
def later(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Later]:
    """Passes of the reconciler on Step Functions as it refuses second answers."""
    with corrected():
        yield Later(monkeypatch)


def did(summary: dict[str, Any]) -> dict[str, Any]:
    """What a pass did, without what it saw."""
    return {name: summary[name] for name in NOTHING}


def child_ended(world: World, token: str, item: str = "a", error: str | None = None) -> str:
    """A child that ended, and whose event was lost."""
    world.deliver((payload(item), token))
    run = world.runs(payload_id(item))[-1]
    world.end(run, error=error)
    return run


def stream_lost(world: World) -> None:
    """Records that no sender gets."""
    world.new_stream_records()


def test_a_lost_event_is_repaired(
    world: World,
    later: Later,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The run ended and EventBridge never said so: settled from the run, sent by the sender.

    The deployment is stuck too: its payload is named.
    """
    token = world.start_parent()
    run = child_ended(world, token)
    summary = later(MENDED)
    assert did(summary) == {
        **NOTHING,
        "settled": 1,
        "stuck": 1,
        "stuck_payloads": [payload_id("a")],
    }
    assert (summary["looked_at"], summary["open_waits"], summary["is_complete"]) == (1, 1, True)
    assert summary["oldest_open_seconds"] >= MENDED
    assert token not in caplog.text
    row = world.row(token)
    assert (row["workflow_state"], row["execution_arn"]) == ("SUCCEEDED", run)
    assert "output_payload_url" not in row
    world.send_answers()
    parent = world.parent_of(token)
    assert json.loads(parent["output"]) == {
        "payload_id": payload_id("a"),
        "workflow_state": COMPLETED,
        "execution_arn": run,
    }
    assert did(later(MENDED)) == NOTHING


def test_a_stuck_payload_is_warned_about(
    world: World,
    later: Later,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By its id: nobody will ever run it again by itself."""
    child_ended(world, "token")
    later(MENDED)
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert any(f"{payload_id('a')} is stuck" in record.getMessage() for record in warned)


@pytest.mark.parametrize(
    ("error", "state", "name"),
    [
        ("Boom", "FAILED", "CirrusCallback.Failed"),
        ("stactask.exceptions.InvalidInput", "INVALID", "CirrusCallback.Invalid"),
    ],
)
def test_a_lost_failure_is_told_by_its_type(
    world: World,
    later: Later,
    error: str,
    state: str,
    name: str,
) -> None:
    """As cirrus itself would have stored it."""
    token = world.start_parent()
    child_ended(world, token, error=error)
    assert later(MENDED)["settled"] == 1
    world.send_answers()
    assert world.row(token)["workflow_state"] == state
    parent = world.parent_of(token)
    assert (parent["status"], parent["error"]) == ("FAILED", name)
    assert f"{error}: it broke" in parent["cause"]


def test_an_event_that_cirrus_cannot_take_leaves_nobody_waiting(
    world: World,
    later: Later,
) -> None:
    """EventBridge leaves out what exceeds 248 KiB; update-state raises, the record stays.

    Reported as stuck as long as it is, its waiter answered.
    """
    token = world.start_parent()
    world.deliver((payload("a"), token))
    (run,) = world.runs(payload_id("a"))
    world.end(run, output={**payload("a"), "id": payload_id("a"), "log": "x" * 255_000})
    event = world.event_of(run)
    assert (event["detail"]["input"], event["detail"]["output"]) == (None, None)
    for _ in range(3):  # the event, and its two retries
        with pytest.raises(Exception, match="input"):
            world.update_state(event)
    assert world.state(payload_id("a")) == "PROCESSING"
    assert "settled_at" not in world.row(token)
    assert later(MENDED)["stuck_payloads"] == [payload_id("a")]
    world.send_answers()
    assert world.parent_of(token)["status"] == "SUCCEEDED"


def test_a_settled_row_is_answered_after_the_grace_alone(world: World, later: Later) -> None:
    """Its stream record was lost: answered with the sender's own code, counted from settling."""
    token = world.start_parent()
    world.run_to_end(token)
    stream_lost(world)
    before = later(GRACE - 60)
    assert (before["looked_at"], did(before)) == (0, NOTHING)
    after = later(SOON)
    assert (after["looked_at"], did(after)) == (1, {**NOTHING, "answered": 1})
    row = world.row(token)
    assert row["answer"] == "success"
    assert "waiting" not in row
    assert world.parent_of(token)["status"] == "SUCCEEDED"


def test_a_claim_whose_run_never_started(world: World, later: Later, aws: AwsCalls) -> None:
    """Process died between claim and start, and its message is gone: NeverStarted, not before.

    Until the redelivery time the queue may still bring the message back.
    """

    def die() -> None:
        raise SystemExit("the lambda is out of memory")

    token = world.start_parent()
    world.send(payload("a"), token)
    batch = world.receive()
    assert batch is not None
    aws.just_before("StartExecution", die)
    with pytest.raises(SystemExit):
        world.process(batch)
    world.delete(batch)  # received five times: it is with the dead letters now
    assert world.state(payload_id("a")) == "CLAIMED"
    before = later(REDELIVERY - 60)
    assert (before["looked_at"], did(before)) == (1, NOTHING)
    assert did(later(REDELIVERY + 60)) == {**NOTHING, "never_started": 1}
    world.send_answers()
    assert world.row(token)["workflow_state"] == "PROCESSING"
    assert world.parent_of(token)["error"] == "CirrusCallback.NeverStarted"


def test_a_run_that_goes_on_is_left(world: World, later: Later, aws: AwsCalls) -> None:
    """Past every time: a child may run for days; it costs no description."""
    token = world.start_parent()
    world.deliver((payload("a"), token))
    world.token_of(world.runs(payload_id("a"))[-1])  # it runs
    with aws.recording() as recording:
        summary = later(30 * REDELIVERY)
    assert (summary["still_running"], did(summary)) == (1, NOTHING)
    assert recording.counts()["ListExecutions"] == 1
    assert "DescribeExecution" not in recording.counts()
    world.end(world.runs(payload_id("a"))[-1])
    world.update_state(world.runs(payload_id("a"))[-1])
    world.send_answers()
    assert world.parent_of(token)["status"] == "SUCCEEDED"


def test_a_late_event_of_an_older_run_decides_nothing(world: World, later: Later) -> None:
    """The record says FAILED, by an older run's repeated event: the last listed run decides."""
    (old,) = world.write_state("FAILED")
    token = world.start_parent()
    world.deliver((payload(), token))
    new = world.runs(payload_id())[-1]
    world.end(new)
    world.update_state(world.event_about(old, "FAILED", error="Old", cause="c"))
    assert world.state(payload_id()) == "FAILED"
    assert later(MENDED)["settled"] == 1
    row = world.row(token)
    assert (row["workflow_state"], row["execution_arn"]) == ("SUCCEEDED", new)


def test_one_rows_error_stops_no_other(world: World, later: Later, aws: AwsCalls) -> None:
    """What cannot be read or written is counted, and mended by the next pass."""
    runs = {item: child_ended(world, f"token-{item}", item) for item in "abc"}
    aws.fail(
        "UpdateItem",
        when=lambda call: "token-a" in str(call.parameters["Key"]),
    )
    aws.fail(
        "DescribeExecution",
        "AccessDeniedException",
        when=lambda call: call.parameters["executionArn"] == runs["b"],
    )
    summary = later(MENDED)
    assert (summary["settled"], summary["failed"]) == (1, 2)
    assert "settled_at" in world.row("token-c")
    aws.heal()
    summary = later(MENDED)
    assert (summary["settled"], summary["failed"]) == (2, 0)


def test_an_answer_that_is_refused_stops_no_other(
    world: World,
    later: Later,
    aws: AwsCalls,
) -> None:
    """Access denied for one token, throttling for another: both stay open, the third is told."""
    tokens = [world.start_parent() for _ in range(3)]
    for item, token in zip("abc", tokens, strict=True):
        run = child_ended(world, token, item)
        world.update_state(run)
    stream_lost(world)
    for token, code in ((tokens[0], "AccessDeniedException"), (tokens[1], "ThrottlingException")):
        aws.fail(
            "SendTaskSuccess",
            code,
            when=lambda call, token=token: call.parameters["taskToken"] == token,  # type: ignore[misc]
        )
    summary = later(SOON)
    assert (summary["answered"], summary["failed"]) == (1, 2)
    assert [world.row(token).get("answer") for token in tokens] == [None, None, "success"]
    aws.heal()
    assert later(SOON)["answered"] == 2


def test_a_shard_that_cannot_be_read_stops_no_other(
    world: World,
    later: Later,
    aws: AwsCalls,
) -> None:
    """Counted and said; the rows of the other shards are repaired."""
    child_ended(world, "token-a")
    shard = world.row("token-a")["waiting"]
    other = _outside(shard)
    child_ended(world, other, "b")
    aws.fail(
        "Query",
        when=lambda call: shard in str(call.parameters.get("ExpressionAttributeValues")),
    )
    summary = later(MENDED)
    assert (summary["settled"], summary["failed"], summary["is_complete"]) == (1, 1, False)
    assert "settled_at" in world.row(other)


def test_rows_that_cannot_be_read_stop_no_other(
    world: World,
    later: Later,
    aws: AwsCalls,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One step's read is throttled: its rows are counted, the others repaired, the pass ends."""
    child_ended(world, "token-a")
    other = _outside(world.row("token-a")["waiting"])
    child_ended(world, other, "b")
    aws.fail("BatchGetItem", when=lambda call: "token-a" in str(call.parameters))
    summary = later(MENDED)
    assert (summary["settled"], summary["failed"]) == (1, 1)
    assert "settled_at" in world.row(other)
    (line,) = (line for _, line in lines(caplog) if line["callback"] == "not repaired")
    assert (line["payload_id"], line["wait"]) == (payload_id("a"), token_name("token-a"))
    assert "token-a" not in caplog.text
    aws.heal()
    assert later(MENDED)["settled"] == 1


def _outside(shard: str) -> str:
    """A token of another shard of the index."""
    tokens = (f"token-{number}" for number in range(100))
    return next(token for token in tokens if not _in_shard(token, shard))


def _in_shard(token: str, number: str) -> bool:
    from cirrus_callbacks_plugin.waits.row import shard

    return shard(token) == number


def test_two_reconcilers_settle_once(world: World, later: Later, aws: AwsCalls) -> None:
    """The other one is faster between look and act: the row is settled by it alone."""
    token = world.start_parent()
    child_ended(world, token)
    other: list[dict[str, Any]] = []
    aws.just_before("UpdateItem", lambda: other.append(later(MENDED)))
    assert did(later(MENDED))["settled"] == 0
    assert [summary["settled"] for summary in other] == [1]


def test_two_reconcilers_answer_once(world: World, later: Later, aws: AwsCalls) -> None:
    """Both send; Step Functions takes one answer, and the row says which."""
    token = world.start_parent()
    world.run_to_end(token)
    stream_lost(world)
    other: list[dict[str, Any]] = []
    aws.just_before("SendTaskSuccess", lambda: other.append(later(SOON)))
    assert did(later(SOON))["answered"] == 0
    assert [summary["answered"] for summary in other] == [1]
    assert world.row(token)["answer"] == "success"
    assert world.parent_of(token)["status"] == "SUCCEEDED"


def test_a_reconciler_beside_the_sender_answers_once(
    world: World,
    later: Later,
    aws: AwsCalls,
) -> None:
    """A late stream record is delivered while the reconciler sends: one answer is taken."""
    token = world.start_parent()
    world.run_to_end(token)
    aws.just_before("SendTaskSuccess", world.send_answers)
    with aws.recording() as recording:
        assert later(SOON)["answered"] == 0
    assert len(recording.of("SendTaskSuccess")) == 2  # and one of them was refused
    assert world.row(token)["answer"] == "success"
    row = world.row(token)
    assert did(later(SOON)) == NOTHING
    assert world.row(token) == row


@pytest.mark.parametrize("event", [None, {}, {"source": "aws.events"}, "x", [1]])
def test_the_event_is_ignored(world: World, later: Later, event: Any) -> None:
    """Whatever the schedule sends, or somebody by hand: an empty table is an empty summary."""
    assert later(0, event) == {
        **NOTHING,
        "open_waits": 0,
        "oldest_open_seconds": 0.0,
        "looked_at": 0,
        "still_running": 0,
        "refused_descriptions": 0,
        "is_complete": True,
    }


def test_policy_is_read_at_every_pass(
    world: World,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Grace and redelivery are the environment's; a wrong value is refused before any act."""
    child_ended(world, "ended", "a")
    world.write_state("CLAIMED", ("never",))
    world.waits().register(_row_of("ended-not", payload_id()))
    monkeypatch.setenv("CIRRUS_CALLBACKS_GRACE_SECONDS", "200")
    monkeypatch.setenv("CIRRUS_CALLBACKS_REDELIVERY_SECONDS", "400")
    assert later(190)["looked_at"] == 0
    assert did(later(390)) == {
        **NOTHING,
        "settled": 1,
        "stuck": 1,
        "stuck_payloads": [payload_id("a")],
    }
    assert later(410)["never_started"] == 1
    monkeypatch.setenv("CIRRUS_CALLBACKS_GRACE_SECONDS", "soon")
    with pytest.raises(ConfigurationError, match="CIRRUS_CALLBACKS_GRACE_SECONDS='soon'"):
        later(1000)


def _row_of(token: str, about: str) -> Any:
    from cirrus_callbacks_plugin.waits.row import Wait, shard, timestamp

    return Wait(
        about,
        token,
        workflow="sentinel-2-cog",
        registered_at=timestamp(utc_now()),
        waiting=shard(token),
        cirrus_version="2.0.0",
    )
