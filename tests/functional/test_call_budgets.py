"""What the hooks and the sender may ask of AWS: calls counted, never clocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.errors import RegistrationFailed
from support.cirrus_world import Context, payload, payload_id
from support.generation import bare_handler, forget_queue_urls, run_elsewhere

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls, Recording
    from support.cirrus_world import World


@pytest.fixture(autouse=True)
def warm(world: World) -> None:
    """Cirrus looks up the queue's URL once a process; that counts in no budget here."""
    forget_queue_urls()


def batch(world: World, count: int, tokens: int, **process: Any) -> dict[str, Any]:
    """One event of ``count`` messages, the first ``tokens`` of them with a token."""
    for number in range(count):
        token = f"token-{number}" if number < tokens else None
        world.send(payload(f"item-{number}", **process), token)
    event = world.receive()
    assert event is not None
    return event


def added(world: World, aws: AwsCalls, event: dict[str, Any]) -> dict[str, int]:
    """What the wrapped handler calls beyond what cirrus itself calls for the same batch."""
    with aws.recording() as wrapped:
        world.process(event)
    return ours(world, wrapped)


def ours(world: World, recording: Recording) -> dict[str, int]:
    """Calls on the tracking table, and the hooks' consistent reads of the state table."""
    counts = recording.counts(world.names.callbacks_table)
    reads = [
        call
        for call in recording.of("BatchGetItem")
        if "ConsistentRead" in str(call.parameters) and call.table == world.names.state_table
    ]
    if reads:
        counts["read of the state table"] = len(reads)
    return counts


@pytest.mark.parametrize("count", [1, 10])
def test_a_batch_without_tokens_adds_no_call(world: World, aws: AwsCalls, count: int) -> None:
    """Wrapped and bare handler make exactly the same calls."""
    from cirrus_callbacks_plugin.lambda_functions.process import lambda_handler

    counts = []
    for name, handler in (("bare", bare_handler("process")), ("wrapped", lambda_handler)):
        for number in range(count):
            world.send(payload(f"{name}-{number}"))
        event = world.receive()
        with aws.recording() as recording:
            assert handler(event, Context()) == count
        assert event is not None
        world.delete(event)
        # Not those of the children, which moto runs in this process.
        counts.append(recording.counts() | {"SendMessage": 0})
    assert counts[0] == counts[1]
    assert counts[0]["StartExecution"] == count


@pytest.mark.parametrize(("count", "tokens"), [(1, 1), (10, 1), (10, 10)])
def test_t_tokens_cost_t_puts_t_notes_and_two_reads(
    world: World,
    aws: AwsCalls,
    count: int,
    tokens: int,
) -> None:
    """New payloads: one read before and one after, whatever the number; a put and a note a token.

    The note tells which run goes on: its record may be deleted.
    """
    assert added(world, aws, batch(world, count, tokens)) == {
        "PutItem": tokens,
        "UpdateItem": tokens,
        "read of the state table": 2,
    }


def test_completed_payloads_cost_one_put_each_and_one_read(world: World, aws: AwsCalls) -> None:
    """The commonest case: settled with the first write, no second read."""
    for number in range(10):
        about = payload_id(f"item-{number}")
        run_elsewhere(about, world.run_arn("old"), "SUCCEEDED")
    assert added(world, aws, batch(world, 10, 10)) == {
        "PutItem": 10,
        "read of the state table": 1,
    }


def test_rows_settled_in_step_3_cost_one_update_each(world: World, aws: AwsCalls) -> None:
    """Runs that could not start: one update a row."""
    assert added(world, aws, batch(world, 4, 3, workflow="no-such-workflow")) == {
        "PutItem": 3,
        "read of the state table": 2,
        "UpdateItem": 3,
    }


def test_a_payload_behind_a_url_costs_one_get_where_it_has_a_token(
    world: World,
    aws: AwsCalls,
) -> None:
    """One GetObject for each message with a token, none for one without."""
    bucket = world.names.payload_bucket
    for number in range(4):
        body = json.dumps(payload(f"item-{number}"))
        world.s3.put_object(Bucket=bucket, Key=f"{number}.json", Body=body.encode())
        world.send({"url": f"s3://{bucket}/{number}.json"}, f"t-{number}" if number < 3 else None)
    with aws.recording() as recording:
        world.process()
    gets = len(recording.of("GetObject"))
    assert gets == 4 + 3  # cirrus reads each, we read three
    assert ours(world, recording)["PutItem"] == 3


