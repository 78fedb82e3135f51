"""Sends a plan's messages in their order, no faster than they are worked off."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.soak.parents import ITEMS
from bench.soak.plan import Message, Plan, message_body

if TYPE_CHECKING:
    from bench.soak.notes import Notes
    from bench.soak.parents import Parents
    from cirrus_callbacks_plugin.local.deployment import LocalDeployment

AHEAD = 40
"""Messages that may lie in the queue, not yet delivered once."""


@dataclass
class Feed:
    """Where the soak is: everything that is to happen at some time happens at a place of it.

    Attributes:
        place: the place of the last message that was sent; infinite once all are.
        sent: how many messages were sent; those that executions send are counted as well.
    """

    plan: Plan
    deployment: LocalDeployment
    notes: Notes
    parents: Parents
    place: float = -math.inf
    sent: int = 0
    _next: int = 0
    _groups: dict[int, list[Message]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sqs = self.deployment.client("sqs")
        self._s3 = self.deployment.client("s3")
        real = [message for message in self.plan.messages if message.by_parent]
        for start in range(0, len(real), ITEMS):
            group = real[start : start + ITEMS]
            self._groups[group[0].number] = group

    @property
    def is_over(self) -> bool:
        """Everything was sent."""
        return self._next == len(self.plan.messages)

    def go_on(self, delivered: int) -> None:
        """Send a few messages, if few enough wait to be delivered."""
        while self.sent - delivered < AHEAD:
            if self.is_over:
                self.place = math.inf
                return
            message = self.plan.messages[self._next]
            self._next += 1
            self.place = message.place
            if not message.by_parent:
                self._send(message)
            elif message.number in self._groups:
                group = self._groups[message.number]
                self.parents.start(group)
                self.sent += len(group)

    def _send(self, message: Message) -> None:
        names = self.deployment.names
        if message.token is not None:
            self.notes.expect(message, message.token)
        url = None
        if message.carrier == "url" and message.payload.kind != "unusable":
            key = f"soak/{message.number}.json"
            self._s3.put_object(
                Bucket=names.payload_bucket, Key=key, Body=json.dumps(message.body()).encode()
            )
            url = f"s3://{names.payload_bucket}/{key}"
        body, attributes = message_body(message, url)
        for _ in range(message.copies):
            self.send(body, attributes)
        self.sent += 1

    def send(self, body: str, attributes: dict[str, Any]) -> None:
        """Put a message into the process queue."""
        self._sqs.send_message(
            QueueUrl=self.deployment.names.process_queue_url,
            MessageBody=body,
            MessageAttributes=attributes,
        )
