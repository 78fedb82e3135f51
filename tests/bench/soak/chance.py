"""Which call meets which fault: drawn from the seed, the call, and how often it was made."""

from __future__ import annotations

import enum
import hashlib
import threading
from collections import Counter
from dataclasses import dataclass, field


class Fault(enum.Enum):
    """What goes wrong with a call."""

    THROTTLED = "throttled, beyond the client's own retries"
    SERVER_ERROR = "a server error, beyond them"
    UNREACHABLE = "no answer, and no effect"
    LOST_ANSWER = "no answer, though it took effect"
    KILLED_BEFORE = "the lambda ends before the call"
    KILLED_AFTER = "the lambda ends after the call"
    ATTEMPT_FAILED = "an attempt that the client repeats"
    ATTEMPT_UNANSWERED = "an attempt that took effect and that the client repeats"


PRODUCT: dict[Fault, float] = {
    Fault.THROTTLED: 0.002,
    Fault.SERVER_ERROR: 0.001,
    Fault.UNREACHABLE: 0.001,
    Fault.LOST_ANSWER: 0.004,
    Fault.KILLED_BEFORE: 0.0004,
    Fault.KILLED_AFTER: 0.0006,
}
"""Chances of a call on the tracking table and of an answer."""

CIRRUS: dict[Fault, float] = {
    Fault.THROTTLED: 0.0003,
    Fault.SERVER_ERROR: 0.0002,
    Fault.UNREACHABLE: 0.0002,
    Fault.LOST_ANSWER: 0.0005,
    Fault.KILLED_BEFORE: 0.0003,
    Fault.KILLED_AFTER: 0.0003,
}
"""Chances of every other call; ten times as many are made for one message."""

ATTEMPTS: dict[Fault, float] = {
    Fault.ATTEMPT_FAILED: 0.0015,
    Fault.ATTEMPT_UNANSWERED: 0.0015,
}
"""Chances of each single attempt; botocore pauses before the next one."""

EVENTS: dict[str, float] = {
    "message processed, and delivered again": 0.01,
    "batch of messages shuffled": 0.3,
    "event lost": 0.04,
    "event repeated": 0.10,
    "event late": 0.15,
    "event without its input": 0.005,
    "stream record lost": 0.01,
    "stream batch handled, and delivered again": 0.03,
    "stream batch shuffled": 0.2,
}
"""Chances of what the event sources do."""


@dataclass(slots=True)
class Chance:
    """Draws; the same question asked as often as before gets the same answers.

    Attributes:
        seed: what every draw follows from.
        factor: times the chances above; 0: nothing goes wrong.
        met: how often each fault was drawn, by name.
    """

    seed: int
    factor: float = 1.0
    met: Counter[str] = field(default_factory=Counter)
    _asked: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def calm(self) -> None:
        """Let nothing go wrong from here on."""
        self.factor = 0.0

    def fault(self, chances: dict[Fault, float], call: str) -> Fault | None:
        """The fault that a call meets, if any."""
        drawn = self._draw(call)
        for fault, chance in chances.items():
            drawn -= chance * self.factor
            if drawn < 0:
                self._count(fault.value)
                return fault
        return None

    def happens(self, event: str, subject: str) -> bool:
        """Whether one of :data:`EVENTS` happens to something."""
        if self._draw(f"{event} {subject}") < EVENTS[event] * self.factor:
            self._count(event)
            return True
        return False

    def order(self, subject: str, count: int) -> list[int]:
        """A shuffled order of so many things."""
        return sorted(range(count), key=lambda index: self._draw(f"{subject} {index}"))

    def share(self, subject: str) -> float:
        """A number from 0 to 1."""
        return self._draw(subject)

    def _draw(self, what: str) -> float:
        with self._lock:
            self._asked[what] += 1
            asked = self._asked[what]
        digest = hashlib.blake2b(f"{self.seed} {what} {asked}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def _count(self, name: str) -> None:
        with self._lock:
            self.met[name] += 1
