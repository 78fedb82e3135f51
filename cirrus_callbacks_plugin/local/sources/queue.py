"""The process queue to ``process``: an SQS event source mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.changes import SQS
from cirrus_callbacks_plugin.local.deployment import MAX_RECEIVES
from cirrus_callbacks_plugin.local.events import sqs_event
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.sources.source import Handler, Poll, Tell

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.deployment import Names

BATCH = 10
SECONDS = 15.0
"""The timeout of cirrus's ``process``; told to the handler, not enforced."""


@dataclass(frozen=True, slots=True)
class QueueSource:
    """Batches of up to ten; a batch is deleted if the lambda returns.

    Otherwise its messages (but those that the lambda deleted itself) become visible again,
    and go to the dead-letter queue once received five times: SQS does both.
    """

    sqs: Any
    names: Names
    handler: Handler
    tell: Tell
    name: str = "process"
    reads: str = SQS

    def poll(self) -> Poll:
        """Receive and deliver one batch."""
        messages = self.sqs.receive_message(
            QueueUrl=self.names.process_queue_url,
            MaxNumberOfMessages=BATCH,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return Poll.WAITING if self._holds_messages() else Poll.EMPTY
        try:
            self.handler(
                sqs_event(messages, self.names.process_queue_arn),
                Context(self.name, SECONDS),
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the messages come again
            self._tell(error, messages)
            return Poll.DELIVERED
        self.sqs.delete_message_batch(
            QueueUrl=self.names.process_queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )
        return Poll.DELIVERED

    def _tell(self, error: Exception, messages: list[dict[str, Any]]) -> None:
        receives = [int(message["Attributes"]["ApproximateReceiveCount"]) for message in messages]
        last = sum(count >= MAX_RECEIVES for count in receives)
        what = f"process raised {type(error).__name__}: {error} (delivery {max(receives)})"
        self.tell.trouble(
            f"{what}; {last} message(s) go to the dead-letter queue" if last else what
        )

    def _holds_messages(self) -> bool:
        attributes = self.sqs.get_queue_attributes(
            QueueUrl=self.names.process_queue_url,
            AttributeNames=["All"],
        )["Attributes"]
        return any(
            int(attributes[name])
            for name in (
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesDelayed",
                "ApproximateNumberOfMessagesNotVisible",
            )
        )
