"""Logical time: it moves when something that takes a time stamp happens, or when told to."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import time_machine

START = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)


class Clock:
    """The time that cirrus's and the product's code see."""

    def __init__(self) -> None:
        self._traveller = time_machine.travel(START, tick=False)
        self._coordinates: Any = self._traveller.start()
        self.now = START

    def tick(self) -> None:
        """Let a millisecond pass: no two states have the same time, nor have two events."""
        self.advance(timedelta(milliseconds=1))

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by
        # Not move_to, which sets the time zone of the process, twice.
        self._coordinates.shift(by)

    def travel(self, moment: datetime) -> None:
        """Show code the time at which it ran before."""
        if moment != self.now:
            self.advance(moment - self.now)

    def reset(self) -> None:
        """Back to the start, for the next schedule."""
        self.travel(START)

    def stop(self) -> None:
        """Give real time back."""
        self._traveller.stop()
