"""Logical time: it moves when something that takes a time stamp happens, or when told to."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import time_machine

START = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)
_TICK = timedelta(milliseconds=1)


class Clock:
    """The time of a world, and the time that cirrus's and the product's code see.

    Attributes:
        now: the world's time.
        shown: what code sees: when it runs once more, the time at which it ran before.
    """

    def __init__(self) -> None:
        self._traveller = time_machine.travel(START, tick=False)
        self._coordinates: Any = self._traveller.start()
        self.now = START
        self.shown = START

    def tick(self) -> None:
        """Let a millisecond pass: no two states have the same time, nor have two events."""
        self.now += _TICK

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by

    def travel(self, moment: datetime) -> None:
        """Go on at another world's time."""
        self.now = moment

    def show(self, moment: datetime) -> None:
        """Let code see this time."""
        if moment is not self.shown and moment != self.shown:
            # Not move_to, which sets the time zone of the process, twice.
            self._coordinates.shift(moment - self.shown)
            self.shown = moment

    def reset(self) -> None:
        """Back to the start, for the next schedule."""
        self.now = START

    def stop(self) -> None:
        """Give real time back."""
        self._traveller.stop()
