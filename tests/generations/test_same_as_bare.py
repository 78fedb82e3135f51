"""Payloads without tokens go through cirrus exactly as they do without the hooks.

One set of events goes through cirrus's own handlers and through the wrapped ones, each on
a fresh deployment; what they return, raise, call and leave behind is compared one by one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.cirrus_world import Context, payload, payload_id
from support.generation import (
    IS_OLDEST,
    bare_handler,
    body_for_queue,
    forget_queue_urls,
    run_elsewhere,
)
from support.same_effects import Effects, effects_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

NEXT = {"workflow": "mosaic", "upload_options": {"path_template": "/x"}, "tasks": {}}


def record(body: Any, number: int = 0, **more: Any) -> dict[str, Any]:
    """A record of an SQS event."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"handle-{number}",
        "body": body_for_queue(text),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {"other": {"dataType": "String", "stringValue": "kept"}},
        "md5OfBody": "x",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-west-2:123456789012:fd-test-cirrus-process",
        "awsRegion": "us-west-2",
        **more,
    }


def batch(*bodies: Any) -> dict[str, Any]:
    """An SQS event."""
    return {"Records": [record(body, number) for number, body in enumerate(bodies)]}


def process_events() -> list[Any]:
    """Every shape that ``process`` may be given, good and bad."""
    strange = {**payload("strange"), "id": "no-workflow-in-it"}
    notification = {"Type": "Notification", "Message": json.dumps(payload("sns"))}
    return [
        batch(payload("a")),
        batch(payload("b"), payload("c"), payload("b")),
        batch({**payload("d"), "id": f"own/workflow-sentinel-2-cog/{'d' * 40}"}),
        batch(payload("done")),
        batch(payload("done", replace=True)),
        batch(payload("failed"), payload("running")),
        batch({**payload("object"), "process": payload("object")["process"][0]}),
        batch({**payload("chain"), "process": [*payload("chain")["process"], NEXT]}),
        batch({"url": "s3://fd-test-cirrus-payloads/in.json"}),
        batch({"url": "s3://fd-test-cirrus-payloads/missing.json"}),
        batch("not JSON"),
        batch(payload("e"), "not JSON", payload("f"), strange),
        batch({**payload("g"), "features": []}),
        batch({**payload("h"), "process": []}),
        batch(payload("i", workflow="no-such-workflow"), payload("j")),
        {"Records": []},
        {"Records": [{**record({}), "body": json.dumps(notification)}]},
        {"Records": [{"Sns": {"MessageId": "m", "Message": json.dumps(payload("topic"))}}]},
        payload("direct"),
        {},
        batch({**payload("big"), "padding": "x" * 300_000}),
        batch({"payload_ids": [payload_id("done")]}),
        batch(payload("item")["features"][0]),
    ]


def prepare(world: World) -> None:
    """Payloads that have run before, and an object behind a URL."""
    world.add_workflow("mosaic")
    run_elsewhere(payload_id("done"), world.run_arn("done"), "SUCCEEDED")
    run_elsewhere(payload_id("failed"), world.run_arn("failed"), "FAILED")
    run_elsewhere(payload_id("running"), world.run_arn("running"), "PROCESSING")
    bucket = world.names.payload_bucket
    world.s3.put_object(Bucket=bucket, Key="in.json", Body=json.dumps(payload("url")))
    world.s3.put_object(
        Bucket=bucket,
        Key=f"{payload_id('done')}/input.json",
        Body=json.dumps({"id": payload_id("done"), **payload("done")}),
    )
    forget_queue_urls()


@pytest.fixture
def again(request: pytest.FixtureRequest, world: World) -> Callable[[], World]:
    """Throws the deployment away and makes the same one again."""

    def make() -> World:
        from moto import mock_aws
        from moto.moto_api._internal import moto_api_backend

        assert mock_aws
        moto_api_backend.reset()
        world.__post_init__()
        world.add_workflow("sentinel-2-cog")
        return world

    return make


def compare(bare: Effects, wrapped: Effects, events: list[Any]) -> None:
    """Everything is the same, one by one."""
    for event, ours, theirs in zip(events, wrapped.outcomes, bare.outcomes, strict=True):
        assert ours == theirs, event
    for number, (ours, theirs) in enumerate(zip(wrapped.calls, bare.calls, strict=False)):
        assert ours == theirs, f"call {number}"
    assert len(wrapped.calls) == len(bare.calls)
    assert wrapped.left == bare.left


def test_process_does_the_same(world: World, aws: AwsCalls, again: Callable[[], World]) -> None:
    """Returns, exceptions, every call, records, objects, runs and messages are the same.

    And not a single call is added: a batch without tokens costs nothing.
    """
    from cirrus_callbacks_plugin.lambda_functions.process import lambda_handler

    events = process_events()
    prepare(world)
    bare = effects_of(bare_handler("process"), events, world, aws, Context())
    prepare(again())
    wrapped = effects_of(lambda_handler, events, world, aws, Context())
    compare(bare, wrapped, events)
    assert wrapped.ours == []
    started = [call for call in wrapped.calls if call.startswith("StartExecution")]
    assert len(started) > 5  # the events do reach cirrus
    assert sum(outcome.startswith('["raised"') for outcome in wrapped.outcomes) > 3


def end_events(world: World) -> list[Any]:
    """Every way in which a run may end, and events of no run."""
    about = {"id": payload_id("e"), **payload("e")}
    chain = {**about, "process": [*about["process"], NEXT]}
    arn = world.run_arn("e")
    return [
        world.event_about(arn, about=about),
        world.event_about(arn, about=chain),
        world.event_about(arn, "FAILED", about=about, error="Boom", cause="it broke"),
        world.event_about(arn, "FAILED", about=about, error="InvalidInput", cause="{}"),
        world.event_about(
            arn,
            "FAILED",
            about=about,
            error="stactask.exceptions.InvalidInput",
            cause='{"errorMessage": "bad"}',
        ),
        world.event_about(arn, "ABORTED", about=about),
        world.event_about(arn, "TIMED_OUT", about=about),
        world.event_about(arn, "RUNNING", about=about),
        world.event_about(arn, about=about, input=None, inputDetails=None),
        world.event_about(arn, about=about, output=None),
        {"detail": {"status": "SUCCEEDED"}},
        {},
        {**about, "error": {"Error": "Boom", "Cause": "it broke"}},
    ]


def test_update_state_does_the_same(
    world: World,
    aws: AwsCalls,
    again: Callable[[], World],
) -> None:
    """The same, but for one query of the tracking table for every state that was written."""
    from cirrus_callbacks_plugin.lambda_functions.update_state import lambda_handler

    events = end_events(world)
    prepare(world)
    bare = effects_of(bare_handler("update_state"), events, world, aws, Context())
    prepare(again())
    events = end_events(world)
    wrapped = effects_of(lambda_handler, events, world, aws, Context())
    compare(bare, wrapped, events)
    assert {call.operation for call in wrapped.ours} == {"Query"}
    written = [
        call for call in wrapped.calls if call.startswith("UpdateItem") and "state_updated" in call
    ]
    assert len(wrapped.ours) == len(written) >= (8 if IS_OLDEST else 7)
