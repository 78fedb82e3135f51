"""One event as the hooks see it: its records without tokens, and the tokens beside them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.carriers.message import records_of, take
from cirrus_callbacks_plugin.naming import is_text
from cirrus_callbacks_plugin.waits.row import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cirrus_callbacks_plugin.carriers.tokens import Callback

DIRECT = "(direct invocation)"
MAX_NAME_CHARS = 128
"""SQS and SNS give messages ids of 36 characters; something longer was made up."""
NOTHING: Mapping[int, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Message:
    """One record of the event, cleaned.

    Attributes:
        index: its place in the event.
        record: the record without tokens; what cirrus will see.
        callbacks: the tokens that were in it.
    """

    index: int
    record: Any
    callbacks: tuple[Callback, ...]

    @property
    def name(self) -> str:
        """What errors and rows call the message: its id, or the digest of its token."""
        record = self.record if isinstance(self.record, dict) else {}
        sns = record.get("Sns")
        named = record.get("messageId") or (sns.get("MessageId") if isinstance(sns, dict) else None)
        if isinstance(named, str) and 0 < len(named) <= MAX_NAME_CHARS and is_text(named):
            return named
        return digest(self.callbacks[0].task_token)[:16] if self.callbacks else DIRECT

    @property
    def queue_arn(self) -> str | None:
        """The queue that it can be deleted from, None where it came from elsewhere."""
        if not isinstance(self.record, dict) or "receiptHandle" not in self.record:
            return None
        arn = self.record.get("eventSourceARN")
        return arn if isinstance(arn, str) else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event of the ``process`` lambda.

    Attributes:
        original: the event as it came; it may hold tokens.
        messages: its records (the event itself, where it is invoked directly), cleaned.
        is_batch: True where the event has records.
    """

    original: Any
    messages: tuple[Message, ...]
    is_batch: bool

    @classmethod
    def of(cls, event: Any) -> Delivery:
        """Take the tokens out of an event; the event itself is left as it is."""
        records = records_of(event)
        parts = [event] if records is None else records
        taken = [take(part) for part in parts]
        messages = tuple(
            Message(index, each.record, each.callbacks) for index, each in enumerate(taken)
        )
        return cls(event, messages, is_batch=records is not None)

    @property
    def carriers(self) -> tuple[Message, ...]:
        """The messages with at least one token."""
        return tuple(message for message in self.messages if message.callbacks)

    def event_without(
        self,
        indexes: Collection[int] = (),
        records: Mapping[int, Any] = NOTHING,
    ) -> Any:
        """The event for cirrus: without tokens, and without some of the messages.

        The very same object where nothing was taken out.

        Args:
            indexes: messages to leave out.
            records: what to show in the place of a message's own record.
        """
        kept = [
            records.get(message.index, message.record)
            for message in self.messages
            if message.index not in indexes
        ]
        if not self.is_batch:
            return kept[0]
        originals = self.original["Records"]
        if len(kept) == len(originals) and all(
            record is original for record, original in zip(kept, originals, strict=True)
        ):
            return self.original
        return {**self.original, "Records": kept}
