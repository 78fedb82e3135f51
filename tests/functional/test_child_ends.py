"""How a child may end, up to what its parent is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.cirrus_world import payload, payload_id
from support.generation import bare_handler

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


def test_success_resumes_the_parent_with_the_childs_output(world: World) -> None:
    """A completed child's waiter gets its id, state, run and output URL, and no more."""
    token = world.start_parent()
    run = world.run_to_end(token)
    assert world.send_answers() == {"batchItemFailures": []}
    parent = world.parent_of(token)
    url = world.row(token)["output_payload_url"]
    assert parent["status"] == "SUCCEEDED"
    assert json.loads(parent["output"]) == {
        "payload_id": payload_id(),
        "workflow_state": "SUCCEEDED",
        "execution_arn": run,
        "output_payload_url": url,
    }
    bucket, _, key = url.removeprefix("s3://").partition("/")
    stored = json.loads(world.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert stored["id"] == payload_id()


@pytest.mark.parametrize(
    ("error", "state", "name"),
    [
        ("Boom", "FAILED", "CirrusCallback.Failed"),
        ("cirrus.lib.errors.InvalidInput", "INVALID", "CirrusCallback.Invalid"),
        ("stactask.exceptions.InvalidInput", "INVALID", "CirrusCallback.Invalid"),
    ],
)
def test_an_error_fails_the_parent_by_its_type(
    world: World,
    aws: AwsCalls,
    error: str,
    state: str,
    name: str,
) -> None:
    """A failed or invalid child fails its waiter with the typed error and the child's text."""
    token = world.start_parent()
    run = world.run_to_end(token, error=error)
    with aws.recording() as recording:
        world.send_answers()
    (sent,) = recording.of("SendTaskFailure")
    assert sent.parameters["error"] == name
    assert json.loads(sent.parameters["cause"]) == {
        "payload_id": payload_id(),
        "workflow_state": state,
        "execution_arn": run,
        "error": world.row(token)["error"],
        "errorMessage": world.row(token)["error"],
    }
    assert error in world.row(token)["error"]
    assert world.row(token)["answer_error"] == name
    parent = world.parent_of(token)
    assert (parent["status"], parent["error"]) == ("FAILED", name)


def test_an_aborted_child_fails_its_parent_as_aborted(world: World) -> None:
    """A child that an operator stops is reported as aborted."""
    token = world.start_parent()
    world.deliver((payload(), token))
    (run,) = world.runs(payload_id())
    world.abort(run)
    world.update_state(run)
    world.send_answers()
    assert world.row(token)["workflow_state"] == "ABORTED"
    assert world.parent_of(token)["error"] == "CirrusCallback.Aborted"


def test_a_timed_out_child_is_a_failed_one(world: World) -> None:
    """Cirrus stores TIMED_OUT as FAILED, and so it is answered."""
    (run,) = world.write_state("PROCESSING")
    token = world.start_parent()
    world.deliver((payload(), token))
    world.update_state(world.event_about(run, "TIMED_OUT"))
    world.send_answers()
    row = world.row(token)
    assert row["workflow_state"] == "FAILED"
    assert row["error"] == "TimedOutError: The step function execution timed out."
    assert world.parent_of(token)["error"] == "CirrusCallback.Failed"


def test_an_event_without_input_raises_as_cirrus_does_and_settles_nothing(world: World) -> None:
    """EventBridge leaves out large inputs; cirrus raises, and the row stays open."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    event = world.event_about(run, input=None, inputDetails=None)
    with pytest.raises(Exception, match="Input details not included") as raised:
        world.update_state(event)
    with pytest.raises(type(raised.value)) as bare:
        bare_handler("update_state")(event, None)
    assert str(bare.value) == str(raised.value)
    assert world.state(payload_id()) == "PROCESSING"
    assert "settled_at" not in world.row("token")


def test_a_handler_that_raises_after_its_write_still_settles(
    world: World,
    aws: AwsCalls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cirrus wrote the state and then failed to publish: the state counts, the error too."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    monkeypatch.setenv("CIRRUS_PUBLISH_TOPIC_ARN", "arn:aws:sns:us-west-2:123456789012:nowhere")
    with pytest.raises(Exception, match="NotFound"):
        world.update_state(world.event_about(run))
    assert world.row("token")["workflow_state"] == "SUCCEEDED"


def test_a_handler_that_raises_before_its_write_settles_nothing(
    world: World,
    aws: AwsCalls,
) -> None:
    """Where cirrus could not write the state, nothing is known and nothing is settled."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    aws.fail("UpdateItem", when=lambda call: call.table == world.names.state_table)
    with pytest.raises(Exception, match="ThrottlingException"):
        world.update_state(world.event_about(run))
    aws.heal()
    assert "settled_at" not in world.row("token")


def test_every_waiter_of_a_payload_is_resumed(world: World) -> None:
    """One child run answers all parents that wait for its payload."""
    tokens = [world.start_parent() for _ in range(3)]
    world.deliver((payload(), tokens[0]))
    world.deliver((payload(), tokens[1]), (payload(), tokens[2]))
    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    world.send_answers()
    for token in tokens:
        assert world.parent_of(token)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("event", [None, [], "text", {"detail": None}, {"detail": {"input": "{"}}])
def test_a_malformed_event_fails_as_it_does_without_the_hook(world: World, event: Any) -> None:
    """What cirrus raises for an event it cannot read passes through unchanged."""
    with pytest.raises(Exception) as bare:  # noqa: PT011 - whatever it is
        bare_handler("update_state")(event, None)
    with pytest.raises(type(bare.value)) as wrapped:
        world.update_state({"wrong": event} if isinstance(event, str) else event)
    assert type(wrapped.value) is type(bare.value)
