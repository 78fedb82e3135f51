"""The tracking table's stream to ``sender``: a DynamoDB event source mapping."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.changes import DYNAMODB
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.sources.source import Handler, Poll, Tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cirrus_callbacks_plugin.local.sources.records import StreamRecords

BATCH = 100
PAUSE_SECONDS = 0.5
"""Before a batch that failed, in full or in part, is delivered again."""
SECONDS = 60.0


@dataclass(slots=True)
class _Reading:
    records: list[dict[str, Any]] = field(default_factory=list)
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Batches of records that match a pattern; what failed is delivered again, in order.

    Attributes:
        stream: the stream's records.
        matches: whether one record matches the filter patterns that are deployed.
        seen: told every record, matching or not.
    """

    stream: StreamRecords
    handler: Handler
    matches: Callable[[dict[str, Any]], bool]
    tell: Tell
    seen: Callable[[dict[str, Any]], None]
    name: str = "sender"
    reads: str = DYNAMODB
    _reading: _Reading = field(default_factory=_Reading)

    def poll(self) -> Poll:
        """Read what is new and deliver one batch."""
        reading = self._reading
        for record in self.stream.new():
            self.seen(record)
            if self.matches(record):
                reading.records.append(record)
        if not reading.records:
            return Poll.EMPTY
        if time.monotonic() < reading.not_before:
            return Poll.WAITING
        batch = reading.records[:BATCH]
        done = self._deliver(batch)
        del reading.records[:done]
        if done < len(batch):
            reading.not_before = time.monotonic() + PAUSE_SECONDS
        return Poll.DELIVERED

    def _deliver(self, batch: Sequence[dict[str, Any]]) -> int:
        """Call the lambda; say how many records it is done with.

        A partial batch response ends what is done at the lowest failed sequence number.
        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
        """
        try:
            response = self.handler({"Records": list(batch)}, Context(self.name, SECONDS))
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch comes again
            self.tell.trouble(f"sender raised {type(error).__name__}: {error}; delivered again")
            return 0
        failed = {entry["itemIdentifier"] for entry in response["batchItemFailures"]}
        for index, record in enumerate(batch):
            if record["dynamodb"]["SequenceNumber"] in failed:
                self.tell.trouble(
                    f"sender reported {len(failed)} failed record(s); delivered again"
                )
                return index
        return len(batch)
