"""The sender on real stream records: repeated, cut short, refused, expired."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.aws_calls import aws_error
from support.cirrus_world import payload, payload_id
from support.table_rows import waits_in

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

NOTHING_FAILED: dict[str, list[object]] = {"batchItemFailures": []}


def settled_row(world: World, token: str, item: str = "S2A_31UFS_20240601_0_L2A") -> None:
    """A row that is settled with its first write."""
    world.deliver((payload(item, workflow="no-such-workflow"), token))


def test_a_record_delivered_twice_is_answered_once(world: World, aws: AwsCalls) -> None:
    """The second delivery reads the row and passes over it: one SendTask call."""
    token = world.start_parent()
    settled_row(world, token)
    records = world.new_stream_records()
    with aws.recording() as recording:
        world.send_answers(records)
        row = world.row(token)
        assert world.send_answers(records) == NOTHING_FAILED
    assert len(recording.of("SendTaskFailure")) == 1
    assert world.row(token) == row
    assert row["answer"] == "failure"


def test_a_batch_retried_from_its_middle_keeps_every_answer(
    world: World,
    aws: AwsCalls,
) -> None:
    """Throttling of one answer repeats the batch from there; given answers stay as they are."""
    tokens = [world.start_parent() for _ in range(3)]
    for number, token in enumerate(tokens):
        settled_row(world, token, f"item-{number}")
    records = world.new_stream_records()
    aws.fail("SendTaskFailure", when=lambda call: call.parameters["taskToken"] == tokens[1])
    (first_of_second,) = [
        record["dynamodb"]["SequenceNumber"]
        for record in records
        if record["eventName"] == "INSERT"
        and record["dynamodb"]["Keys"]["task_token"]["S"] == tokens[1]
    ]
    assert world.send_answers(records) == {
        "batchItemFailures": [{"itemIdentifier": first_of_second}],
    }
    assert [world.row(token).get("answer") for token in tokens] == ["failure", None, "failure"]
    aws.heal()
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    rest = records[numbers.index(first_of_second) :]
    assert world.send_answers(rest) == NOTHING_FAILED
    assert [world.row(token)["answer"] for token in tokens] == ["failure"] * 3


def test_stale_never_overwrites_an_accepted_answer(world: World, aws: AwsCalls) -> None:
    """Two senders at once: one is accepted, the other refused, in either order of the marks.

    The accepted answer's mark outranks ``stale`` in either order.
    """
    waits = world.waits()
    for order in (("success", "stale"), ("stale", "success")):
        token = f"token-{order[0]}"
        settled_row(world, token, token)
        key = next(row.key for row in waits_in(waits) if row.task_token == token)
        for answer in order:
            waits.mark_answered(key, answer, answer_error=None, retention_days=1)
        assert world.row(token)["answer"] == "success"


def test_a_mark_that_was_lost_is_made_by_the_redelivery(world: World, aws: AwsCalls) -> None:
    """Answered, then the mark failed: the record comes again and Step Functions says no.

    The row becomes ``stale``: that may stand for an answer of ours, as the docs say.
    """
    token = world.start_parent()
    settled_row(world, token)
    records = world.new_stream_records()
    aws.fail("UpdateItem", when=lambda call: "expiration_time" in str(call.parameters))
    assert world.send_answers(records)["batchItemFailures"]
    assert "answer" not in world.row(token)
    assert world.parent_of(token)["status"] == "FAILED"
    aws.heal()
    aws.fail("SendTaskFailure", "TaskTimedOut")
    assert world.send_answers(records) == NOTHING_FAILED
    assert world.row(token)["answer"] == "stale"


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_that_is_no_longer_accepted_closes_the_row(
    world: World,
    aws: AwsCalls,
    code: str,
) -> None:
    """The waiter is gone: the row is stale, expires, and blocks nobody."""
    settled_row(world, "token")
    aws.fail("SendTaskFailure", code)
    assert world.send_answers() == NOTHING_FAILED
    row = world.row("token")
    assert row["answer"] == "stale"
    assert "expiration_time" in row
    assert "answer_error" not in row
    assert "waiting" not in row


def test_a_refused_call_leaves_the_row_open_and_the_shard_going(
    world: World,
    aws: AwsCalls,
) -> None:
    """Access denied is logged, and is not retried by the stream: the reconciler's case."""
    other = world.start_parent()
    settled_row(world, "token", "a")
    settled_row(world, other, "b")
    aws.fail(
        "SendTaskFailure",
        "AccessDeniedException",
        when=lambda call: call.parameters["taskToken"] == "token",
    )
    assert world.send_answers() == NOTHING_FAILED
    assert "answered_at" not in world.row("token")
    assert world.row(other)["answer"] == "failure"


