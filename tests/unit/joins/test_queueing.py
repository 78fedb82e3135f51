"""Members' messages: their form, their batches, and what SQS refuses of them."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.joins.members import Attached, Payload, Reference
from cirrus_callbacks_plugin.joins.queueing import MAX_BATCH_BYTES, Message, named_id_of, send
from cirrus_callbacks_plugin.joins.rows import Join
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import Wait
from support.aws_calls import aws_error
from support.joins_in_memory import JOIN_ID, index_of

MEMBER = MemberToken(JOIN_ID, 7)
PAYLOAD = Payload({"id": "München", "process": []})
WAIT = Wait(JOIN_ID, "the parent's token", cirrus_version="1.3.0")
ARN = "arn:aws:sqs:us-west-2:123456789012:process"
URL = "https://sqs.example/123456789012/process"


class Queue:
    """SQS.

    Attributes:
        batches: the indexes of members in each batch.
        alone: those that were sent by themselves.
    """

    meta = SimpleNamespace(endpoint_url="https://sqs.example")

    def __init__(
        self,
        refused: Exception | None = None,
        failed: tuple[int, ...] = (),
        alone: Exception | None = None,
    ) -> None:
        self.batches: list[list[int]] = []
        self.alone: list[int] = []
        self._refused = refused
        self._failed = failed
        self._alone = alone

    def send_message_batch(self, **given: Any) -> dict[str, Any]:
        """Take all but some, or refuse the call."""
        assert given["QueueUrl"] == URL
        assert [each["Id"] for each in given["Entries"]] == [
            str(number) for number in range(len(given["Entries"]))
        ]
        self.batches.append([index_of(each) for each in given["Entries"]])
        if self._refused is not None:
            raise self._refused
        failed = [{"Id": str(number)} for number in self._failed]
        return {"Failed": failed} if failed else {}

    def send_message(self, **given: Any) -> None:
        """Take one, or refuse it."""
        assert given["QueueUrl"] == URL
        self.alone.append(index_of(given))
        if self._alone is not None:
            raise self._alone


def messages(count: int, size: int = 100) -> list[Message]:
    """Messages of just that size."""
    bare = [
        Message(MemberToken(JOIN_ID, index), "", {"cirrus-task-token": ""})
        for index in range(count)
    ]
    named = [replace(each, attributes={"cirrus-task-token": each.member.text}) for each in bare]
    return [replace(each, body="x" * (size - each.size)) for each in named]


def test_a_message_carries_its_members_token_and_who_waits() -> None:
    """The payload is its body, characters as they are."""
    join = Join(replace(WAIT, waiter_payload_id="c/workflow-p/i", waiter_execution_arn="arn:p"))
    message = Message.of(MEMBER, PAYLOAD, join)
    assert message.member == MEMBER
    assert message.to_request() == {
        "MessageBody": '{"id":"München","process":[]}',
        "MessageAttributes": {
            "cirrus-task-token": {"DataType": "String", "StringValue": f"#{JOIN_ID}:7"},
            "cirrus-waiter-payload-id": {"DataType": "String", "StringValue": "c/workflow-p/i"},
            "cirrus-waiter-execution-arn": {"DataType": "String", "StringValue": "arn:p"},
        },
    }


def test_who_waits_is_left_out_where_nobody_told() -> None:
    """SQS takes no empty attribute."""
    message = Message.of(MEMBER, Reference("s3://b/k"), Join(WAIT))
    assert message.body == '{"url":"s3://b/k"}'
    assert message.attributes == {"cirrus-task-token": f"#{JOIN_ID}:7"}


@pytest.mark.parametrize("name", ["a\x00b", "\x1b[31m", "\ufffe", "\ud800", "\x0b"])
def test_a_waiter_whose_name_sqs_does_not_take_is_left_out(name: str) -> None:
    """It is for people: no member is lost over it."""
    join = Join(replace(WAIT, waiter_payload_id=name, waiter_execution_arn="arn:p\tq"))
    message = Message.of(MEMBER, PAYLOAD, join)
    assert set(message.attributes) == {"cirrus-task-token", "cirrus-waiter-execution-arn"}


@pytest.mark.parametrize(
    ("content", "inner"),
    [(PAYLOAD, PAYLOAD.body), (Reference("s3://b/k"), {"url": "s3://b/k"})],
)
def test_the_oldest_cirrus_gets_notifications(content: Any, inner: Any) -> None:
    """As SNS would wrap them: its queue holds nothing else."""
    join = Join(replace(WAIT, cirrus_version="0.7.0"))
    body = json.loads(Message.of(MEMBER, content, join).body)
    assert body.keys() == {"Type", "Message"}
    assert body["Type"] == "Notification"
    assert json.loads(body["Message"]) == inner


def test_the_size_is_what_sqs_counts() -> None:
    """Bytes of the body, and of names, types and values of attributes."""
    message = Message(MEMBER, "é", {"name": "é", "other": "x"})
    assert message.size == 2 + (4 + 6 + 2) + (5 + 6 + 1)


def test_ten_a_call() -> None:
    """And each once."""
    queue = Queue()
    assert send(queue, ARN, messages(21)) == {}
    assert sorted(queue.batches) == [[*range(10)], [*range(10, 20)], [20]]
    assert queue.alone == []
    assert send(queue, ARN, []) == {}


@pytest.mark.parametrize(
    ("more", "batches"),
    [(0, [[0, 1, 2, 3], [4, 5, 6, 7], [8]]), (1, [[0, 1, 2], [3, 4, 5, 6], [7, 8]])],
)
def test_a_call_holds_a_mebibyte(more: int, batches: list[list[int]]) -> None:
    """Just that, attributes included; a message that is larger goes by itself."""
    quarter = messages(9, MAX_BATCH_BYTES // 4)
    quarter[1] = messages(2, MAX_BATCH_BYTES // 4 + more)[1]
    queue = Queue()
    send(queue, ARN, quarter)
    assert sorted(queue.batches) == batches
    queue = Queue()
    send(queue, ARN, messages(2, MAX_BATCH_BYTES + 1))
    assert sorted(queue.batches) == [[0], [1]]


def test_what_a_batch_did_not_take_is_sent_by_itself() -> None:
    """A message that is taken then was in a bad moment."""
    queue = Queue(failed=(1, 2))
    assert send(queue, ARN, messages(4)) == {}
    assert queue.alone == [1, 2]


@pytest.mark.parametrize(
    "code",
    [
        "BatchRequestTooLong",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        "MessageTooLong",
    ],
)
def test_what_sqs_refuses_for_its_content_is_told(code: str) -> None:
    """With its size and the other way: no repetition would help."""
    queue = Queue(refused=aws_error(code), alone=aws_error(code))
    refused = send(queue, ARN, messages(2))
    assert queue.alone == [0, 1]
    assert refused == {
        MemberToken(JOIN_ID, index): (
            f"SQS refused the message of 100 bytes ({code}): "
            'put the payload into S3 and send {"url": "s3://..."}'
        )
        for index in (0, 1)
    }


def test_refusals_of_every_batch_are_told() -> None:
    """Not those of the last one alone."""
    queue = Queue(failed=(0,), alone=aws_error("MessageTooLong"))
    assert {each.index for each in send(queue, ARN, messages(11))} == {0, 10}


def test_a_queue_that_cannot_now_is_met_by_the_caller() -> None:
    """Nothing is sent by itself then: the chunk is sent again as a whole."""
    queue = Queue(refused=aws_error("ServiceUnavailable", status=503))
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        send(queue, ARN, messages(2))
    assert queue.alone == []


def test_a_queue_that_may_not_be_used_is_met_by_the_caller() -> None:
    """It is nothing in the message."""
    queue = Queue(
        refused=aws_error("AccessDenied", status=403), alone=aws_error("AccessDenied", status=403)
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        send(queue, ARN, messages(2))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (PAYLOAD, "München"),
        (Payload({"process": []}), None),
        (Payload({"id": "", "process": []}), None),
        (Payload({"id": 7, "process": []}), None),
        (Reference("s3://b/k"), None),
        (Attached("c/workflow-w/i"), None),
    ],
)
def test_a_payload_may_name_itself(content: Any, named: str | None) -> None:
    """For a member of which no message will ever tell."""
    assert named_id_of(content) == named
