"""Whatever arrives: a readable token gets its answer, neighbours suffer nothing from it."""

from __future__ import annotations

import contextlib
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from support.cirrus_world import payload, payload_id
from support.generation import COMPLETED, IS_OLDEST, bare_handler, body_for_queue

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

BUCKET = "fd-test-cirrus-payloads"
DEEP = "[" * 20_000 + "]" * 20_000


def without(name: str) -> dict[str, Any]:
    """A payload that lacks something."""
    return {key: value for key, value in payload("bad").items() if key != name}


def without_workflow() -> dict[str, Any]:
    """A payload whose process names no workflow."""
    given = payload("bad")
    del given["process"][0]["workflow"]
    return given


REFUSED: dict[str, Any] = {
    "no JSON": "not JSON",
    "a part of JSON": json.dumps(payload("bad"))[:-9],
    "an empty body": " ",
    "a text": '"text"',
    "a list": "[1]",
    "nothing": "null",
    "an empty object": {},
    "no features": without("features"),
    "empty features": {**payload("bad"), "features": []},
    "features that are an object": {**payload("bad"), "features": {"a": 1}},
    "no process": without("process"),
    "an empty process": {**payload("bad"), "process": []},
    "a process that is a text": {**payload("bad"), "process": "text"},
    "no workflow": without_workflow(),
    "an id without workflow": {**payload("bad"), "id": "no-workflow-in-it"},
    "an id that is not a text": {**payload("bad"), "id": 7},
    "an id that ends early": {**payload("bad"), "id": "a/workflow-b/"},
    "an id too long for a key": {**payload("bad"), "id": f"a/workflow-b/{'i' * 1025}"},
    "an id too long for a row": {**payload("bad"), "id": f"a/workflow-b/{'é' * 100_000}"},
    "an id that is not Unicode": {**payload("bad"), "id": "a/workflow-b/\ud800"},
    "a url without object": {"url": f"s3://{BUCKET}/missing.json"},
    "a url without bucket": {"url": "s3://no-such-bucket-anywhere/x.json"},
    "a url that is not an s3 one": {"url": "https://example.com/x.json"},
    "nesting too deep": json.dumps(payload("bad"))[:-1] + f', "deep": {DEEP}}}',
    "too many digits": json.dumps(payload("bad"))[:-1] + f', "number": {"9" * 5000}}}',
}

LEFT_OUT = {
    "a text",
    "a list",
    "nothing",
    "a url without object",
    "a url without bucket",
    "a url that is not an s3 one",
}
"""Where cirrus dies of one of them, its whole batch with it, the neighbours run all the same."""


def test_a_payload_that_cirrus_cannot_accept_is_told_at_once(world: World, aws: AwsCalls) -> None:
    """The parent hears ``InvalidPayload`` and why, once, however often the message comes."""
    for name, body in REFUSED.items():
        token = world.start_parent()
        world.send(body, token)
        event = world.receive()
        assert event is not None, name
        with contextlib.suppress(Exception):  # cirrus's own
            world.process(event)
        row = world.row(token)
        assert row["workflow_state"] == "INVALID", name
        assert row["answer_error"] == "CirrusCallback.InvalidPayload", name
        assert row["settled_at"] == row["registered_at"], name
        with aws.recording() as recording:
            world.send_answers()
        assert world.parent_of(token)["error"] == "CirrusCallback.InvalidPayload", name
        (call,) = recording.of("SendTaskFailure")
        assert json.loads(call.parameters["cause"])["error"] == row["error"], name
        answered = world.row(token)
        with contextlib.suppress(Exception):
            world.process(event)
        assert world.row(token) == answered, name
        world.delete(event)
    assert len(world.rows()) == len(REFUSED)


