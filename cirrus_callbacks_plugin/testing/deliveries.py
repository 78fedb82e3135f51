"""What may happen to a delivery on its way: it is lost, comes twice, or comes late."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

FUNCTIONS = ("process", "update-state", "sender")
"""Whose deliveries can be disturbed."""

Handler = Callable[[Any, Any], Any]


@dataclass(slots=True)
class Disturbance:
    """What happens to the next deliveries about some payloads.

    Attributes:
        kind: ``lost``, ``twice`` or ``held``.
        about: a text that the event holds: a payload's id; empty for any event.
        times: how many deliveries it is still for.
        happened: how many it was for so far.
    """

    kind: str
    about: str
    times: int
    happened: int = 0
    _held: list[Callable[[], Any]] = field(default_factory=list)

    def keep(self, deliver: Callable[[], Any]) -> None:
        """Keep a delivery for later."""
        self._held.append(deliver)

    def release(self) -> None:
        """Deliver what was held, now."""
        held, self._held = self._held, []
        for deliver in held:
            deliver()


@dataclass(slots=True)
class Deliveries:
    """The disturbances of a test, around the lambdas."""

    _disturbances: dict[str, list[Disturbance]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def disturb(self, function: str, kind: str, about: str, times: int) -> Disturbance:
        """Disturb deliveries to a function.

        Raises:
            ValueError: there is no such function.
        """
        if function not in FUNCTIONS:
            raise ValueError(f"{function!r} is none of {', '.join(FUNCTIONS)}")
        disturbance = Disturbance(kind, about, times)
        with self._lock:
            self._disturbances.setdefault(function, []).append(disturbance)
        return disturbance

    def around(self, function: str, handler: Handler) -> Handler:
        """The handler with what happens to its deliveries.

        Of a batch only the records that a disturbance is about are disturbed; the others are
        delivered as they are.
        """

        def disturbed(event: Any, context: Any) -> Any:
            answer: Any = {"batchItemFailures": []}
            for part, disturbance in self._parts(function, event):
                if disturbance is None:
                    answer = handler(part, context)
                elif disturbance.kind == "held":
                    disturbance.keep(functools.partial(handler, part, context))
                elif disturbance.kind == "twice":
                    handler(part, context)
                    answer = handler(part, context)
            return answer

        return disturbed

    def _parts(self, function: str, event: Any) -> Iterator[tuple[Any, Disturbance | None]]:
        records = event.get("Records") if isinstance(event, dict) else None
        if not isinstance(records, list):
            yield event, self._for(function, event)
            return
        whole = []
        for record in records:
            disturbance = self._for(function, record)
            if disturbance is None:
                whole.append(record)
            else:
                yield {**event, "Records": [record]}, disturbance
        if whole:
            yield {**event, "Records": whole}, None

    def _for(self, function: str, event: Any) -> Disturbance | None:
        text = json.dumps(event, default=str).replace('\\"', '"')
        with self._lock:
            for disturbance in self._disturbances.get(function, ()):
                is_left = disturbance.happened < disturbance.times
                if is_left and disturbance.about in text:
                    disturbance.happened += 1
                    return disturbance
        return None