def test_a_mark_that_is_refused_leaves_the_row_open_and_the_shard_going(
    world: World,
    aws: AwsCalls,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The parent has its answer; what cannot be written holds up no others."""
    token, other = world.start_parent(), world.start_parent()
    settled_row(world, token, "a")
    settled_row(world, other, "b")
    aws.fail(
        "UpdateItem",
        "AccessDeniedException",
        when=lambda call: token in str(call.parameters["Key"]),
    )
    assert world.send_answers() == NOTHING_FAILED
    assert world.parent_of(token)["status"] == "FAILED"
    assert "answered_at" not in world.row(token)
    assert world.row(other)["answer"] == "failure"
    assert "AWS refused a call (AccessDeniedException); the wait stays open" in caplog.text
    assert token not in caplog.text


@pytest.mark.parametrize("error", ["InternalServerError", "ThrottlingException"])
def test_what_passes_is_delivered_again(world: World, aws: AwsCalls, error: str) -> None:
    """Throttling and server errors come back by the partial batch response."""
    settled_row(world, "token")
    aws.fail("SendTaskFailure", error, times=1)
    records = world.new_stream_records()
    assert len(world.send_answers(records)["batchItemFailures"]) == 1
    assert "answered_at" not in world.row("token")


def test_rows_that_cannot_be_read_fail_the_batch(world: World, aws: AwsCalls) -> None:
    """Without the rows nothing is known: the error is raised and the batch comes again."""
    settled_row(world, "token")
    records = world.new_stream_records()
    aws.fail("BatchGetItem", aws_error("AccessDeniedException"))
    with pytest.raises(Exception, match="AccessDeniedException"):
        world.send_answers(records)


def test_a_row_that_the_ttl_removed_is_passed_over(world: World) -> None:
    """A removal says nothing; a record of a row that is gone meanwhile does not either."""
    settled_row(world, "token")
    row = waits_in(world.waits())[0]
    world.dynamodb.delete_item(
        TableName=world.names.callbacks_table,
        Key=row.key.to_item(),
    )
    records = world.new_stream_records()
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert world.send_answers(records) == NOTHING_FAILED
    assert world.rows() == []


def test_a_settle_of_a_removed_row_makes_no_new_one(world: World) -> None:
    """Update of a row that the TTL has removed would leave a row without a wait."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    row = waits_in(world.waits())[0]
    outcome_of = world.event_about(run)
    world.dynamodb.delete_item(TableName=world.names.callbacks_table, Key=row.key.to_item())
    world.update_state(outcome_of)
    assert not world.waits().mark_answered(
        row.key,
        "success",
        answer_error=None,
        retention_days=1,
    )
    assert world.rows() == []


def test_a_new_row_of_a_disabled_workflow_is_refused_at_once(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The flag is off: NotEnabled, at once; the row's state stays what it was."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_WORKFLOWS", "other, more")
    token = world.start_parent()
    world.deliver((payload(), token))
    world.send_answers()
    parent = world.parent_of(token)
    assert parent["error"] == "CirrusCallback.NotEnabled"
    row = world.row(token)
    assert (row["answer"], row["answer_error"], row["workflow_state"]) == (
        "failure",
        "CirrusCallback.NotEnabled",
        "PROCESSING",
    )
    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    assert world.row(token) == row


def test_a_row_settled_with_its_first_write_is_refused_as_well(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Settled or not: the flag is judged on the new row's record."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_WORKFLOWS", "")
    world.write_state("SUCCEEDED")
    token = world.start_parent()
    world.deliver((payload(), token))
    world.send_answers()
    assert world.parent_of(token)["error"] == "CirrusCallback.NotEnabled"


def test_a_wait_that_was_there_when_the_flag_went_off_gets_the_truth(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The flag is judged once; afterwards the outcome is what counts."""
    token = world.start_parent()
    world.deliver((payload(), token))
    world.send_answers()
    monkeypatch.setenv("CIRRUS_CALLBACKS_WORKFLOWS", "")
    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    world.send_answers()
    assert world.parent_of(token)["status"] == "SUCCEEDED"


def test_a_record_that_is_none_blocks_nobody(world: World) -> None:
    """Records that cannot be read never will be: logged, passed over."""
    token = world.start_parent()
    settled_row(world, token)
    broken: list[dict[str, object]] = [
        {"eventID": "1"},
        {"eventID": "2", "dynamodb": {"NewImage": {"payload_id": {"S": "p"}}}},
        {"eventID": "3", "eventName": "INSERT", "dynamodb": None},
    ]
    assert world.send_answers([*broken, *world.new_stream_records()]) == NOTHING_FAILED
    assert world.row(token)["answer"] == "failure"


def test_answered_rows_expire_after_the_retention(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``expiration_time`` is now plus the retention, and only answered rows have one."""
    from datetime import datetime, timedelta

    monkeypatch.setenv("CIRRUS_CALLBACKS_RETENTION_DAYS", "7")
    settled_row(world, "token")
    assert "expiration_time" not in world.row("token")
    world.send_answers()
    row = world.row("token")
    answered = datetime.fromisoformat(row["answered_at"])
    assert int(row["expiration_time"]) == int((answered + timedelta(days=7)).timestamp())


def test_the_cause_is_json_whatever_the_child_said(world: World, aws: AwsCalls) -> None:
    """A child's huge, hostile error text stays valid JSON within the limit."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    text = '"\\\u0000é' * 20_000
    world.update_state(world.event_about(run, "FAILED", error="Boom", cause=text))
    with aws.recording() as recording:
        world.send_answers()
    (sent,) = recording.of("SendTaskFailure")
    assert len(sent.parameters["cause"].encode()) <= 32_768
    assert json.loads(sent.parameters["cause"])["error"].startswith("Boom: ")
