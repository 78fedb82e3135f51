"""The tracking table's stream, read once for the batches that are under way at once."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.local.sources.records import StreamRecords


@dataclass
class Parts:
    """A shard's records in parts, each in its order; records of one payload are in one part.

    Attributes:
        stream: the shard.
        count: how many parts: the mapping's ``ParallelizationFactor``.
        passes: whether a record is delivered at all.
    """

    stream: StreamRecords
    count: int
    passes: Callable[[dict[str, Any]], bool]
    _read: list[list[dict[str, Any]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._read = [[] for _ in range(self.count)]

    def part(self, number: int) -> Part:
        """One of the parts."""
        return Part(self, number)

    def new(self, number: int) -> list[dict[str, Any]]:
        """What is new for one of them."""
        with self._lock:
            for record in self.stream.new():
                if self.passes(record):
                    payload_id = record["dynamodb"]["Keys"]["payload_id"]["S"]
                    place = hashlib.sha256(payload_id.encode()).digest()[0] % self.count
                    self._read[place].append(record)
            taken, self._read[number] = self._read[number], []
            return taken


@dataclass(frozen=True, slots=True)
class Part:
    """What a :class:`StreamSource` reads."""

    parts: Parts
    number: int

    def new(self) -> list[dict[str, Any]]:
        """The records since the last call."""
        return self.parts.new(self.number)
