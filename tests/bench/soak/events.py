"""EventBridge between the ends of runs and ``update-state``: late, repeated, lost."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.soak.plan import OVERLAP
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.sources.executions import ATTEMPTS, SECONDS
from cirrus_callbacks_plugin.local.sources.source import Poll

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.soak.chance import Chance

LATE = 2 * OVERLAP
"""Places of the feed: a further run of the payload may have begun, or ended, by then."""
PAUSE_SECONDS = 0.5
"""Before a further attempt of an invocation that failed; Lambda waits minutes."""


@dataclass
class Events:
    """Each end's events, delivered when they are due; several threads may poll.

    Attributes:
        handler: ``update-state``.
        place: where the feed is.
    """

    handler: Callable[[dict[str, Any], Any], Any]
    chance: Chance
    place: Callable[[], float]
    name: str = "update-state"
    _due: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)
    _again: list[tuple[float, int, dict[str, Any], int]] = field(default_factory=list)
    _number: itertools.count[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: int = 0

    def ended(self, event: dict[str, Any]) -> None:
        """A run has ended: its event is sent, or is not."""
        about = event["detail"]["executionArn"].rpartition(":")[2]
        if self.chance.happens("event lost", about):
            return
        if self.chance.happens("event without its input", about):
            event = {**event, "detail": {**event["detail"], "input": None, "inputDetails": None}}
        now = self.place()
        late = self.chance.happens("event late", about)
        self._put(now + (self.chance.share(f"late {about}") * LATE if late else 0), event)
        if self.chance.happens("event repeated", about):
            self._put(now + self.chance.share(f"repeated {about}") * LATE, event)

    def _put(self, due: float, event: dict[str, Any]) -> None:
        with self._lock:
            heapq.heappush(self._due, (due, next(self._number), event))

    @property
    def waiting(self) -> int:
        """Events that are due now."""
        place = self.place()
        with self._lock:
            return sum(due <= place for due, _, _ in self._due) + len(self._again)

    @property
    def is_empty(self) -> bool:
        """Nothing is due, will be due, or is under way."""
        with self._lock:
            return not (self._due or self._again or self._under_way)

    def poll(self) -> Poll:
        """Deliver one event; Lambda tries an asynchronous invocation three times."""
        with self._lock:
            taken = self._take()
            if taken is None:
                return Poll.WAITING if self._due or self._again else Poll.EMPTY
            self._under_way += 1
        event, attempt = taken
        try:
            self.handler(event, Context(self.name, SECONDS))
        except Exception:  # noqa: BLE001 - whatever it is, it is tried again
            if attempt < ATTEMPTS:
                again = (time.monotonic() + PAUSE_SECONDS, next(self._number), event, attempt + 1)
                with self._lock:
                    heapq.heappush(self._again, again)
        finally:
            with self._lock:
                self._under_way -= 1
        return Poll.DELIVERED

    def _take(self) -> tuple[dict[str, Any], int] | None:
        if self._again and self._again[0][0] <= time.monotonic():
            _, _, event, attempt = heapq.heappop(self._again)
            return event, attempt
        if self._due and self._due[0][0] <= self.place():
            _, _, event = heapq.heappop(self._due)
            return event, 1
        return None
