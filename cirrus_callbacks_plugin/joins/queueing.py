"""Members that a join sends: their messages, in as few calls as SQS allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code
from cirrus_callbacks_plugin.aws.queues import queue_url
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.cirrus.generations import V0_7, of_version
from cirrus_callbacks_plugin.contract import (
    TOKEN_ATTRIBUTE,
    WAITER_EXECUTION_ATTRIBUTE,
    WAITER_PAYLOAD_ATTRIBUTE,
)
from cirrus_callbacks_plugin.joins.members import Member, Payload, Reference
from cirrus_callbacks_plugin.joins.result import write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cirrus_callbacks_plugin.joins.rows import Join
    from cirrus_callbacks_plugin.naming import MemberToken

MAX_BATCH = 10
MAX_BATCH_BYTES = 1_048_576
"""SendMessageBatch: ten messages, and 1 MiB of bodies and attributes in all."""

_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that SQS does not take: a waiter's name with one is left out of the message."""

# SendMessage's own limit is the queue's: what is too large, or has characters that SQS does
# not take, is refused however often it is sent.
_CONTENT = frozenset(
    {
        "BatchRequestTooLong",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        "MessageTooLong",
    },
)


@dataclass(frozen=True, slots=True)
class Message:
    """A member's message.

    Attributes:
        member: which member.
        body: its text.
        attributes: its message attributes, the member's token among them.
    """

    member: MemberToken
    body: str
    attributes: dict[str, str]

    @classmethod
    def of(cls, member: MemberToken, content: Payload | Reference, join: Join) -> Message:
        """The message of a payload or a reference, in the form that the join's cirrus takes."""
        body: Any = content.body if isinstance(content, Payload) else {"url": content.url}
        if of_version(join.wait.cirrus_version) is V0_7:
            body = {"Type": "Notification", "Message": write(body)}
        waiter = {
            WAITER_PAYLOAD_ATTRIBUTE: join.wait.waiter_payload_id,
            WAITER_EXECUTION_ATTRIBUTE: join.wait.waiter_execution_arn,
        }
        waiter_attributes = {
            name: value
            for name, value in waiter.items()
            if value and _REFUSED.search(value) is None
        }
        return cls(member, write(body), {TOKEN_ATTRIBUTE: member.text, **waiter_attributes})

    @property
    def size(self) -> int:
        """Bytes as SQS counts them: body, and names, types and values of attributes."""
        attributes = sum(
            len(name.encode()) + len("String") + len(value.encode())
            for name, value in self.attributes.items()
        )
        return len(self.body.encode()) + attributes

    def to_request(self) -> dict[str, Any]:
        """What SendMessage and an entry of SendMessageBatch share."""
        return {
            "MessageBody": self.body,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in self.attributes.items()
            },
        }


def send(client: Any, queue_arn: str, messages: Sequence[Message]) -> dict[MemberToken, str]:
    """Send messages; one that comes twice meets the row that it put the first time.

    Returns:
        Those that SQS refuses for what is in them, and why: no repetition would help.

    Raises:
        ClientError, BotoCoreError: some were not sent, for any other reason.
    """
    url = queue_url(client, queue_arn)
    refused: dict[MemberToken, str] = {}
    results = run_side_by_side(
        lambda batch: _send_batch(client, url, batch), list(_batches(messages))
    )
    for result in results:
        if isinstance(result, Exception):
            raise result
        refused |= result
    return refused


def _batches(messages: Sequence[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == MAX_BATCH or size + message.size > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += message.size
    if batch:
        yield batch


def _send_batch(client: Any, url: str, batch: Sequence[Message]) -> dict[MemberToken, str]:
    entries = [{"Id": str(number), **each.to_request()} for number, each in enumerate(batch)]
    try:
        response = client.send_message_batch(QueueUrl=url, Entries=entries)
    except ClientError as error:
        if classify(error) is ErrorKind.RETRY:
            raise
        left = list(batch)  # one of them may be what it refuses: each by itself
    else:
        left = [batch[int(failed["Id"])] for failed in response.get("Failed", [])]
    refused: dict[MemberToken, str] = {}
    for message in left:
        why = _send_one(client, url, message)
        if why is not None:
            refused[message.member] = why
    return refused


def _send_one(client: Any, url: str, message: Message) -> str | None:
    """Send one message; why SQS refuses what is in it, None where it took it."""
    try:
        client.send_message(QueueUrl=url, **message.to_request())
    except ClientError as error:
        if error_code(error) not in _CONTENT:
            raise
        return (
            f"SQS refused the message of {message.size} bytes ({error_code(error)}): "
            'put the payload into S3 and send {"url": "s3://..."}'
        )
    return None


def named_id_of(content: Member) -> str | None:
    """The id that a payload itself names, for a member that no message tells of."""
    named = content.body.get("id") if isinstance(content, Payload) else None
    return named if isinstance(named, str) and named else None
