"""SQS, S3 and SNS: what cirrus and the product do to them, and the queue's redelivery."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simulation.fake_aws.errors import FakeError, NotCovered

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RECEIVES = 5
MAX_MESSAGE_BYTES = 1_048_576


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
    """The process queue and its dead-letter queue.

    Attributes:
        arn, url: which queue.
        messages: what is in it, by number.
        dead: what was delivered too often, or lost.
        sent: how many messages there were.
        most_bytes: of one message: what is larger is refused, and its whole batch with it.
    """

    arn: str
    url: str
    messages: dict[int, Message] = field(default_factory=dict)
    dead: list[Message] = field(default_factory=list)
    sent: int = 0
    most_bytes: int = MAX_MESSAGE_BYTES

    def fork(self) -> Queue:
        """The queue as it stands, once more."""
        messages, dead = dict(self.messages), list(self.dead)
        return Queue(self.arn, self.url, messages, dead, self.sent, self.most_bytes)

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
            self.lose(number)

    def lose(self, number: int) -> None:
        """The message is delivered no more."""
        self.dead.append(self.messages.pop(number))

    def call(self, operation: str, request: dict[str, Any], variant: str) -> dict[str, Any]:
        """Make a call; ``failed-entry`` is a batch whose last entry SQS did not take."""
        if operation == "GetQueueUrl":
            return {"QueueUrl": self.url}
        if request["QueueUrl"] != self.url:
            raise FakeError("AWS.SimpleQueueService.NonExistentQueue")
        if operation == "SendMessage":
            self._check([request])
            self._send(request)
            return {}
        if operation == "SendMessageBatch":
            entries = request["Entries"]
            self._check(entries)
            failed = entries[-1:] if variant == "failed-entry" else []
            taken = entries[: len(entries) - len(failed)]
            for entry in taken:
                self._send(entry)
            return {
                "Successful": [{"Id": each["Id"]} for each in taken],
                "Failed": [{"Id": each["Id"], "Code": "InternalError"} for each in failed],
            }
        if operation == "DeleteMessageBatch":
            done = []
            for entry in request["Entries"]:
                self.messages.pop(int(entry["ReceiptHandle"].rpartition("-")[2]), None)
                done.append({"Id": entry["Id"]})
            return {"Successful": done, "Failed": []}
        raise NotCovered(f"sqs {operation}")

    def _check(self, entries: list[dict[str, Any]]) -> None:
        """Refuse the whole call for one message that is too large."""
        sizes = [len(each["MessageBody"].encode()) for each in entries]
        if sum(sizes) > MAX_MESSAGE_BYTES:
            raise FakeError("AWS.SimpleQueueService.BatchRequestTooLong")
        if max(sizes) > self.most_bytes:
            raise FakeError("InvalidParameterValue", "One or more parameters are invalid.")

    def _send(self, entry: dict[str, Any]) -> None:
        attributes = {
            name: {"dataType": value["DataType"], "stringValue": value["StringValue"]}
            for name, value in entry.get("MessageAttributes", {}).items()
        }
        self.send(entry["MessageBody"], attributes)


class Body:
    """A response's body: told by its content, since actors' answers are compared as texts."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._stream = io.BytesIO(content)

    def __repr__(self) -> str:
        return f"Body({self._content!r})"

    def fresh(self) -> Body:
        """The body, not read yet."""
        return Body(self._content)

    def read(self) -> bytes:
        """All that is left of it."""
        return self._stream.read()

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        """The rest, in parts."""
        while part := self._stream.read(size):
            yield part


@dataclass(slots=True)
class Bucket:
    """S3, as far as payloads and joins' lists go."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def fork(self) -> Bucket:
        """The bucket as it stands, once more."""
        return Bucket(dict(self.objects))

    def call(self, operation: str, request: dict[str, Any], _: str) -> dict[str, Any]:
        """Make a call."""
        if operation == "GetObject":
            if request["Key"] not in self.objects:
                raise FakeError("NoSuchKey", "The specified key does not exist.")
            content = self.objects[request["Key"]]
            etag = _etag(content)
            if request.get("IfMatch", etag) != etag:
                raise FakeError("PreconditionFailed")
            return {"Body": Body(content), "ETag": etag, "ContentLength": len(content)}
        if operation == "PutObject":
            self.objects[request["Key"]] = request["Body"]
            return {"ETag": _etag(request["Body"])}
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


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'  # noqa: S324 - as S3 makes it
