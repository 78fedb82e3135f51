"""What a pass did, for its caller, for logs and for metrics."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

MAX_NAMED = 100


class Did(Enum):
    """What a pass did to a row; the value is the count's name in the summary."""

    LOOKED_AT = "looked_at"
    """It was old enough and was judged."""
    SETTLED = "settled"
    """Settled with an outcome of its payload."""
    NEVER_STARTED = "never_started"
    """Settled because no run came of its message."""
    ANSWERED = "answered"
    """Its token was answered, success or failure."""
    STALE = "stale"
    """Its token is one that Step Functions accepts no more."""
    STILL_RUNNING = "still_running"
    """Its run goes on."""
    EXPANDED = "expanded"
    """A join whose members are to be sent again."""
    FAILED = "failed"
    """It met an error, or cannot be read; the next pass tries again."""
    HEARTBEAT = "heartbeats"
    """A heartbeat was sent for it."""
    CYCLE_TOLD = "cycles_told"
    """Settled as the youngest wait of a cycle."""


@dataclass(slots=True, eq=False, repr=False)
class Summary:
    """One pass of the reconciler; several threads may count.

    Attributes:
        open_waits: tasks that wait: entries of the ``waiting`` index without members' waits,
            which their join stands for.
        oldest_open_seconds: age of the oldest of them.
        cycles: cycles of waits, whether they are told or not.
        stuck: payload ids whose run ended while their record says otherwise.
        refused_descriptions: runs that Step Functions refused to describe (access denied, say).
        is_complete: False where something was left for lack of time, or could not be read.
    """

    open_waits: int = 0
    oldest_open_seconds: float = 0.0
    cycles: int = 0
    stuck: set[str] = field(default_factory=set)
    refused_descriptions: int = 0
    is_complete: bool = True
    _counts: Counter[Did] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, did: Did, rows: int = 1) -> None:
        """Count what was done to some rows."""
        with self._lock:
            self._counts[did] += rows

    def count(self, did: Did) -> int:
        """To how many rows that was done."""
        return self._counts[did]

    @property
    def row_errors(self) -> int:
        """Rows that could not be looked at, malformed ones among them."""
        return self.count(Did.FAILED)

    @property
    def repaired(self) -> int:
        """Rows that were settled or answered here: what something else should have done."""
        return sum(map(self.count, (Did.SETTLED, Did.NEVER_STARTED, Did.ANSWERED, Did.EXPANDED)))

    def to_json(self) -> dict[str, Any]:
        """The summary as the handler returns it; at most a hundred stuck payloads by name."""
        return {
            "open_waits": self.open_waits,
            "oldest_open_seconds": round(self.oldest_open_seconds, 3),
            **{did.value: self.count(did) for did in Did},
            "cycles": self.cycles,
            "stuck": len(self.stuck),
            "stuck_payloads": sorted(self.stuck)[:MAX_NAMED],
            "refused_descriptions": self.refused_descriptions,
            "is_complete": self.is_complete,
        }
