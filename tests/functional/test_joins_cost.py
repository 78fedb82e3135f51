"""What joins cost, calls counted; and who never sees the parent's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.cirrus_world import payload
from support.generation import bare_handler
from support.joined import Joined, ended, ended_as, payloads
from support.secrets import Written, calls, every_logger, stores

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls, Recording
    from support.cirrus_world import World


@pytest.fixture
def join(world: World, aws: AwsCalls) -> Joined:
    return Joined(world, aws)


def on_table(join: Joined, recording: Recording) -> dict[str, int]:
    """Calls on the tracking table."""
    return recording.counts(join.world.names.callbacks_table)


def test_a_request_costs_three_puts(join: Joined) -> None:
    """Whatever the number of members; nothing is read."""
    join.send(ended_as("SSSSS"))
    with join.aws.recording() as recording:
        join.world.process()
    assert on_table(join, recording) == {"PutItem": 3}
    assert not recording.of("BatchGetItem")


def test_a_member_costs_one_put_more_than_a_plain_wait(join: Joined) -> None:
    """In the process hook: the wait's put, and the member's."""
    for number in range(3):
        join.world.send(payload(f"plain-{number}"), f"token-{number}")
    with join.aws.recording() as plain:
        join.world.process()
    join.world.new_stream_records()
    join.send(payloads(3))
    join.world.process()
    join.stream()
    with join.aws.recording() as members:
        join.world.process()
    more = {name: count for name, count in on_table(join, plain).items() if name != "PutItem"}
    assert on_table(join, members) == {**more, "PutItem": 6}
    assert on_table(join, plain)["PutItem"] == 3


def test_a_batch_of_tellings_costs_an_update_a_member_and_one_a_join(join: Joined) -> None:
    """And the mark that every answered row has; no SendTask, nothing counted in between."""
    join.send([*ended_as("SSSS"), payload("runs")])
    join.world.process()
    join.stream()
    with join.aws.recording() as recording:
        join.stream()
    counts = on_table(join, recording)
    assert counts["UpdateItem"] == 4 + 1 + 4
    assert "Query" not in counts
    assert not recording.of("SendTaskSuccess")


def test_members_are_sent_ten_a_call(join: Joined) -> None:
    """25 payloads in three calls; one read of the list, one move of ``sent``."""
    join.send(payloads(25))
    join.world.process()
    with join.aws.recording() as recording:
        join.stream()
    assert len(recording.of("SendMessageBatch")) == 3
    assert not [
        call
        for call in recording.of("SendMessage")
        if call.parameters["QueueUrl"] == join.world.names.process_queue_url
    ]
    assert on_table(join, recording)["UpdateItem"] == 2  # total, sent


def test_the_answer_is_one_query_and_one_call(join: Joined) -> None:
    """Of a join that is settled."""
    join.send(ended_as("SS"))
    join.world.process()
    join.stream()
    join.stream()
    with join.aws.recording() as recording:
        join.stream()
    assert on_table(join, recording) == {"BatchGetItem": 1, "Query": 1, "UpdateItem": 1}
    assert len(recording.of("SendTaskSuccess")) == 1


def test_the_parents_token_stands_in_one_row_and_nowhere_else(
    world: World,
    aws: AwsCalls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """J4: in no message, log line, object, or other row; nor does a member's row hold it."""
    for name in ("process", "update_state"):
        bare_handler(name)
    bucket = world.names.payload_bucket
    monkeypatch.setenv("CIRRUS_CALLBACKS_JOINS_URL", f"s3://{bucket}/joins/")
    join, bad = Joined(world, aws), Joined(world, aws)
    written = Written()
    join.send([ended(0), payload("runs")], name="secretive")
    bad.world.send({**bad.request([7]), "callback": {"task_token": bad.token}})
    with every_logger(written), aws.recording() as recording:
        join.work()
        join.end("runs")
        join.work()
        bad.work()
    assert join.row["answer"] == "success"
    assert bad.row["answer"] == "failure"
    calls(written, recording)
    stores(written, world)
    assert written.holding([join.token, bad.token]) == []
    for each in (join, bad):
        holding = [row["task_token"] for row in world.rows() if each.token in str(row.values())]
        assert holding == ["#join"]
