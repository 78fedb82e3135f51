"""How far the evaluation of one expression may go: it must end, whatever a workflow says."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError

_LOOK_AT_THE_CLOCK_EVERY = 128
_ARRAYS_ALTOGETHER = 5
"""How many arrays of the largest size an expression may make in all: they are held at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where an evaluation is given up. Our own figures: AWS has limits, and does not tell them.

    Attributes:
        seconds: how long an expression may take.
        depth: how many evaluations may be nested; a recursive function takes three or more a call.
        size: characters of a text, and items of an array, that an expression may make.
    """

    seconds: float = 30.0
    depth: int = 3_000
    size: int = 2_000_000


class Meter:
    """What one evaluation has used up.

    Every method raises :class:`ExpressionError` where a limit is passed.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.depth = 0
        self._deadline = time.monotonic() + limits.seconds
        self._steps = 0
        self._items = 0

    def enter(self) -> None:
        """One more evaluation is nested in the others."""
        self.depth += 1
        if self.depth > self.limits.depth:
            raise ExpressionError(
                f"The expression calls itself too deep: more than {self.limits.depth} "
                "evaluations are nested. Check for an endless recursion",
                "D1011",
            )
        self.step()

    def leave(self) -> None:
        """The innermost evaluation is over."""
        self.depth -= 1

    def step(self) -> None:
        """Look at the clock from time to time."""
        self._steps += 1
        if self._steps % _LOOK_AT_THE_CLOCK_EVERY == 0:
            self.seconds_left()

    def seconds_left(self) -> float:
        """How long the evaluation may go on."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self.too_long()
        return left

    def too_long(self) -> ExpressionError:
        """The error of an evaluation that takes too long."""
        return ExpressionError(
            f"The expression takes longer than {self.limits.seconds:g} s. "
            "Check for an endless recursion",
            "D1012",
        )

    def produce(self, items: int) -> None:
        """A part of the expression has made an array of so many items."""
        self.grow(items)
        self._items += items
        self.grow(self._items / _ARRAYS_ALTOGETHER)

    def grow(self, size: float) -> None:
        """A text or an array of so many characters or items is about to be made."""
        if size > self.limits.size:
            raise ExpressionError(
                f"The expression makes a text or an array of more than {self.limits.size} "
                "characters or items",
                "D2014",
            )
