"""How long a state waits or may take: timestamps, paths to seconds, the default timeout."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.attempts import pause
from cirrus_callbacks_plugin.local.moto_corrections.state_failures import RUNTIME, failure
from cirrus_callbacks_plugin.local.states_language.numbers import MOST_AT_ONCE, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

_TIMESTAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})",
    re.ASCII,
)
"""RFC 3339, with the capital T and Z that Step Functions asks for."""


def wait_until_instants(patches: Patches) -> None:
    """A Wait's timestamp is an instant: in UTC, or with an offset.

    moto compares it with the clock of the machine's own time zone, and takes no offset.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
    """
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
        WaitFunction,
    )

    clock = patches.clock

    def get_wait_seconds(self: Any, env: Any) -> float:
        self.string.eval(env=env)
        text = env.stack.pop()
        instant = read_instant(text)
        if instant is None:
            raise _failed(self._create_failure_event(env, text))
        return (instant - clock.utc_now()).total_seconds()

    def wait(_: Any, env: Any, wait_seconds: float) -> None:
        pause(env, wait_seconds, clock)

    patches.set(Timestamp, "_from_timestamp_string", staticmethod(read_instant))
    patches.set(Timestamp, "_get_wait_seconds", get_wait_seconds)
    patches.set(WaitFunction, "_wait_interval", wait)


def read_instant(text: Any) -> datetime | None:
    """The instant that a Wait's timestamp names; None for what is not a timestamp."""
    if not isinstance(text, str) or _TIMESTAMP.fullmatch(text) is None:
        return None
    whole, _, rest = text.partition(".")
    fraction = re.match(r"\d+", rest)
    zone = text[-1:] if text.endswith("Z") else text[-6:]
    seconds = whole if fraction else text.removesuffix(zone)
    micros = f".{fraction[0][:6]:0<6}" if fraction else ""
    try:
        return datetime.fromisoformat(f"{seconds}{micros}{zone.replace('Z', '+00:00')}")
    except ValueError:  # a thirteenth month
        return None


def _failed(event: Any) -> Exception:
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEventException,
    )

    raised: Exception = FailureEventException(event)
    return raised


def let_tasks_take_their_time(patches: Patches) -> None:
    """A task without TimeoutSeconds may take 99,999,999 s, one with HeartbeatSeconds too.

    moto gives the latter 60 s.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    """
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import (
        Timeout,
        TimeoutSeconds,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState

    original = ExecutionState.from_state_props

    def from_state_props(self: Any, state_props: Any) -> None:
        original(self, state_props)
        if self.heartbeat is not None and state_props.get(Timeout) is None:
            self.timeout = TimeoutSeconds(TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS)

    patches.set(ExecutionState, "from_state_props", from_state_props)


def take_whole_numbers_of_iterations(patches: Patches) -> None:
    """MaxConcurrencyPath leads to an integer that is not negative, not to a text or 1.5.

    Anything else fails the state with ``States.Runtime``; moto reads texts, cuts fractions, and
    takes true for 1.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import (
        MaxConcurrencyPath,
    )

    def _eval_max_concurrency(self: Any, env: Any) -> int:
        self.string_sampler.eval(env=env)
        value = env.stack.pop()
        if not whole(value, 0, MOST_AT_ONCE):
            path = self.string_sampler.literal_value
            raise failure(
                env, RUNTIME, f"The MaxConcurrencyPath '{path}' leads to no non-negative integer."
            )
        return int(value)

    patches.set(MaxConcurrencyPath, "_eval_max_concurrency", _eval_max_concurrency)


def take_positive_seconds_alone(patches: Patches) -> None:
    """TimeoutSecondsPath and HeartbeatSecondsPath lead to positive integers.

    Anything else fails the state with ``States.Runtime``; moto takes 0 and less, and true.
    """
    from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import (
        HeartbeatSecondsPath,
    )
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsPath

    def checked(original: Callable[..., Any], field: str) -> Callable[..., int]:
        def _eval_seconds(self: Any, env: Any) -> int:
            try:
                seconds = original(self, env)
            except (TypeError, ValueError):  # moto compares a text with a number
                seconds = None
            if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds <= 0:
                path = self.string_sampler.literal_value
                raise failure(env, RUNTIME, f"The {field} '{path}' leads to no positive integer.")
            return seconds

        return _eval_seconds

    for owner, field in (
        (TimeoutSecondsPath, "TimeoutSecondsPath"),
        (HeartbeatSecondsPath, "HeartbeatSecondsPath"),
    ):
        original = owner._eval_seconds  # noqa: SLF001 - moto has no public seam
        patches.set(owner, "_eval_seconds", checked(original, field))
