"""What the event sources have in common: a poll, and how it is known that nothing is left."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Handler = Callable[[dict[str, Any], Any], Any]


class Poll(enum.Enum):
    """What a poll of a source came to."""

    DELIVERED = "delivered"
    """The lambda was called."""
    WAITING = "waiting"
    """Nothing to deliver now, but in a while (in flight, to be tried again)."""
    RUNNING = "running"
    """Nothing to deliver before something that runs has ended, which is told."""
    EMPTY = "empty"
    """Nothing to deliver, and nothing that could bring something."""


class Source(Protocol):
    """An event source and its lambda."""

    @property
    def name(self) -> str:
        """What the timeline calls it."""

    @property
    def reads(self) -> str | None:
        """The service that it reads (``changes.SERVICES``); None: it follows time alone."""

    def poll(self) -> Poll:
        """Deliver what is there now, in one call of the lambda at most."""


@dataclass(slots=True)
class Tell:
    """Where a source tells what people should know of a delivery.

    Attributes:
        trouble: a lambda raised, or a message is given up.
    """

    trouble: Callable[[str], None]


class Rounds:
    """Says when every source has been empty since the last delivery of any of them.

    A delivery may bring work to every other source, so it makes each of them prove again
    that it is empty, with a poll that began after the delivery ended.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._lock = threading.Lock()
        self._deliveries = 0
        self._empty_since: dict[str, int] = dict.fromkeys(names, -1)
        self._quiet_since: dict[str, int] = dict.fromkeys(names, -1)

    def began(self) -> int:
        """Note the start of a poll; what it returns belongs to :meth:`ended`."""
        with self._lock:
            return self._deliveries

    def ended(self, name: str, began: int, poll: Poll) -> None:
        """Note what a poll came to."""
        with self._lock:
            if poll is Poll.DELIVERED:
                self._deliveries += 1
            self._empty_since[name] = began if poll is Poll.EMPTY else -1
            self._quiet_since[name] = -1 if poll is Poll.DELIVERED else began

    def disturb(self) -> None:
        """Work has come from elsewhere: a message that somebody sent by hand."""
        with self._lock:
            self._deliveries += 1

    @property
    def is_quiet(self) -> bool:
        """True where no delivery is under way and none is due, though some may come later."""
        with self._lock:
            return all(since == self._deliveries for since in self._quiet_since.values())

    @property
    def nothing_left(self) -> bool:
        """True where no source holds anything, and none can come to hold something."""
        with self._lock:
            return all(since == self._deliveries for since in self._empty_since.values())
