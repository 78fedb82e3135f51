"""What is left of a Lambda invocation's time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_SECONDS_LEFT = 10.0
"""Assumed where the context does not tell: the shortest timeout of cirrus's lambdas."""

SHARE_KEPT = 0.25
"""Long work ends when this share of the time that was left on entry remains."""


def seconds_left(context: Any) -> float:
    """What Lambda's context says is left of the invocation, in seconds."""
    tell = getattr(context, "get_remaining_time_in_millis", None)
    return DEFAULT_SECONDS_LEFT if tell is None else float(tell()) / 1000


def may_go_on(
    context: Any,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[], bool]:
    """Say, from now on, whether long work may go on in this invocation."""
    deadline = clock() + seconds_left(context) * (1 - SHARE_KEPT)
    return lambda: clock() < deadline
