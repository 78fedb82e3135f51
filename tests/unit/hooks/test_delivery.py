"""One event as the hooks see it."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.carriers.tokens import Callback
from cirrus_callbacks_plugin.hooks.delivery import DIRECT, MAX_NAME_CHARS, Delivery, Message
from cirrus_callbacks_plugin.waits.row import digest

CALLBACK = Callback("a-token", None, None)
DIGEST = digest("a-token")[:16]


def message(record: Any, *callbacks: Callback) -> Message:
    """The first message of an event."""
    return Message(0, record, callbacks)


def record(message_id: str, *, token: str | None = None) -> dict[str, Any]:
    """A record of a queue."""
    told: dict[str, Any] = {"messageId": message_id, "body": "{}"}
    if token is not None:
        told["messageAttributes"] = {
            "cirrus-task-token": {"dataType": "String", "stringValue": token},
        }
    return told


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"messageId": "m-1"}, "m-1"),
        ({"messageId": "m"}, "m"),
        ({"messageId": "m" * MAX_NAME_CHARS}, "m" * MAX_NAME_CHARS),
        ({"messageId": "m" * (MAX_NAME_CHARS + 1)}, DIGEST),
        ({"messageId": ""}, DIGEST),
        ({"messageId": 7}, DIGEST),
        ({"messageId": "\ud800"}, DIGEST),
        ({"Sns": {"MessageId": "n-1"}}, "n-1"),
        ({"Sns": {"MessageId": ""}}, DIGEST),
        ({"Sns": "n-1"}, DIGEST),
        ({}, DIGEST),
        ("no object", DIGEST),
    ],
)
def test_a_message_is_called_by_its_id(told: Any, name: str) -> None:
    """SQS's or SNS's; where there is not one of use, the first digits of its token's digest."""
    assert message(told, CALLBACK).name == name


def test_an_event_without_id_and_token_is_a_direct_invocation() -> None:
    """There is nothing else to call it by."""
    assert message({}).name == DIRECT == "(direct invocation)"


@pytest.mark.parametrize(
    ("told", "arn"),
    [
        ({"receiptHandle": "r", "eventSourceARN": "arn:q"}, "arn:q"),
        ({"eventSourceARN": "arn:q"}, None),
        ({"receiptHandle": "r", "eventSourceARN": 7}, None),
        ({"receiptHandle": "r"}, None),
        ("receiptHandle", None),
    ],
)
def test_only_a_message_of_a_queue_can_be_deleted(told: Any, arn: str | None) -> None:
    """It needs a receipt, and the ARN of the queue that gave it."""
    assert message(told).queue_arn == arn


def test_an_event_without_tokens_is_the_very_same_object() -> None:
    """Cirrus sees what it would see without the plugin."""
    event = {"Records": [record("m-1"), record("m-2")]}
    assert Delivery.of(event).event_without() is event


def test_one_token_of_two_messages_makes_an_event_of_its_own() -> None:
    """The record that has none is the same object, the event is not; other keys stay."""
    event = {"Records": [record("m-1"), record("m-2", token="a-token")], "more": 1}
    cleaned = Delivery.of(event).event_without()
    assert cleaned is not event
    assert cleaned["Records"][0] is event["Records"][0]
    assert "a-token" not in repr(cleaned)
    assert cleaned["more"] == 1


def test_messages_can_be_left_out_and_shown_otherwise() -> None:
    """By their places in the event."""
    event = {"Records": [record("m-0"), record("m-1"), record("m-2")]}
    cleaned = Delivery.of(event).event_without({0}, {2: {"messageId": "other"}})
    assert [each["messageId"] for each in cleaned["Records"]] == ["m-1", "other"]


def test_the_carriers_are_the_messages_with_a_token() -> None:
    """The others need nothing of the hook."""
    event = {"Records": [record("m-0"), record("m-1", token="a-token")]}
    assert [each.name for each in Delivery.of(event).carriers] == ["m-1"]
