"""Several messages in one batch, several tokens, the same message twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.cirrus_world import payload, payload_id

if TYPE_CHECKING:
    from support.cirrus_world import World


def test_the_same_message_delivered_twice_finds_its_row(world: World) -> None:
    """A redelivery leaves the row as it is, and the wait is answered once."""
    world.send(payload(), "token")
    event = world.receive()
    assert event is not None
    assert world.process(event) == 1
    row = world.row("token")
    assert world.process(event) == 0
    assert world.row("token") == row
    assert len(world.rows()) == 1
    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    assert world.row("token")["workflow_state"] == "SUCCEEDED"


def test_a_redelivery_after_the_end_leaves_the_settled_row(world: World) -> None:
    """The message comes again once everything is over: nothing is settled twice."""
    world.send(payload(), "token")
    event = world.receive()
    assert event is not None
    world.process(event)
    (run,) = world.runs(payload_id())
    world.end(run, error="Boom")
    world.update_state(run)
    row = world.row("token")
    world.process(event)
    assert world.row("token") == row
    assert len(world.runs(payload_id())) == 2


def test_two_messages_of_one_payload_wait_for_one_run(world: World) -> None:
    """Cirrus drops the second message of a batch; its token waits for the same run."""
    assert world.deliver((payload(), "one"), (payload(), "two")) == 1
    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    for token in ("one", "two"):
        assert world.row(token)["execution_arn"] == run


def test_two_messages_that_replace_wait_for_the_one_run_that_replaces(world: World) -> None:
    """The dropped duplicate's token, too, is answered by the run of the first message."""
    (old,) = world.write_state("SUCCEEDED")
    assert world.deliver((payload(replace=True), "one"), (payload(replace=True), "two")) == 1
    new = world.runs(payload_id())[-1]
    assert new != old
    for token in ("one", "two"):
        assert "settled_at" not in world.row(token)
    world.end(new)
    world.update_state(new)
    for token in ("one", "two"):
        assert world.row(token)["execution_arn"] == new


def test_a_replacement_that_cirrus_drops_as_a_duplicate_is_never_started(world: World) -> None:
    """First message skipped, second dropped though it asked for a replacement.

    What the second asked to replace is not an answer to it; the first gets the completion.
    """
    world.write_state("SUCCEEDED")
    token = world.start_parent()
    assert world.deliver((payload(), "first"), (payload(replace=True), token)) == 0
    assert world.row("first")["workflow_state"] == "SUCCEEDED"
    row = world.row(token)
    assert (row["answer_error"], row["workflow_state"]) == (
        "CirrusCallback.NeverStarted",
        "PROCESSING",
    )
    assert "SUCCEEDED before and is still" in row["error"]
    world.send_answers()
    assert world.parent_of(token)["error"] == "CirrusCallback.NeverStarted"


def test_one_token_for_two_payloads_is_answered_by_the_first(world: World) -> None:
    """The first answer counts, whichever it is; the other row becomes stale."""
    token = world.start_parent()
    world.write_state("SUCCEEDED")
    world.deliver((payload(), token), (payload("other"), token))
    assert len(world.rows()) == 2
    world.send_answers()
    assert world.parent_of(token)["status"] == "SUCCEEDED"
    (run,) = world.runs(payload_id("other"))
    world.end(run)
    world.update_state(run)
    world.send_answers()
    answers = {row["payload_id"]: row["answer"] for row in world.rows()}
    assert answers == {payload_id(): "success", payload_id("other"): "stale"}


def test_a_message_with_two_tokens_registers_both(world: World) -> None:
    """A token in an attribute and another in the payload: each waits."""
    world.deliver((payload(callback={"task_token": "inner"}), "outer"))
    assert {row["task_token"] for row in world.rows()} == {"inner", "outer"}


def test_messages_with_and_without_tokens_are_processed_together(world: World) -> None:
    """Only messages with a token leave a row; cirrus starts every one of them."""
    returned = world.deliver(
        (payload("a"), None),
        (payload("b"), "token-b"),
        (payload("c"), None),
        (payload("d"), "token-d"),
    )
    assert returned == 4
    assert {row["payload_id"] for row in world.rows()} == {payload_id("b"), payload_id("d")}
    assert world.messages_left() == 0


def test_what_cirrus_sees_and_keeps_holds_no_token(
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No log line, stored payload or child input holds a token, by whichever carrier it came."""
    tokens = [f"SECRET-{number}" for number in range(5)]
    caplog.set_level("DEBUG")
    world.send(payload("a"), tokens[0], waiter={"payload-id": "who"})
    world.send(payload("b", callback={"task_token": tokens[1]}))
    world.send({"Payload": payload("c"), "TaskToken": tokens[2]})
    world.send({**payload("d"), "process": [*payload("d")["process"], {"callback": tokens[3]}]})
    world.send("not JSON", tokens[4])
    with pytest.raises(Exception, match="One or more payloads failed") as raised:
        world.process()
    assert "SECRET" not in str(raised.value)
    for item in "abcd":
        (run,) = world.runs(payload_id(item))
        assert "SECRET" not in world.describe(run)["input"]
        world.end(run)
        world.update_state(run)
    world.send_answers()
    bucket = world.names.payload_bucket
    for entry in world.s3.list_objects_v2(Bucket=bucket)["Contents"]:
        assert b"SECRET" not in world.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
    ours = [
        record.getMessage() + json.dumps(vars(record), default=str)
        for record in caplog.records
        if not record.name.startswith(("botocore", "boto3", "urllib3", "moto"))
    ]
    assert any("registered" in line for line in ours)
    assert not [line for line in ours if "SECRET" in line]


def test_a_token_that_is_too_long_for_a_key_makes_the_whole_way(world: World) -> None:
    """Tokens of up to 2,048 characters wait and are answered under a digest."""
    token = "t" * 2048
    world.write_state("SUCCEEDED")
    world.deliver((payload(), token))
    (row,) = world.rows()
    assert row["task_token"].startswith("sha256:")
    assert row["full_task_token"] == token
    with_answer = world.send_answers()
    assert with_answer == {"batchItemFailures": []}
    (row,) = world.rows()
    assert row["answer"] == "stale"  # moto knows no such token; it was asked about the whole


def test_a_direct_invocation_registers_too(world: World) -> None:
    """A payload that invokes ``process`` by itself, without a queue, may carry a token."""
    from cirrus_callbacks_plugin.lambda_functions import process

    assert process.lambda_handler(payload(callback={"task_token": "token"}), None) == 1
    assert world.row("token")["payload_id"] == payload_id()


@pytest.mark.parametrize("token", [None, "token"])
def test_a_payload_nested_hundreds_deep_hurts_no_neighbour(
    world: World,
    token: str | None,
) -> None:
    """JSON may nest deeper than a recursion in Python goes: processed as without us."""
    deep = "[" * 900 + "]" * 900
    about = json.dumps(payload("deep"))[:-2] + f', {{"callback": {deep}}}, {deep}]}}'
    assert world.deliver((about, token), (payload("neighbour"), "other")) == 2
    assert world.row("other")["payload_id"] == payload_id("neighbour")
    assert len(world.rows()) == (2 if token else 1)
