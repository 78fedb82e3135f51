"""A state's attempts: their time, their timeout, what stops them, how far they come."""

from __future__ import annotations

import copy
import datetime
import threading
import time
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.failures import DATA_LIMIT, missing_path
from cirrus_callbacks_plugin.local.moto_corrections.trails import trail_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

POLL_SECONDS = 0.05
"""How soon a state that waits notices that its execution is over."""


def follow_the_execution(patches: Patches) -> None:
    """An execution knows how far it has come: each sequence of states keeps a trail.

    moto forgets where an execution failed, and so cannot redrive it.
    """
    from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
    from moto.stepfunctions.parser.asl.component.program.program import Program
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        distributed_iteration_component as distributed,
    )
    from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
    from moto.stepfunctions.parser.asl.component.state.state_continue_with import ContinueWithEnd
    from moto.stepfunctions.parser.asl.eval.environment import Environment
    from moto.stepfunctions.parser.utils import TMP_THREADS

    as_inner_frame_of = Environment.as_inner_frame_of
    eval_body = CommonStateField._eval_body  # noqa: SLF001 - moto has no public seam
    set_next = CommonStateField._set_next  # noqa: SLF001

    def inner_frame(_: Any, env: Any, *args: Any, **named: Any) -> Any:
        frame = as_inner_frame_of(env, *args, **named)
        frame.trail = trail_of(env)
        return frame

    def run_states(self: Any, env: Any) -> None:
        trail = trail_of(env)
        timeout = self.timeout_seconds.timeout_seconds if self.timeout_seconds else None
        env.next_state_name = self.start_at.start_at_name
        if trail.goes_on:
            env.next_state_name = trail.state
            env.states.reset(trail.given)
            for name, value in trail.variables.items():
                env.variable_store.set(name, copy.deepcopy(value))
            env.variable_store.reset_tracing()
        thread = threading.Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
        TMP_THREADS.append(thread)
        thread.start()
        thread.join(timeout=timeout)
        if thread.is_alive():
            trail.close()
            env.set_timed_out()

    def enter_state(self: Any, env: Any) -> None:
        trail = trail_of(env)
        trail.enter(
            self.name,
            env.states.get_input(),
            env.variable_store._inner_scope,  # noqa: SLF001
            is_distributed=isinstance(
                getattr(self, "iteration_component", None),
                distributed.DistributedIterationComponent,
            ),
        )
        try:
            eval_body(self, env)
        except Exception as failed:
            event = getattr(failed, "failure_event", None)
            if event is not None and event.error_name is not None:
                if event.error_name.error_name == DATA_LIMIT:
                    trail.forget_parts()
            raise

    def leave_state(self: Any, env: Any) -> None:
        is_caught = env.next_state_name != self.name
        if isinstance(self.continue_with, ContinueWithEnd) and env.is_running() and not is_caught:
            trail_of(env).end(env.states.get_input())
        set_next(self, env)

    patches.set(Environment, "as_inner_frame_of", classmethod(inner_frame))
    patches.set(Program, "eval", run_states)
    patches.set(CommonStateField, "_eval_body", enter_state)
    patches.set(CommonStateField, "_set_next", leave_state)


def time_each_attempt(patches: Patches) -> None:
    """Each attempt has its own ``$$.State.EnteredTime``, and a stopped one ends at once.

    In moto a retry has the first attempt's time, and StopExecution waits for the answer, the
    timeout or the interval for which the execution waits. A path that leads nowhere fails a
    state with ``States.Runtime``; moto gives some kinds of tasks errors of its own.
    """
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
    from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
    from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError
    from moto.stepfunctions.parser.utils import TMP_THREADS

    def _evaluate_with_timeout(self: Any, env: Any) -> None:
        context = env.states.context_object.context_object_data
        if context["State"]["RetryCount"]:
            moment = datetime.datetime.now(datetime.timezone.utc)
            context["State"]["EnteredTime"] = as_text(moment)
        trail = trail_of(env)
        trail.begin_attempt()
        try:
            outcome = _attempt(self, env)
            if outcome is not None:
                _take_result(self, env, outcome[0])
        except NoSuchJsonPathError as missing:
            trail.end_attempt()
            raise missing_path(env, missing) from missing
        except Exception:
            trail.end_attempt()
            raise

    def _attempt(self: Any, env: Any) -> tuple[Any] | None:
        """The result; None where the execution is over before there is one."""
        self.timeout.eval(env=env)
        deadline = time.monotonic() + env.stack.pop()
        frame = env.open_frame()
        frame.states.reset(input_value=env.states.get_input())
        frame.stack = copy.deepcopy(env.stack)
        results: list[Any] = []
        raised: list[Exception] = []
        ended = threading.Event()

        def run() -> None:
            try:
                self._eval_execution(frame)
                results.append(frame.stack[-1])
            except NoSuchJsonPathError as missing:
                raised.append(missing_path(frame, missing))  # the frame knows the field
            except Exception as error:  # noqa: BLE001 - it fails the state, below
                raised.append(error)
            ended.set()

        thread = threading.Thread(target=run, daemon=True)
        TMP_THREADS.append(thread)
        thread.start()
        while not ended.wait(min(POLL_SECONDS, max(0.0, deadline - time.monotonic()))):
            if not env.is_running() or time.monotonic() >= deadline:
                break
        is_over, is_late = not env.is_running(), not ended.is_set()
        frame.set_ended()
        env.close_frame(frame)
        if is_over:
            return None
        if raised:
            raise raised[0]
        if is_late:
            raise EvalTimeoutError
        return (results[0],)

    def _take_result(self: Any, env: Any, result: Any) -> None:
        env.stack.append(result)
        if not self._is_language_query_jsonpath():
            env.states.set_result(result)
        if self.assign_decl:
            self.assign_decl.eval(env=env)
        if self.result_selector:
            self.result_selector.eval(env=env)
        if self.result_path:
            self.result_path.eval(env)
        else:
            env.states.reset(input_value=env.stack.pop())

    patches.set(ExecutionState, "_evaluate_with_timeout", _evaluate_with_timeout)


def stop_between_retries(patches: Patches) -> None:
    """A stopped or timed out execution does not sit out a Retrier's interval, as in moto."""
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl as retriers

    MaxAttemptsOutcome = retriers.MaxAttemptsOutcome  # noqa: N806 - moto's class
    RetrierOutcome = retriers.RetrierOutcome  # noqa: N806

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
        deadline = time.monotonic() + env.stack.pop()
        while env.is_running() and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(POLL_SECONDS, left))
        env.stack.append(RetrierOutcome.Executed)

    patches.set(retriers.RetrierDecl, "_eval_body", _eval_body)


def as_text(moment: datetime.datetime) -> str:
    """A moment as the context object gives it: ISO 8601, UTC, milliseconds."""
    utc = moment.astimezone(datetime.timezone.utc)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
