"""Which waits' messages lie in the process queue's dead-letter queue.

Looked up on request alone: messages can only be read by receiving them. Each is hidden for
a minute at most and shown again at once when the look is over; none is removed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.carriers.message import take
from cirrus_callbacks_plugin.waits.row import token_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cirrus_callbacks_plugin.operations.deployment import Deployment

MAX_MESSAGES = 5000
HIDDEN_SECONDS = 60
_EMPTY_ROUNDS = 3
"""SQS may answer with nothing though something is there; so often in a row means: no more."""


@dataclass(frozen=True)
class DeadLetters:
    """What was found.

    Attributes:
        queue: the dead-letter queue's name; None where the process queue has none.
        waits: digests of the task tokens in its messages.
        is_complete: False where there were more messages than were looked at.
    """

    queue: str | None = None
    waits: frozenset[str] = field(default_factory=frozenset)
    is_complete: bool = True


def peek(deployment: Deployment) -> DeadLetters:
    """Look through the dead-letter queue.

    Raises:
        ClientError, BotoCoreError: SQS could not be asked.
        ConfigurationError: the process queue is not known.
    """
    sqs = deployment.client("sqs")
    name = dead_letter_queue(sqs, deployment.process_queue_url)
    if name is None:
        return DeadLetters()
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    ids: set[str] = set()
    seen: dict[str, str] = {}
    try:
        for message in _messages(sqs, url, seen):
            ids.update(
                token_name(callback.task_token) for callback in take(_record(message)).callbacks
            )
    finally:
        _show_again(sqs, url, list(seen.values()))
    return DeadLetters(name, frozenset(ids), len(seen) < MAX_MESSAGES)


def dead_letter_queue(sqs: Any, url: str) -> str | None:
    """The name of a queue's dead-letter queue; None where it has none."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    policy = attributes.get("Attributes", {}).get("RedrivePolicy")
    if not policy:
        return None
    return str(json.loads(policy)["deadLetterTargetArn"]).rpartition(":")[2]


def _messages(sqs: Any, url: str, seen: dict[str, str]) -> Iterator[Mapping[str, Any]]:
    empty = 0
    while empty < _EMPTY_ROUNDS and len(seen) < MAX_MESSAGES:
        received = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        new = [message for message in received if message["MessageId"] not in seen]
        seen.update({message["MessageId"]: message["ReceiptHandle"] for message in received})
        empty = 0 if new else empty + 1
        yield from new


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as ``process`` would get it, as far as tokens may travel in it."""
    return {
        "body": message.get("Body", ""),
        "messageAttributes": {
            name: {"stringValue": value.get("StringValue"), "dataType": value.get("DataType")}
            for name, value in message.get("MessageAttributes", {}).items()
        },
    }


def _show_again(sqs: Any, url: str, handles: list[str]) -> None:
    for start in range(0, len(handles), 10):
        sqs.change_message_visibility_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for index, handle in enumerate(handles[start : start + 10])
            ],
        )