def test_a_neighbour_suffers_no_more_than_without_the_plugin(world: World) -> None:
    """The batch fares as where nobody waits; better where cirrus would die of the message."""
    from cirrus_callbacks_plugin.lambda_functions.process import lambda_handler

    for name, body in REFUSED.items():
        found = []
        for handler, token in ((bare_handler("process"), None), (lambda_handler, "token")):
            item = f"neighbour-{len(found)}-of-{name}"
            world.send(body, token)
            world.send(payload(item))
            event = world.receive()
            assert event is not None
            try:
                handler(event, None)
                outcome = "returned"
                world.delete(event)
            except Exception as error:  # noqa: BLE001 - cirrus's own, compared
                outcome = f"{type(error).__name__}: {error}"
            found.append((outcome, world.messages_left(), len(world.runs(payload_id(item)))))
            world.delete(event)
        is_left_out = name in LEFT_OUT and found[0][2] == 0
        assert found[1] == (("returned", 0, 1) if is_left_out else found[0]), name


MALFORMED: list[Any] = [
    None,
    "token",
    7,
    [],
    {},
    {"task_token": None},
    {"task_token": ""},
    {"task_token": ["token"]},
    {"task_token": "t" * 2049},
    {"task_token": "#continue"},
    {"task_token": "\ud800"},
    {"waiter": {"payload_id": "who"}, "unknown": DEEP[:10]},
]


