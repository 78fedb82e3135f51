"""Payloads that travel as ``{"url": ...}`` with their token beside them."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.errors import RegistrationFailed
from cirrus_callbacks_plugin.hooks import own_time
from cirrus_callbacks_plugin.hooks.own_time import OwnTime
from cirrus_callbacks_plugin.hooks.process import process
from support.cirrus_world import payload, payload_id

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

BUCKET = "fd-test-cirrus-payloads"
URL = f"s3://{BUCKET}/in/payload.json"


def put(world: World, body: str) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="in/payload.json", Body=body.encode())


@pytest.mark.parametrize(
    ("body", "attribute"),
    [
        ({"url": URL}, "token"),
        ({"url": URL, "callback": {"task_token": "token"}}, None),
        ({"Payload": {"url": URL}, "TaskToken": "token"}, None),
    ],
)
def test_the_object_behind_the_url_is_waited_for(
    world: World,
    body: dict[str, object],
    attribute: str | None,
) -> None:
    """The row is of the payload in the object, whichever carrier the token came in."""
    put(world, json.dumps(payload()))
    assert world.deliver((body, attribute)) == 1
    assert world.row("token")["payload_id"] == payload_id()


def test_an_object_is_no_carrier(world: World) -> None:
    """A token inside the object is not looked for, and not registered."""
    put(world, json.dumps(payload(callback={"task_token": "inside"})))
    world.deliver(({"url": URL}, None))
    assert world.rows() == []


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (URL, "is missing (NoSuchKey)"),
        ("s3://no-such-bucket-anywhere/x.json", "is missing (NoSuchBucket)"),
        ("s3://Not_A_Bucket!/x.json", "no valid bucket"),
        ("ftp://elsewhere/x.json", "is not an s3:// URL"),
        (7, "is not a string"),
    ],
)
def test_an_object_that_cannot_be_there_is_an_invalid_payload(
    world: World,
    url: object,
    text: str,
) -> None:
    """A missing object is told to the waiter; cirrus raises for the batch, as it always does."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - cirrus's own
        world.deliver(({"url": url}, "token"))
    row = world.row("token")
    assert row["answer_error"] == "CirrusCallback.InvalidPayload"
    assert text in row["error"]


@pytest.mark.parametrize("body", ["{", "\x00", '"a text"', "[1]", "{}"])
def test_an_object_that_is_no_payload_is_an_invalid_payload(world: World, body: str) -> None:
    """An object that is not JSON, or no payload, is told to the waiter."""
    put(world, body)
    with pytest.raises(Exception):  # noqa: B017, PT011 - cirrus's own
        world.deliver(({"url": URL}, "token"))
    assert world.row("token")["answer_error"] == "CirrusCallback.InvalidPayload"


@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied", "InternalError"])
def test_an_object_that_cannot_be_read_now_comes_again(
    world: World,
    aws: AwsCalls,
    code: str,
) -> None:
    """Anything but a missing object is a failed registration: no row, back to the queue."""
    put(world, json.dumps(payload()))
    world.send({"url": URL}, "token")
    world.send(payload("neighbour"))
    aws.fail("GetObject", code)
    with pytest.raises(RegistrationFailed, match=f"fetch of the payload: {code}"):
        world.process()
    aws.heal()
    assert world.rows() == []
    assert world.messages_left() == 1
    assert len(world.runs(payload_id("neighbour"))) == 1
    assert world.process() == 1
    assert world.row("token")["payload_id"] == payload_id()


def test_an_object_is_asked_for_twice(world: World, aws: AwsCalls) -> None:
    """One server error does not send the message back."""
    put(world, json.dumps(payload()))
    aws.fail("GetObject", "InternalError", times=1)
    assert world.deliver(({"url": URL}, "token")) == 1
    assert world.row("token")["payload_id"] == payload_id()


def test_an_object_that_comes_in_drops_ends_with_the_hooks_time(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A body has no timeout as long as something comes: the stopwatch ends it."""
    monkeypatch.setattr(own_time, "OWN_SECONDS", 2.0)
    from support.generation import bare_handler

    put(world, json.dumps({**payload(), "filler": "x" * 1_000_000}))
    world.send({"url": URL}, "token")
    looks = itertools.count()

    def clock() -> float:
        return next(looks) / 5  # each look at the clock finds a fifth of a second gone

    wrapped = process(bare_handler("process"), own_time=lambda: OwnTime(clock))
    with pytest.raises(RegistrationFailed, match="fetch of the payload: 2 s of the hook's own"):
        wrapped(world.receive(), None)
