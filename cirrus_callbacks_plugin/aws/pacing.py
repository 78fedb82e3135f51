"""Staying below account-wide quotas that other users of the account share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Pace:
    """At most so many calls a second, evenly; safe to share between threads.

    Attributes:
        per_second: calls a second.
        clock: seconds, monotonic.
        sleep: waits so many seconds.
    """

    per_second: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Wait until the next call may be made."""
        with self._lock:
            now = self.clock()
            start = max(self._next, now)
            self._next = start + 1 / self.per_second
        if start > now:
            self.sleep(start - now)
