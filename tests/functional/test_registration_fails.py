"""A token that cannot be registered: its message alone comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.errors import RegistrationFailed
from support.cirrus_world import payload, payload_id

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls, Call
    from support.cirrus_world import World


def of_token(token: str):  # noqa: ANN201 - a predicate
    """Calls that put the row of a token."""

    def when(call: Call) -> bool:
        return call.parameters["Item"]["task_token"]["S"] == token

    return when


def test_one_failed_registration_sends_back_its_message_alone(
    world: World,
    aws: AwsCalls,
) -> None:
    """Neighbours are processed once and deleted; the message that failed comes again."""
    aws.fail("PutItem", when=of_token("bad"))
    with pytest.raises(RegistrationFailed) as raised:
        world.deliver((payload("a"), "good"), (payload("b"), "bad"), (payload("c"), None))
    assert "put: ThrottlingException" in str(raised.value)
    assert "bad" not in str(raised.value)
    assert world.runs(payload_id("b")) == []
    assert len(world.runs(payload_id("a"))) == len(world.runs(payload_id("c"))) == 1
    assert world.messages_left() == 1
    event = world.receive()
    assert event is not None
    assert raised.value.message_ids == (event["Records"][0]["messageId"],)
    aws.heal()
    assert world.process(event) == 1
    assert world.row("bad")["payload_id"] == payload_id("b")
    assert world.messages_left() == 0


def test_a_message_that_comes_back_settles_nothing(world: World, aws: AwsCalls) -> None:
    """Of a message's two tokens one failed: the other's row waits for the redelivery.

    The payload is FAILED as the row saw it; cirrus will restart it once the message comes
    again, so its old failure is not an answer.
    """
    world.write_state("FAILED")
    aws.fail("PutItem", when=of_token("bad"))
    with pytest.raises(RegistrationFailed):
        world.deliver((payload(callback={"task_token": "good"}), "bad"))
    assert "settled_at" not in world.row("good")
    aws.heal()
    assert world.process() == 1
    run = world.runs(payload_id())[-1]
    world.end(run)
    world.update_state(run)
    for token in ("good", "bad"):
        assert world.row(token)["workflow_state"] == "SUCCEEDED"


def test_a_row_shared_with_a_processed_message_is_still_settled(
    world: World,
    aws: AwsCalls,
) -> None:
    """Two messages with the same token, one of which also failed with another token."""
    about = payload(workflow="no-such-workflow")
    aws.fail("PutItem", when=of_token("bad"))
    world.send(about, "shared")
    world.send({**about, "process": [{**about["process"][0], "callback": {"task_token": "bad"}}]})
    world.send(
        {**about, "process": [{**about["process"][0], "callback": {"task_token": "shared"}}]},
        "bad",
    )
    with pytest.raises(RegistrationFailed):
        world.process()
    assert world.row("shared")["workflow_state"] == "FAILED"


def test_nothing_registered_runs_no_cirrus(world: World, aws: AwsCalls) -> None:
    """Where every message failed, cirrus is not called with an empty batch."""
    aws.fail("PutItem")
    with aws.recording() as recording, pytest.raises(RegistrationFailed, match=r"2 message\(s\)"):
        world.deliver((payload("a"), "one"), (payload("b"), "two"))
    assert world.messages_left() == 2
    assert recording.of("StartExecution") == []
    assert recording.of("DeleteMessageBatch") == []


def test_cirruss_exception_wins_over_a_failed_registration(world: World, aws: AwsCalls) -> None:
    """Cirrus raised: its exception is raised, and redelivery is its own business."""
    aws.fail("PutItem", when=of_token("bad"))
    with pytest.raises(Exception, match="One or more payloads failed to process"):
        world.deliver((payload("a"), "bad"), ("not JSON", None), (payload("c"), None))
    # Cirrus itself deleted what it processed; the other two come again.
    assert world.messages_left() == 2
    assert world.runs(payload_id("a")) == []


def test_a_state_table_that_cannot_be_read_registers_nothing(world: World, aws: AwsCalls) -> None:
    """A row without what was seen would say "no record": so there is no row."""
    world.write_state("FAILED")
    aws.fail("BatchGetItem", when=lambda call: "ConsistentRead" in str(call.parameters))
    with pytest.raises(RegistrationFailed, match="read of the state table: ThrottlingException"):
        world.deliver((payload(), "token"))
    assert world.rows() == []


def test_a_state_table_that_fails_afterwards_fails_nothing(world: World, aws: AwsCalls) -> None:
    """Step 3 cannot read: the wait stays open, the invocation returns as cirrus did."""

    def from_now_on() -> None:
        aws.fail("BatchGetItem", "AccessDeniedException")

    aws.just_before("UpdateItem", from_now_on)
    assert world.deliver((payload(), "token")) == 1
    assert "settled_at" not in world.row("token")


def test_a_settle_that_fails_afterwards_fails_nothing(world: World, aws: AwsCalls) -> None:
    """Step 3 cannot write: the reconciler mends it; the message counts as processed."""
    aws.fail("UpdateItem", when=lambda call: call.table == world.names.callbacks_table)
    assert world.deliver((payload(workflow="no-such-workflow"), "token")) == 0
    assert world.messages_left() == 0
    assert "settled_at" not in world.row("token")


def test_a_put_whose_answer_was_lost_finds_its_row_again(world: World, aws: AwsCalls) -> None:
    """The row is there though the put failed; the redelivered message finds it."""
    aws.fail("PutItem", "InternalServerError", times=1, after_effect=True)
    with pytest.raises(RegistrationFailed):
        world.deliver((payload(), "token"))
    row = world.row("token")
    assert world.process() == 1
    (run,) = world.runs(payload_id())
    assert world.row("token") == {**row, "execution_arn": run}  # noted once cirrus is through


def test_neighbours_that_cannot_be_deleted_are_named_in_the_log(
    world: World,
    aws: AwsCalls,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The failed registration is still what is raised; the neighbour comes again."""
    aws.fail("PutItem", when=of_token("bad"))
    aws.fail("DeleteMessageBatch", "AccessDenied")
    world.send(payload("a"), "bad")
    world.send(payload("b"))
    event = world.receive()
    assert event is not None
    with pytest.raises(RegistrationFailed):
        world.process(event)
    assert world.messages_left() == 2
    (line,) = [line for line in caplog.messages if "could not be deleted" in line]
    assert event["Records"][1]["messageId"] in line
    assert "AccessDenied" in line


def test_an_unexpected_error_concerns_the_messages_with_tokens_alone(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Even a defect of ours sends back only messages with tokens, and tells no token."""
    from cirrus_callbacks_plugin.hooks import registration

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect that quotes SECRET")

    monkeypatch.setattr(registration, "Wait", broken)
    with pytest.raises(RegistrationFailed, match="unexpected RuntimeError"):
        world.deliver((payload("a"), "SECRET"), (payload("b"), None))
    assert len(world.runs(payload_id("b"))) == 1
    assert world.messages_left() == 1
    assert "SECRET" not in caplog.text
