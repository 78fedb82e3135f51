"""The interpreter's waiting follows a clock that can be moved on.

This corrects nothing that moto does otherwise than AWS: it is what lets a test see a task time
out after two hours.
"""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.clock import ClockEvent

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.clock import StackClock
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def follow_the_clock(patches: Patches, clock: StackClock) -> None:
    """Timeouts of tasks, Map and Parallel, heartbeats, Wait states and pauses of a Retry."""
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.exec import execute_state
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
    from moto.stepfunctions.parser.asl.eval import environment
    from moto.stepfunctions.parser.asl.eval.callback import callback

    event = functools.partial(ClockEvent, clock)
    for module in (execute_state, environment):
        patches.set(module, "threading", _like(module.threading, Event=event))
    patches.set(callback, "Event", event)
    patches.set(wait_function, "time", _like(wait_function.time, time=clock.seconds))
    patches.set(retrier_decl, "time", _like(retrier_decl.time, sleep=clock.sleep))


def _like(module: Any, **replaced: Any) -> types.SimpleNamespace:
    """What a module offers, with some of it replaced."""
    return types.SimpleNamespace(**{**vars(module), **replaced})
