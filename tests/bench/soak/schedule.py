"""The reconciler's schedule in a soak, with minutes made seconds."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.sources.source import Poll
from cirrus_callbacks_plugin.waits.table import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AHEAD_SECONDS = 105
"""The reconciler's clock runs ahead of everybody's: of the two minutes for which it leaves
an ended run to its event, so many are over at once."""
GRACE_SECONDS = 10
REDELIVERY_SECONDS = 90
"""What the queue needs to give a message up, and a wide margin."""
TIMEOUT_SECONDS = 60.0
END_SECONDS = 6 * 3600
"""How far ahead its clock is at the end: beyond every limit."""
ACTS = ("settled", "never_started", "answered", "stale")

ENVIRONMENT = {
    "CIRRUS_CALLBACKS_GRACE_SECONDS": str(AHEAD_SECONDS + GRACE_SECONDS),
    "CIRRUS_CALLBACKS_REDELIVERY_SECONDS": str(AHEAD_SECONDS + REDELIVERY_SECONDS),
}


@dataclass
class Schedule:
    """A pass every few seconds.

    Attributes:
        handler: the reconciler.
        every: seconds between two passes.
        summaries: what each pass said.
    """

    handler: Callable[[Any], dict[str, Any]]
    every: float
    name: str = "reconciler"
    ahead: float = AHEAD_SECONDS
    summaries: list[dict[str, Any]] = field(default_factory=list)
    _due: float | None = None

    @contextmanager
    def clock_ahead(self) -> Iterator[None]:
        """Let the reconciler's clock be ahead until the end of the block."""

        def later() -> Any:
            return utc_now() + timedelta(seconds=self.ahead)

        with mock.patch.object(reconciler, "utc_now", later):
            yield

    def poll(self) -> Poll:
        """Make a pass where one is due."""
        now = time.monotonic()
        if self._due is None:
            self._due = now + self.every
        if now < self._due:
            return Poll.EMPTY
        self.make_a_pass()
        self._due = time.monotonic() + self.every
        return Poll.DELIVERED

    def make_a_pass(self) -> dict[str, Any] | None:
        """Make a pass; None where it died."""
        try:
            summary = self.handler(Context(self.name, TIMEOUT_SECONDS))
        except Exception:  # noqa: BLE001 - the next pass tries again
            return None
        self.summaries.append(summary)
        return summary

    def repaired(self) -> dict[str, int]:
        """What all passes did."""
        return {act: sum(summary[act] for summary in self.summaries) for act in ACTS}
