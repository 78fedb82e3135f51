"""What a pass did, for its caller, for logs and for metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_NAMED = 100


@dataclass(slots=True)
class Summary:
    """One pass of the reconciler.

    Attributes:
        open_waits: rows of the ``waiting`` index.
        oldest_open_seconds: age of the oldest of them.
        looked_at: rows that were old enough and were judged.
        settled: rows settled with an outcome of their payload.
        never_started: rows settled because no run came of their message.
        answered: tokens answered, success or failure.
        stale: tokens that Step Functions no longer accepts.
        still_running: rows whose run goes on.
        failed: rows whose repair met an error; the next pass tries again.
        heartbeats: heartbeats sent.
        stuck: payload ids whose run ended while their record says otherwise.
        is_complete: False where the pass ended for lack of time.
    """

    open_waits: int = 0
    oldest_open_seconds: float = 0.0
    looked_at: int = 0
    settled: int = 0
    never_started: int = 0
    answered: int = 0
    stale: int = 0
    still_running: int = 0
    failed: int = 0
    heartbeats: int = 0
    stuck: set[str] = field(default_factory=set)
    is_complete: bool = True

    def to_json(self) -> dict[str, Any]:
        """The summary as the handler returns it; at most a hundred stuck payloads by name."""
        return {
            "open_waits": self.open_waits,
            "oldest_open_seconds": round(self.oldest_open_seconds, 3),
            "looked_at": self.looked_at,
            "settled": self.settled,
            "never_started": self.never_started,
            "answered": self.answered,
            "stale": self.stale,
            "still_running": self.still_running,
            "failed": self.failed,
            "heartbeats": self.heartbeats,
            "stuck": len(self.stuck),
            "stuck_payloads": sorted(self.stuck)[:MAX_NAMED],
            "is_complete": self.is_complete,
        }