def test_a_malformed_callback_breaks_nothing(
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Cirrus runs the payload as if the block were not there; one warning, no row."""
    for number, callback in enumerate(MALFORMED):
        caplog.clear()
        assert world.deliver((payload(f"item-{number}", callback=callback), None)) == 1, callback
        (run,) = world.runs(payload_id(f"item-{number}"))
        assert "callback" not in world.describe(run)["input"]
        if not IS_OLDEST:  # whose logging setup, in this process, replaces everybody's handlers
            ours = [each for each in caplog.records if each.name.startswith("cirrus_callbacks")]
            assert [each.levelname for each in ours] == ["WARNING"], callback
            assert "tttt" not in caplog.text
    assert world.rows() == []


def test_unknown_keys_beside_a_token_are_no_matter(world: World) -> None:
    """A block may grow; what is not known is left out."""
    world.deliver((payload(callback={"task_token": "token", "new": [1], "waiter": 7}), None))
    assert world.row("token")["payload_id"] == payload_id()


def test_a_name_given_twice_hides_no_token_from_us_and_shows_cirrus_none(world: World) -> None:
    """Both tokens wait for the payload that cirrus reads; neither is in what it stores."""
    given = payload()
    first = {**given["process"][0], "callback": {"task_token": "SECRET-1"}}
    last = {**given["process"][0], "callback": {"task_token": "SECRET-2"}}
    text = json.dumps({**given, "process": [first]})
    text = f'{text[:-1]}, "process": {json.dumps([last])}}}'
    assert world.deliver((text, None)) == 1
    assert {row["task_token"] for row in world.rows()} == {"SECRET-1", "SECRET-2"}
    assert {row["payload_id"] for row in world.rows()} == {payload_id()}
    (run,) = world.runs(payload_id())
    assert "SECRET" not in world.describe(run)["input"]


def test_ten_tokens_are_what_one_message_may_register(world: World) -> None:
    """A flood in one message is ten rows."""
    tokens = ", ".join(f'"task_token": "token-{number}"' for number in range(1000))
    text = json.dumps(payload(callback=0)).replace('"callback": 0', f'"callback": {{{tokens}}}')
    assert world.deliver((text, None)) == 1
    assert len(world.rows()) == 10


def test_a_message_of_a_mebibyte_makes_the_whole_way(world: World) -> None:
    """The largest message that SQS takes, its token beside the body."""
    given = payload()
    given["features"][0]["properties"]["filler"] = "é" * 250_000
    text = json.dumps(given, ensure_ascii=False)
    given["features"][0]["properties"]["filler"] += "x" * (1_048_000 - len(text.encode()))
    token = world.start_parent()
    event = {
        "Records": [
            {
                "messageId": "m",
                "receiptHandle": "r",
                "body": body_for_queue(json.dumps(given, ensure_ascii=False)),
                "messageAttributes": {
                    "cirrus-task-token": {"dataType": "String", "stringValue": token},
                },
                "eventSource": "aws:sqs",
                "eventSourceARN": world.names.process_queue_arn,
            },
        ],
    }
    from cirrus_callbacks_plugin.lambda_functions import process

    process.lambda_handler(event, None)
    (run,) = world.runs(payload_id())
    world.update_state(world.event_about(run))
    world.send_answers()
    assert world.parent_of(token)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("ends", ["SUCCEEDED", "FAILED"])
def test_an_id_too_long_for_a_key_of_the_tracking_table_makes_the_whole_way(
    world: World,
    aws: AwsCalls,
    ends: str,
) -> None:
    """Over 2,048 bytes: rows keyed by a digest are found, settled and answered by the whole id."""
    long_id = f"{'é' * 700}/workflow-sentinel-2-cog/{'i' * 1000}"
    assert len(long_id.encode()) > 2048
    token = world.start_parent()
    given = {**payload(), "id": long_id}
    world.deliver((given, token))
    row = world.row(token)
    assert row["payload_id"].startswith("sha256:")
    assert row["full_payload_id"] == long_id
    (run,) = world.runs(long_id)
    about = {"error": "Boom", "cause": "ü" * 30_000} if ends == "FAILED" else {}
    world.update_state(world.event_about(run, ends, about=given, **about))
    with aws.recording() as recording:
        world.send_answers()
    assert world.parent_of(token)["status"] == ends
    if ends == "SUCCEEDED":
        (call,) = recording.of("SendTaskSuccess")
        answer = json.loads(call.parameters["output"])
        assert answer["workflow_state"] == COMPLETED
    else:
        (call,) = recording.of("SendTaskFailure")
        assert len(call.parameters["cause"].encode()) <= 32_768
        answer = json.loads(call.parameters["cause"])
        assert "üüü" in answer["error"]
    assert answer["payload_id"] == long_id


def test_the_largest_row_stays_far_below_what_a_table_takes(world: World) -> None:
    """An item has 400 KB at most: everything in a row that a message can make long is bounded."""
    waiter = {"payload_id": "€" * 4096, "execution_arn": "€" * 4096}
    callback = {"task_token": "€" * 2048, "waiter": waiter}
    about = {**payload(callback=callback), "id": f"{'a' * 8100}/workflow-{'w' * 8100}/{'i' * 100}"}
    world.send(about)
    with contextlib.suppress(Exception):  # cirrus's own
        world.process()
    (item,) = world.dynamodb.scan(TableName=world.names.callbacks_table)["Items"]
    assert len(item["full_payload_id"]["S"]) > 16_000
    assert len(item["waiter_payload_id"]["S"]) == 4096
    size = sum(len(name) + len(str(value).encode()) for name, value in item.items())
    assert 50_000 < size < 400_000 / 2


def test_a_packed_object_is_read_as_cirrus_reads_it(world: World) -> None:
    """Cirrus unpacks an object whose name ends in ``.gz``."""
    body = gzip.compress(json.dumps(payload()).encode())
    world.s3.put_object(Bucket=BUCKET, Key="in.json.gz", Body=body)
    assert world.deliver(({"url": f"s3://{BUCKET}/in.json.gz"}, "token")) == 1
    assert world.row("token")["payload_id"] == payload_id()


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("in.json.gz", b"{}"),
        ("in.json.gz", gzip.compress(b"{}")[:-9]),
        ("in.json", "{}".encode("utf-16")),
    ],
    ids=["not packed", "cut off", "UTF-16"],
)
def test_an_object_that_is_no_text_is_an_invalid_payload(
    world: World,
    key: str,
    body: bytes,
) -> None:
    """Neither can cirrus read it, now or later."""
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    with contextlib.suppress(Exception):
        world.deliver(({"url": f"s3://{BUCKET}/{key}"}, "token"))
    row = world.row("token")
    assert row["answer_error"] == "CirrusCallback.InvalidPayload"
    assert "the payload's object is not a text" in row["error"]
