"""What fields of a state may hold once their expressions in JSONata are evaluated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.durations import read_instant
from cirrus_callbacks_plugin.local.moto_corrections.evaluation_failures import evaluation_failure
from cirrus_callbacks_plugin.local.states_language.numbers import LONGEST, MOST_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.local.clock import StackClock
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def check_what_fields_hold(patches: Patches) -> None:
    """Conditions are booleans, items an array, seconds whole numbers, timestamps instants.

    Errors and causes are texts.

    moto cuts numbers (2.7 seconds are 2), takes texts for them, and calls what is left
    ``States.Runtime``, which nothing catches.
    """
    from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
        StringJSONata,
    )
    from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import (
        HeartbeatSecondsJSONata,
    )
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import (
        TimeoutSecondsJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import (
        ConditionStringJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.items.items import (
        ItemsJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import (
        MaxConcurrencyJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.fail.cause_decl import Cause
    from moto.stepfunctions.parser.asl.component.state.fail.error_decl import Error
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import (
        SecondsJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp

    def condition(self: Any, env: Any) -> None:
        env.stack.append(_checked(env, self.string_jsonata, "boolean"))

    def items(self: Any, env: Any) -> None:
        env.stack.append(_checked(env, self.string_jsonata, "array"))

    def text(self: Any, env: Any) -> None:
        if isinstance(self.string_expression, StringJSONata):
            env.stack.append(_checked(env, self.string_expression, "string"))
        else:
            self.string_expression.eval(env=env)

    wait_seconds = Timestamp._get_wait_seconds  # noqa: SLF001 - moto has no public seam
    clock = patches.clock

    def timestamp(self: Any, env: Any) -> Any:
        if not isinstance(self.string, StringJSONata):
            return wait_seconds(self, env)
        return _seconds_until(env, self.string, clock)

    patches.set(Timestamp, "_get_wait_seconds", timestamp)
    patches.set(ConditionStringJSONata, "_eval_body", condition)
    patches.set(ItemsJSONata, "_eval_body", items)
    patches.set(Error, "_eval_body", text)
    patches.set(Cause, "_eval_body", text)
    patches.set(TimeoutSecondsJSONata, "_eval_seconds", _whole_number(1, LONGEST))
    patches.set(HeartbeatSecondsJSONata, "_eval_seconds", _whole_number(1, LONGEST))
    patches.set(SecondsJSONata, "_get_wait_seconds", _whole_number(0, LONGEST))
    patches.set(MaxConcurrencyJSONata, "_eval_max_concurrency", _whole_number(0, MOST_AT_ONCE))


def _whole_number(lowest: int, highest: int) -> Callable[[Any, Any], int]:
    def evaluate_field(self: Any, env: Any) -> int:
        value = _checked(env, self.string_jsonata, "number")
        if not isinstance(value, int) or not lowest <= value <= highest:
            raise evaluation_failure(
                env,
                self.string_jsonata,
                f"returned an invalid value. Expected an integer from {lowest} to {highest}, "
                f"but was: {_text(value)}",
            )
        return value

    return evaluate_field


def _seconds_until(env: Any, expression: Any, clock: StackClock) -> float:
    """How long it is until the instant that an expression gives."""
    value = _checked(env, expression, "string")
    instant = read_instant(value)
    if instant is None:
        what = "returned an invalid value. Expected a time as in 2026-01-02T03:04:05Z, but was: "
        raise evaluation_failure(env, expression, what + _text(value))
    return (instant - clock.utc_now()).total_seconds()


def _checked(env: Any, expression: Any, wanted: str) -> Any:
    """The value of an expression, which must be of a type."""
    expression.eval(env=env)
    value = env.stack.pop()
    kind = _kind(value)
    if kind == wanted:
        return value
    what = (
        f"returned an unexpected result type. Expected '{wanted}', "
        f"but was '{kind}' for value: {_text(value)}"
    )
    if wanted == "array" and kind == "object":
        what += ". A Map over an object has no local part: make an array of it, with $each"
    raise evaluation_failure(env, expression, what)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
