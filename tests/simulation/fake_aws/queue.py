"""SQS, S3 and SNS: what cirrus does to them, and the queue's redelivery."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from typing import Any

from simulation.fake_aws.errors import FakeError, NotCovered

MAX_RECEIVES = 5


@dataclass(frozen=True, slots=True)
class Message:
    """A message in the process queue; what changes makes another one.

    Attributes:
        number: its identity.
        body, attributes: as sent.
        receives: how often it was delivered.
        is_visible: False while an invocation holds it.
    """

    number: int
    body: str
    attributes: dict[str, Any]
    receives: int = 0
    is_visible: bool = True

    def record(self, queue_arn: str) -> dict[str, Any]:
        """The message as an SQS event source mapping delivers it."""
        return {
            "messageId": f"message-{self.number}",
            "receiptHandle": f"receipt-{self.number}",
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.receives)},
            "messageAttributes": dict(self.attributes),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": "us-west-2",
        }


@dataclass(slots=True)
class Queue:
    """The process queue and its dead-letter queue."""

    arn: str
    url: str
    messages: dict[int, Message] = field(default_factory=dict)
    dead: list[Message] = field(default_factory=list)
    sent: int = 0

    def fork(self) -> Queue:
        """The queue as it stands, once more."""
        return Queue(self.arn, self.url, dict(self.messages), list(self.dead), self.sent)

    def send(self, body: str, attributes: dict[str, Any]) -> Message:
        """Put a message into the queue."""
        message = Message(self.sent, body, attributes)
        self.sent += 1
        self.messages[message.number] = message
        return message

    def receive(self, number: int) -> dict[str, Any]:
        """Deliver a message."""
        message = self.messages[number]
        message = replace(message, receives=message.receives + 1, is_visible=False)
        self.messages[number] = message
        return message.record(self.arn)

    def give_back(self, number: int) -> None:
        """The invocation failed: visible again, or dead after five times."""
        message = self.messages.get(number)
        if message is None:
            return
        if message.receives < MAX_RECEIVES:
            self.messages[number] = replace(message, is_visible=True)
        else:
            self.dead.append(self.messages.pop(number))

    def call(self, operation: str, request: dict[str, Any], _: str) -> dict[str, Any]:
        """Make a call."""
        if operation == "GetQueueUrl":
            return {"QueueUrl": self.url}
        if operation == "DeleteMessageBatch":
            if request["QueueUrl"] != self.url:
                raise FakeError("AWS.SimpleQueueService.NonExistentQueue")
            done = []
            for entry in request["Entries"]:
                self.messages.pop(int(entry["ReceiptHandle"].rpartition("-")[2]), None)
                done.append({"Id": entry["Id"]})
            return {"Successful": done, "Failed": []}
        raise NotCovered(f"sqs {operation}")


@dataclass(slots=True)
class Bucket:
    """S3, as far as payloads go."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def fork(self) -> Bucket:
        """The bucket as it stands, once more."""
        return Bucket(dict(self.objects))

    def call(self, operation: str, request: dict[str, Any], _: str) -> dict[str, Any]:
        """Make a call."""
        if operation == "GetObject":
            if request["Key"] not in self.objects:
                raise FakeError("NoSuchKey", "The specified key does not exist.")
            return {"Body": io.BytesIO(self.objects[request["Key"]])}
        raise NotCovered(f"s3 {operation}")


@dataclass(slots=True)
class Topic:
    """SNS: what was published, in order."""

    published: list[dict[str, Any]] = field(default_factory=list)

    def fork(self) -> Topic:
        """The topic as it stands, once more."""
        return Topic(list(self.published))

    def call(self, operation: str, request: dict[str, Any], _: str) -> dict[str, Any]:
        """Make a call."""
        if operation != "PublishBatch":
            raise NotCovered(f"sns {operation}")
        entries = request["PublishBatchRequestEntries"]
        self.published.extend(json.loads(each["Message"]) for each in entries)
        return {"Successful": [{"Id": each["Id"]} for each in entries], "Failed": []}
