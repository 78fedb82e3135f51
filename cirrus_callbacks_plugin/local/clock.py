"""The stack's clock: the machine's, which can be moved on.

Timeouts, heartbeats and Wait states of the interpreter follow it, so that a test need not wait
two hours to see a task time out after two hours.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone


class StackClock:
    """Seconds since the clock was made, and a way to move them on; for many threads."""

    def __init__(self) -> None:
        self._moved = 0.0
        self.changed = threading.Condition()
        """Notified when the clock moves on, or an event of this clock is set."""

    @property
    def moved(self) -> timedelta:
        """How far the clock is ahead of the machine's."""
        return timedelta(seconds=self._moved)

    def seconds(self) -> float:
        """The time in seconds; only differences mean something."""
        return time.monotonic() + self._moved

    def utc_now(self) -> datetime:
        """The time of day, aware."""
        return datetime.now(timezone.utc) + self.moved

    def move_on(self, seconds: float) -> None:
        """Let time pass at once, and wake whatever waits for a time that has come."""
        with self.changed:
            self._moved += seconds
            self.changed.notify_all()


class ClockEvent(threading.Event):
    """An event whose waiting ends by a stack's clock."""

    def __init__(self, clock: StackClock) -> None:
        super().__init__()
        self._clock = clock

    def set(self) -> None:
        """Wake what waits for the event."""
        super().set()
        with self._clock.changed:
            self._clock.changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the event is set, or so many seconds of the stack's clock."""
        if timeout is None:
            return super().wait()
        ends = self._clock.seconds() + timeout
        with self._clock.changed:
            while not self.is_set():
                left = ends - self._clock.seconds()
                if left <= 0:
                    return False
                self._clock.changed.wait(min(left, threading.TIMEOUT_MAX))
        return True
