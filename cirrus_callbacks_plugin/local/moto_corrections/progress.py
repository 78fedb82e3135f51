"""How far an execution comes, written down while it runs; where a redriven one begins."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.clock import ClockEvent
from cirrus_callbacks_plugin.local.moto_corrections.state_failures import DATA_LIMIT, names
from cirrus_callbacks_plugin.local.moto_corrections.trails import trail_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def follow_the_execution(patches: Patches) -> None:
    """An execution knows how far it has come: each sequence of states keeps a trail.

    moto forgets where an execution failed, and so cannot redrive it.
    """
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        distributed_iteration_component as distributed,
    )
    from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
    from moto.stepfunctions.parser.asl.component.state.state_continue_with import ContinueWithEnd
    from moto.stepfunctions.parser.asl.eval.environment import Environment

    as_inner_frame_of = Environment.as_inner_frame_of
    eval_body = CommonStateField._eval_body  # noqa: SLF001 - moto has no public seam
    set_next = CommonStateField._set_next  # noqa: SLF001

    def inner_frame(_: Any, env: Any, *args: Any, **named: Any) -> Any:
        frame = as_inner_frame_of(env, *args, **named)
        frame.trail = trail_of(env)
        return frame

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
        except FailureEventException as failed:
            if names(failed, DATA_LIMIT):
                trail.forget_parts()
            raise

    def leave_state(self: Any, env: Any) -> None:
        is_caught = env.next_state_name != self.name
        if isinstance(self.continue_with, ContinueWithEnd) and env.is_running() and not is_caught:
            trail_of(env).end(env.states.get_input())
        set_next(self, env)

    patches.set(Environment, "as_inner_frame_of", classmethod(inner_frame))
    patches.set(CommonStateField, "_eval_body", enter_state)
    patches.set(CommonStateField, "_set_next", leave_state)


def begin_where_the_trail_ends(patches: Patches) -> None:
    """A redriven sequence of states begins with the state in which it ended, as it found it.

    moto begins with StartAt in any case.
    """
    from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
    from moto.stepfunctions.parser.asl.component.program.program import Program
    from moto.stepfunctions.parser.utils import TMP_THREADS

    clock = patches.clock

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
        ended = ClockEvent(clock)

        def run() -> None:
            try:
                EvalComponent.eval(self, env)
            finally:
                ended.set()

        thread = threading.Thread(target=run, daemon=True)
        TMP_THREADS.append(thread)
        thread.start()
        if not ended.wait(timeout):
            trail.close()
            env.set_timed_out()

    patches.set(Program, "eval", run_states)
