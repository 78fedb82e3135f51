"""A state's attempts: their time, their timeout, and what stops them."""

from __future__ import annotations

import copy
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import missing_path
from cirrus_callbacks_plugin.local.moto_corrections.trails import trail_of
from cirrus_callbacks_plugin.local.states_language.json_values import milliseconds_text

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.clock import StackClock
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

_POLL_SECONDS = 0.05
"""How soon a state that waits notices that its execution is over."""


def time_each_attempt(patches: Patches) -> None:
    """Each attempt has its own ``$$.State.EnteredTime``, and a stopped one ends at once.

    In moto a retry has the first attempt's time, and StopExecution waits for the answer, the
    timeout or the interval for which the execution waits. A path that leads nowhere fails a
    state with ``States.Runtime``; moto gives some kinds of tasks errors of its own.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
    from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

    clock = patches.clock

    def _evaluate_with_timeout(self: Any, env: Any) -> None:
        context = env.states.context_object.context_object_data
        if context["State"]["RetryCount"]:
            context["State"]["EnteredTime"] = milliseconds_text(clock.utc_now())
        trail = trail_of(env)
        trail.begin_attempt()
        try:
            result = _attempt(self, env, clock)
            if result is not None:
                _take(self, env, result.value)
        except NoSuchJsonPathError as missing:
            trail.end_attempt()
            raise missing_path(env, missing) from missing
        except Exception:
            trail.end_attempt()
            raise

    patches.set(ExecutionState, "_evaluate_with_timeout", _evaluate_with_timeout)


@dataclass(frozen=True, slots=True)
class _Result:
    value: Any


def _attempt(state: Any, env: Any, clock: StackClock) -> _Result | None:
    """What a state came to; None where its execution is over before that."""
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
    from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError
    from moto.stepfunctions.parser.utils import TMP_THREADS

    state.timeout.eval(env=env)
    deadline = clock.seconds() + env.stack.pop()
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    results: list[_Result] = []
    raised: list[Exception] = []
    ended = threading.Event()

    def run() -> None:
        try:
            state._eval_execution(frame)  # noqa: SLF001 - moto has no public seam
            results.append(_Result(frame.stack[-1]))
        except NoSuchJsonPathError as missing:
            raised.append(missing_path(frame, missing))  # the frame knows the field
        except Exception as error:  # noqa: BLE001 - it fails the state, below
            raised.append(error)
        ended.set()

    thread = threading.Thread(target=run, daemon=True)
    TMP_THREADS.append(thread)
    thread.start()
    while not ended.wait(min(_POLL_SECONDS, max(0.0, deadline - clock.seconds()))):
        if not env.is_running() or clock.seconds() >= deadline:
            break
    is_over, is_late = not env.is_running(), not ended.is_set()
    frame.set_ended()
    env.close_frame(frame)
    if is_over:
        return None
    if is_late:
        raise EvalTimeoutError
    if raised:
        raise raised[0]
    return results[0]


def _take(state: Any, env: Any, result: Any) -> None:
    """Make a result the state's: its variables, then what of it goes where."""
    env.stack.append(result)
    if not state._is_language_query_jsonpath():  # noqa: SLF001
        env.states.set_result(result)
    if state.assign_decl:
        state.assign_decl.eval(env=env)
    if state.result_selector:
        state.result_selector.eval(env=env)
    if state.result_path:
        state.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())


def stop_between_retries(patches: Patches) -> None:
    """A stopped or timed out execution does not sit out a Retrier's interval, as in moto."""
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl as retriers

    MaxAttemptsOutcome = retriers.MaxAttemptsOutcome  # noqa: N806 - moto's class
    RetrierOutcome = retriers.RetrierOutcome  # noqa: N806
    clock = patches.clock

    def _eval_body(self: Any, env: Any) -> None:
        self.error_equals.eval(env)
        if not env.stack.pop():
            env.stack.append(RetrierOutcome.Skipped)
            return
        self.max_attempts.eval(env=env)
        if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
            env.stack.append(RetrierOutcome.Failed)
            return
        self.interval_seconds.eval(env=env)
        self.backoff_rate.eval(env=env)
        self.max_delay_seconds.eval(env=env)
        self.jitter_strategy.eval(env=env)
        pause(env, env.stack.pop(), clock)
        env.stack.append(RetrierOutcome.Executed)

    patches.set(retriers.RetrierDecl, "_eval_body", _eval_body)


def pause(env: Any, seconds: float, clock: StackClock) -> None:
    """Wait so long, or until the execution is over."""
    deadline = clock.seconds() + seconds
    while env.is_running() and (left := deadline - clock.seconds()) > 0:
        time.sleep(min(_POLL_SECONDS, left))
