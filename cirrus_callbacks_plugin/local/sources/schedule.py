"""The reconciler on its schedule: an EventBridge schedule, faster than a deployment's."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import place_of
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.sources.source import Handler, Poll, Tell

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_SECONDS = 5.0
"""Between two passes; deployments wait five minutes."""
SECONDS = 60.0
"""The lambda's timeout; the reconciler ends 30 s before it."""

ACTS = ("settled", "never_started", "answered", "stale")


@dataclass(slots=True)
class ScheduleSource:
    """A pass every few seconds; it counts as a delivery only where it repaired something.

    A pass that found nothing to do must not keep a run from being over. Nor need it: the one who
    waits for an answer is an execution that runs, and that keeps the run going.
    """

    handler: Handler
    tell: Tell
    every: float = EVERY_SECONDS
    clock: Callable[[], float] = time.monotonic
    name: str = "reconciler"
    reads: None = None
    _due: float | None = None
    _told: set[str] = field(default_factory=set)

    def poll(self) -> Poll:
        """Make a pass where one is due; the first one is due after a whole interval."""
        now = self.clock()
        if self._due is None:
            self._due = now + self.every
        if now < self._due:
            return Poll.EMPTY
        try:
            summary = self.handler({}, Context(self.name, SECONDS))
        except Exception as error:  # noqa: BLE001 - the next pass tries again
            self._tell_once(f"the reconciler raised {type(error).__name__} ({place_of(error)})")
            return Poll.EMPTY
        finally:
            self._due = self.clock() + self.every
        for payload_id in summary["stuck_payloads"]:
            self._tell_once(f"{payload_id} is stuck: its run ended, cirrus's record is not final")
        return Poll.DELIVERED if any(summary[act] for act in ACTS) else Poll.EMPTY

    def _tell_once(self, trouble: str) -> None:
        if trouble not in self._told:
            self._told.add(trouble)
            self.tell.trouble(trouble)
