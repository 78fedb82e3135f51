"""What is left of a Lambda invocation's time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_SECONDS_LEFT = 10.0
"""Assumed where the context does not tell: the shortest timeout of cirrus's lambdas."""

SHARE_KEPT = 0.25
"""Long work ends when this share of the time that was left on entry remains."""


def seconds_left(context: Any, untold: float = DEFAULT_SECONDS_LEFT) -> float:
    """What Lambda's context says is left of the invocation, in seconds; or else ``untold``."""
    tell = getattr(context, "get_remaining_time_in_millis", None)
    return untold if tell is None else float(tell()) / 1000


@dataclass(slots=True, eq=False, repr=False)
class Deadline:
    """When an invocation ends, and when its long work has to.

    Attributes:
        end: the end of the invocation, on the clock.
        work_end: the end of long work, on the clock.
        clock: seconds, monotonic.
    """

    end: float
    work_end: float
    clock: Callable[[], float]

    @classmethod
    def of(cls, context: Any, clock: Callable[[], float] = time.monotonic) -> Deadline:
        """Look at Lambda's context once, on entry."""
        now, left = clock(), seconds_left(context)
        return cls(now + left, now + left * (1 - SHARE_KEPT), clock)

    def has_time_left(self) -> bool:
        """False once long work has to end."""
        return self.clock() < self.work_end

    def seconds(self) -> float:
        """Seconds left of the invocation."""
        return self.end - self.clock()
