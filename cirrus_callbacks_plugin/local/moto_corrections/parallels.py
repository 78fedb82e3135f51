"""The branches of a Parallel: which ones run, and how the first failure ends them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import reported
from cirrus_callbacks_plugin.local.moto_corrections.trails import trail_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def run_branches(patches: Patches) -> None:
    """A branch's error leaves the Parallel with its name; a redrive runs what has not ended.

    moto fails on a name that begins with ``States.``, past every Catch and Retry of the
    Parallel, and knows no redrive.
    """
    from moto.stepfunctions.parser.api import HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    def _eval_body(self: Any, env: Any) -> None:
        given = env.stack.pop()
        trail = trail_of(env)
        parts = [trail.part(index) for index in range(len(self.programs))]
        remaining = [index for index, part in enumerate(parts) if not part.has_ended]
        outputs = {index: part.output for index, part in enumerate(parts) if part.has_ended}
        pool = branches_decl.BranchWorkerPool(workers_num=len(remaining))
        workers = {}
        for index in remaining:
            frame = env.open_inner_frame()
            frame.trail = parts[index]
            frame.states.reset(input_value=given)
            workers[index] = branches_decl.BranchWorker(
                branch_worker_comm=pool,
                program=self.programs[index],
                env=frame,
            )
            workers[index].start()
        if remaining:
            pool.wait()
        details = pool.get_exit_event_details()
        if details is not None:
            for worker in workers.values():
                worker.stop(stop_date=datetime.now(), cause=None, error=None)  # noqa: DTZ005 - as moto does
                env.close_frame(worker.env)
            raise FailureEventException(
                failure_event=FailureEvent(
                    env=env,
                    error_name=reported(details.get("error")),
                    event_type=HistoryEventType.ExecutionFailed,
                    event_details=EventDetails(executionFailedEventDetails=details),
                ),
            )
        for index, worker in workers.items():
            outputs[index] = worker.env.states.get_input()
            env.close_frame(worker.env)
        env.stack.append([outputs[index] for index in range(len(parts))])

    patches.set(branches_decl.BranchesDecl, "_eval_body", _eval_body)
