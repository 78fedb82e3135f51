"""Staying below account-wide quotas that other users of the account share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True, eq=False, repr=False)
class Pace:
    """At most so many calls a second, evenly; safe to share between threads.

    Attributes:
        per_second: calls a second.
        clock: seconds, monotonic.
        sleep: waits so many seconds.
        at_once: calls that may be made without a pause after a time without any: AWS's own
            quotas are buckets that fill again.
    """

    per_second: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    at_once: int = 1
    _next: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Wait until the next call may be made."""
        with self._lock:
            now = self.clock()
            self._next = max(self._next, now - (self.at_once - 1) / self.per_second)
            start = self._next
            self._next += 1 / self.per_second
        if start > now:
            self.sleep(start - now)
