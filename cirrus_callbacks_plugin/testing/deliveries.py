"""What may happen to a delivery on its way: it is lost, comes twice, or comes late."""

from __future__ import annotations

import copy
import enum
import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cirrus_callbacks_plugin.local.deployment import MAX_RECEIVES
from cirrus_callbacks_plugin.local.sources import executions

Handler = Callable[[Any, Any], Any]

ATTEMPTS = {"process": MAX_RECEIVES, "update-state": executions.ATTEMPTS, "sender": 5}
"""Whose deliveries can be disturbed, and how often one that was held is tried."""


class Fate(enum.Enum):
    """What becomes of a delivery; the value is how the timeline tells it."""

    LOST = "is lost"
    TWICE = "comes twice"
    HELD = "is held"


@dataclass(frozen=True, slots=True)
class About:
    """Which payloads a disturbance is about.

    Attributes:
        payload_id: an id, or a part of one; empty for every payload.
        is_whole: True where only that very id is meant.
    """

    payload_id: str
    is_whole: bool = False

    def means(self, payload_id: str | None) -> bool:
        """Whether a payload is meant; what is about no payload is meant by "" alone."""
        if self.is_whole:
            return payload_id == self.payload_id
        return self.payload_id in (payload_id or "")


@dataclass(slots=True)
class Disturbance:
    """What happens to the next deliveries about some payloads.

    Attributes:
        function: whose deliveries.
        fate: what becomes of them.
        about: the payloads.
        times: for how many deliveries.
        happened: for how many it was so far.
    """

    function: str
    fate: Fate
    about: About
    times: int
    happened: int = 0
    _held: list[Callable[[], None]] = field(default_factory=list)

    @property
    def held(self) -> int:
        """How many deliveries are held now."""
        return len(self._held)

    def keep(self, deliver: Callable[[], None]) -> None:
        """Keep a delivery for later."""
        self._held.append(deliver)

    def release(self) -> None:
        """Deliver now what was held, in order; what comes from now on is delivered at once."""
        self.times = self.happened
        while self._held:
            self._held.pop(0)()

    def __str__(self) -> str:
        """For messages: which deliveries are disturbed, and how."""
        about = f" about {self.about.payload_id}" if self.about.payload_id else ""
        return f"a delivery to {self.function}{about} that {self.fate.value}"


@dataclass(slots=True)
class Deliveries:
    """The disturbances of a test, around the lambdas.

    Attributes:
        payload_id_of: the payload that a record (or an event) for a function is about.
        tell: told what happens to deliveries, for the timeline.
        delivered: called once a delivery that was held has been made.
    """

    payload_id_of: Callable[[str, Any], str | None]
    tell: Callable[[str], None]
    delivered: Callable[[], None]
    disturbances: list[Disturbance] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def disturb(self, function: str, fate: Fate, about: About, times: int) -> Disturbance:
        """Disturb deliveries to a function, from now on."""
        assert function in ATTEMPTS, f"{function!r} is not one of {', '.join(ATTEMPTS)}"
        assert times > 0, f"times={times}: at least one delivery must be meant"
        disturbance = Disturbance(function, fate, about, times)
        with self._lock:
            self.disturbances.append(disturbance)
        return disturbance

    def around(self, function: str, handler: Handler) -> Handler:
        """The handler with what happens to its deliveries.

        Of a batch only the records that a disturbance is about are disturbed; the others are
        delivered as they are.
        """
        if function not in ATTEMPTS:
            return handler

        def disturbed(event: Any, context: Any) -> Any:
            answers = []
            for part, met in self._parts(function, event):
                fate = None if met is None else met.fate
                if met is not None and fate is Fate.HELD:
                    met.keep(functools.partial(self._deliver, function, handler, part, context))
                if fate is Fate.TWICE:
                    handler(copy.deepcopy(part), context)
                if fate in (None, Fate.TWICE):
                    answers.append(handler(part, context))
            return _joined(answers)

        return disturbed

    def _parts(self, function: str, event: Any) -> Iterator[tuple[Any, Disturbance | None]]:
        records = event.get("Records") if isinstance(event, dict) else None
        if not isinstance(records, list):
            yield event, self._met(function, event)
            return
        whole = []
        for record in records:
            disturbance = self._met(function, record)
            if disturbance is None:
                whole.append(record)
            else:
                yield {**event, "Records": [record]}, disturbance
        if whole:
            yield {**event, "Records": whole}, None

    def _met(self, function: str, record: Any) -> Disturbance | None:
        """The disturbance that a record meets now."""
        with self._lock:
            active = [
                each
                for each in self.disturbances
                if each.function == function and each.happened < each.times
            ]
            if not active:
                return None
            payload_id = self.payload_id_of(function, record)
            for disturbance in active:
                if disturbance.about.means(payload_id):
                    disturbance.happened += 1
                    break
            else:
                return None
        about = "" if payload_id is None else f" about {payload_id}"
        self.tell(f"the delivery to {function}{about} {disturbance.fate.value}")
        return disturbance

    def _deliver(self, function: str, handler: Handler, event: Any, context: Any) -> None:
        """Deliver what was held; as often as AWS would where the function fails."""
        for attempt in range(1, ATTEMPTS[function] + 1):
            try:
                answer = handler(copy.deepcopy(event), context)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                self.tell(f"{function} raised {type(error).__name__}: {error} (attempt {attempt})")
                continue
            if not (isinstance(answer, dict) and answer.get("batchItemFailures")):
                break
        self.delivered()


def _joined(answers: list[Any]) -> Any:
    """One answer for several deliveries: what failed in any of them failed."""
    failed = [
        failure
        for answer in answers
        if isinstance(answer, dict)
        for failure in answer.get("batchItemFailures") or ()
    ]
    if failed or not answers:
        return {"batchItemFailures": failed}
    return answers[-1]
