"""The tracking table's stream: one record of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.waits.continuation import row_from_item
from cirrus_callbacks_plugin.waits.row import Key, MalformedRowError, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One record of the stream.

    Attributes:
        sequence_number: its place in the shard; what a partial batch response names.
        key: the row's key.
        inserted: the row's first image, for a record of a new row that can be read.
    """

    sequence_number: str
    key: Key
    inserted: Wait | None

    @classmethod
    def from_batch(cls, records: Sequence[Mapping[str, Any]]) -> list[StreamRecord]:
        """Read a batch; a record that cannot be read never will be, and blocks nobody."""
        read = []
        for record in records:
            try:
                read.append(cls.from_event(record))
            except (KeyError, TypeError, AttributeError, ValueError, MalformedRowError) as error:
                logger.error(  # noqa: TRY400 - a traceback shows nothing that helps
                    "A stream record is no row of the tracking table (%s: %s); passed over",
                    type(error).__name__,
                    record.get("eventID", "without an id"),
                )
        return [record for record in read if record is not None]

    @classmethod
    def from_event(cls, record: Mapping[str, Any]) -> StreamRecord | None:
        """Read a record; None for a removal, and for a reserved row that is not known here."""
        change = record["dynamodb"]
        image = change.get("NewImage")
        if record.get("eventName") == "REMOVE" or not image:
            return None
        key = Key.from_item(change["Keys"])
        if key.is_reserved and not key.is_continuation and not key.is_expansion:
            return None
        is_new = record.get("eventName") == "INSERT"
        row = row_from_item(image) if is_new else None
        return cls(
            sequence_number=str(change["SequenceNumber"]),
            key=key,
            inserted=row if isinstance(row, Wait) else None,
        )
