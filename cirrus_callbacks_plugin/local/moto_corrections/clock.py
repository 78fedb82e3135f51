"""The interpreter and the deployment's lambdas follow a clock that can be moved on.

This corrects nothing that moto does otherwise than AWS: it is what lets a test see a task time
out after two hours.
"""

from __future__ import annotations

import datetime as dt
import functools
import time
import types
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.clock import ClockEvent

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.clock import StackClock
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

FOREVER_SECONDS = 1e9
"""Longer than any timeout: the largest is 99,999,999 s."""
END_SECONDS = 5.0
"""How long the interpreter's threads may take to end."""


def follow_the_clock(patches: Patches, clock: StackClock) -> None:
    """Answers and heartbeats that a task waits for; the times of executions and of rows.

    What waits by itself (attempts, pauses of a Retry, Wait states, a whole execution) follows
    the clock of the patches.
    """
    from moto.stepfunctions.parser import models
    from moto.stepfunctions.parser.asl.component.state import state
    from moto.stepfunctions.parser.asl.eval.callback import callback
    from moto.stepfunctions.parser.asl.eval.event import event_manager
    from moto.stepfunctions.parser.backend import execution

    from cirrus_callbacks_plugin.waits import table

    patches.set(callback, "Event", functools.partial(ClockEvent, clock))
    moments = _moments(clock)
    for module in (models, state, event_manager, execution):
        patches.set(
            module,
            "datetime",
            types.SimpleNamespace(**{**vars(module.datetime), "datetime": moments}),
        )
    patches.set(table, "datetime", moments)


def _moments(clock: StackClock) -> type[dt.datetime]:
    class Moment(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return dt.datetime.now(tz) + clock.moved

    return Moment


def end_what_waits(clock: StackClock) -> None:
    """End the interpreter's threads: their executions are stopped, and time is over for them.

    moto keeps every thread that it ever started, and leaves those that wait for a token.
    """
    from moto.stepfunctions.parser.utils import TMP_THREADS

    clock.move_on(FOREVER_SECONDS)
    deadline = time.monotonic() + END_SECONDS
    for thread in TMP_THREADS:
        thread.join(max(0.0, deadline - time.monotonic()))
    TMP_THREADS[:] = [thread for thread in TMP_THREADS if thread.is_alive()]