def test_a_failed_registration_costs_one_deletion_per_ten_messages(
    world: World,
    aws: AwsCalls,
) -> None:
    """Nine neighbours leave the queue in one call, without a look-up of the queue."""
    event = batch(world, 10, 1)
    aws.fail("PutItem")
    with aws.recording() as recording, pytest.raises(RegistrationFailed):
        world.process(event)
    (deletion,) = recording.of("DeleteMessageBatch")
    assert len(deletion.parameters["Entries"]) == 9
    assert recording.of("GetQueueUrl") == []


def test_update_state_without_a_waiter_adds_one_query(world: World, aws: AwsCalls) -> None:
    """No open row: one Query of the tracking table, and the record is not read."""
    (run,) = world.write_state("PROCESSING")
    with aws.recording() as recording:
        world.update_state(world.event_about(run))
    assert ours(world, recording) == {"Query": 1}
    assert recording.of("GetItem") == []


def test_an_event_that_writes_no_state_adds_no_call(world: World, aws: AwsCalls) -> None:
    """Cirrus raised before its setter: not even the Query."""
    (run,) = world.write_state("PROCESSING")
    with aws.recording() as recording, pytest.raises(Exception, match="Input details"):
        world.update_state(world.event_about(run, inputDetails=None))
    assert ours(world, recording) == {}


def test_w_waiters_cost_one_read_a_page_and_w_updates(world: World, aws: AwsCalls) -> None:
    """Open rows: a GetItem of the record for their page, one update each."""
    (run,) = world.write_state("PROCESSING")
    for number in range(12):
        world.send(payload(), f"token-{number}")
    while world.messages_left():
        world.process()
    with aws.recording() as recording:
        world.update_state(world.event_about(run))
    assert ours(world, recording) == {"Query": 1, "UpdateItem": 12}
    (read,) = recording.of("GetItem")
    assert read.table == world.names.state_table


def put_settled(world: World, count: int) -> None:
    """Settled rows, a payload each."""
    from cirrus_callbacks_plugin.waits.row import Wait, shard

    waits = world.waits()
    for number in range(count):
        token = f"token-{number}"
        waits.register(
            Wait(
                payload_id=payload_id(f"item-{number}"),
                task_token=token,
                workflow_state="SUCCEEDED",
                workflow="sentinel-2-cog",
                registered_at=waits.now(),
                settled_at=waits.now(),
                waiting=shard(token),
            ),
        )


def test_the_sender_costs_one_answer_and_one_mark_a_row(world: World, aws: AwsCalls) -> None:
    """Up to 25 rows: one batch read, one SendTask call and one update for each row."""
    put_settled(world, 25)
    records = world.new_stream_records()
    with aws.recording() as recording:
        world.send_answers(records)
    assert recording.counts() == {"BatchGetItem": 1, "SendTaskSuccess": 25, "UpdateItem": 25}


def test_the_sender_marks_many_rows_25_a_call(world: World, aws: AwsCalls) -> None:
    """One batch read for each hundred rows, one SendTask call a row, 25 marks a call.

    Every token is answered before its row is marked.
    """
    put_settled(world, 60)
    records = world.new_stream_records()
    with aws.recording() as recording:
        world.send_answers(records)
    assert recording.counts() == {
        "BatchGetItem": 1,
        "SendTaskSuccess": 60,
        "BatchExecuteStatement": 3,
    }
    sent: set[str] = set()
    for call in recording.calls:
        if call.operation == "SendTaskSuccess":
            sent.add(call.parameters["taskToken"])
        for statement in call.parameters.get("Statements", ()):
            (token,) = {each.get("S") for each in statement["Parameters"]} & TOKENS
            assert token in sent
    with aws.recording() as again:
        world.send_answers(records)
    assert again.counts() == {"BatchGetItem": 1}


TOKENS = {f"token-{number}" for number in range(60)}


def test_many_waiters_are_settled_25_a_call(world: World, aws: AwsCalls) -> None:
    """The query, the record for its page, three batches for sixty rows."""
    from cirrus_callbacks_plugin.waits.row import Wait, shard

    (run,) = world.write_state("PROCESSING")
    waits = world.waits()
    for number in range(60):
        token = f"token-{number}"
        waits.register(
            Wait(
                payload_id=payload_id(),
                task_token=token,
                workflow="sentinel-2-cog",
                registered_at=waits.now(),
                waiting=shard(token),
                seen_state="PROCESSING",
                seen_execution=run,
            ),
        )
    with aws.recording() as recording:
        world.update_state(world.event_about(run))
    assert ours(world, recording) == {"Query": 1, "BatchExecuteStatement": 3}
    assert all("settled_at" in row for row in world.rows())
