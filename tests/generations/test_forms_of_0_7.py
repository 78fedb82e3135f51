"""What only cirrus-lib 0.8 (with the functions of cirrus-geo 0.7) takes, and what it lacks."""

from __future__ import annotations

import contextlib
import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.errors import RegistrationFailed
from support.cirrus_world import World, payload, payload_id
from support.generation import IS_OLDEST

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls

pytestmark = pytest.mark.skipif(not IS_OLDEST, reason="these are forms of cirrus 0.7 alone")


def send_as_it_is(world: World, body: Any, token: str) -> None:
    """A message in the form that newer generations take: no notification around it."""
    World.send(world, body, token)


def test_a_plain_message_with_a_token_is_made_a_notification(world: World) -> None:
    """The form that the docs lead with works on 0.7 too: cirrus sees a notification."""
    send_as_it_is(world, payload(), "token")
    assert world.process() == 1
    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    assert world.row("token")["workflow_state"] == "SUCCEEDED"


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_payload_by_url_with_a_token_is_spelled_out(world: World, wrapped: bool) -> None:
    """Cirrus 0.7 follows no URL: the hook, which reads the object anyway, puts it in."""
    bucket = world.names.payload_bucket
    world.s3.put_object(Bucket=bucket, Key="in.json", Body=json.dumps(payload()))
    reference = {"url": f"s3://{bucket}/in.json"}
    if wrapped:
        world.send(reference, "token")
    else:
        send_as_it_is(world, reference, "token")
    assert world.process() == 1
    (run,) = world.runs(payload_id())
    assert json.loads(world.describe(run)["input"])["features"] == payload()["features"]
    assert world.row("token")["payload_id"] == payload_id()


def test_a_bare_item_is_waited_for_under_its_default_process(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The id comes of the process that the handler's own defaults give the collection."""
    handler = importlib.import_module("cirrus.builtins.functions.process.lambda_function")
    defaults = {"sentinel-2-l2a": payload()["process"][0]}
    monkeypatch.setattr(handler, "PROCESSES", defaults)
    world.deliver((payload()["features"][0], "token"), (payload("other")["features"][0], None))
    assert world.row("token")["payload_id"] == payload_id()
    assert len(world.runs(payload_id())) == 1
    assert len(world.runs(payload_id("other"))) == 1


def test_an_item_without_default_process_is_refused(world: World) -> None:
    """Cirrus raises for the batch, and the waiter is told that it always will."""
    with pytest.raises(ValueError, match="Default process not provided"):
        world.deliver((payload()["features"][0], "token"))
    assert world.row("token")["answer_error"] == "CirrusCallback.InvalidPayload"


def test_payload_ids_of_one_payload_wait_for_its_new_run(world: World) -> None:
    """``payload_ids`` always runs again, so the completion of before is not an answer."""
    (old,) = world.write_state("SUCCEEDED")
    world.s3.put_object(
        Bucket=world.names.payload_bucket,
        Key=f"{payload_id()}/input.json",
        Body=json.dumps({"id": payload_id(), **payload()}),
    )
    world.deliver(({"payload_ids": [payload_id()]}, "token"))
    row = world.row("token")
    assert (row["replace"], row["payload_id"], row["seen_execution"]) == (True, payload_id(), old)
    assert "settled_at" not in row
    new = world.runs(payload_id())[-1]
    world.end(new)
    world.update_state(new)
    assert world.row("token")["execution_arn"] == new


@pytest.mark.parametrize("ids", [[], ["a/workflow-b/c", "d/workflow-e/f"], "text", [7]])
def test_payload_ids_of_several_payloads_are_no_wait(world: World, ids: object) -> None:
    """One token cannot wait for several payloads: told at once, with what to do."""
    with contextlib.suppress(Exception):  # cirrus's own, for what are not ids
        world.deliver(({"payload_ids": ids}, "token"))
    row = world.row("token")
    assert row["answer_error"] == "CirrusCallback.InvalidPayload"
    assert "a task token waits for one payload" in row["error"] or ids == [7]


def test_an_event_without_an_execution_counts_as_the_last_listed(world: World) -> None:
    """A failed workflow of 0.7 may report a payload with an ``error`` and no run."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    error = {"Error": "Boom", "Cause": json.dumps({"errorMessage": "it broke"})}
    world.update_state({"id": payload_id(), **payload(), "error": error})
    row = world.row("token")
    assert (row["workflow_state"], row["error"]) == ("FAILED", "Boom: it broke")
    assert row["seen_execution"] == run


def test_such_an_event_of_before_is_no_answer(world: World) -> None:
    """The last listed run is the one that had ended before registration: it does not decide."""
    world.write_state("FAILED")
    world.deliver((payload(), "token"))
    new = world.runs(payload_id())[-1]
    world.update_state(world.event_about(world.run_arn("old"), "FAILED", error="Old", cause="c"))
    assert "settled_at" not in world.row("token")
    world.end(new)
    world.update_state(new)
    assert world.row("token")["execution_arn"] == new


def test_the_hook_deletes_what_cirrus_never_does(world: World, aws: AwsCalls) -> None:
    """Cirrus 0.7 deletes no message; a failed registration must still come back alone."""
    aws.fail("PutItem")
    with pytest.raises(RegistrationFailed):
        world.deliver((payload("a"), "token"), (payload("b"), None), (payload("c"), None))
    assert world.messages_left() == 1
    assert [len(world.runs(payload_id(item))) for item in "abc"] == [0, 1, 1]
    aws.heal()
    assert world.process() == 1
    assert world.messages_left() == 0


def test_an_event_that_cirrus_cannot_parse_settles_nothing(world: World) -> None:
    """Cirrus 0.7 swallows such events; so does the wrapped handler."""
    world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    assert world.update_state({"source": "aws.states", "detail": {"input": "{"}}) is None
    assert "settled_at" not in world.row("token")


def test_a_direct_invocation_is_told_that_it_cannot_work(world: World) -> None:
    """Cirrus 0.7 takes SQS messages only: it raises, and the waiter hears why."""
    with pytest.raises(ValueError, match="Input not from SQS"):
        world.process(payload(callback={"task_token": "token"}))
    row = world.row("token")
    assert row["answer_error"] == "CirrusCallback.InvalidPayload"
    assert "from its SQS queue only" in row["error"]
