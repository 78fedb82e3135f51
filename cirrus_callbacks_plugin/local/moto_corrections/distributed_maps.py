"""The child executions of a Distributed Map: one that fails, what they see, how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import failure
from cirrus_callbacks_plugin.local.moto_corrections.trails import trail_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

TOLERATED_FAILURE = "States.ExceedToleratedFailureThreshold"


def fail_with_a_child_execution(patches: Patches) -> None:
    """A child execution that fails fails the Distributed Map; none sees an outer variable.

    In moto the Map succeeds with null in that place, every variable is seen, and a worker
    runs its child executions in a recursion that ends after some hundreds.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (  # noqa: E501
        distributed_item_processor_worker as item_processor,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iterator import (
        distributed_iterator_worker as iterator,
    )
    from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded

    def judged(original: Any) -> Any:
        def _eval_job(self: Any, env: Any, job: Any) -> None:
            env.trail = trail_of(env).part(job.job_index)
            program, job.job_program = job.job_program, _OwnScope(job.job_program)
            try:
                original(self, env, job)
            finally:
                job.job_program = program
            if not isinstance(env.program_state(), ProgramEnded):
                job.job_output = failure(
                    env,
                    TOLERATED_FAILURE,
                    "The specified tolerated failure threshold was exceeded",
                )

        return _eval_job

    def _eval_pool(self: Any, job: Any, worker_frame: Any) -> None:
        while job is not None:
            job_frame = worker_frame.open_inner_frame()
            self._eval_job(env=job_frame, job=job)
            worker_frame.delete_frame(job_frame)
            is_over = isinstance(job.job_output, Exception) or self.stopped()
            following = None if is_over else self._job_pool.next_job()
            if following is None:
                self._env.delete_frame(worker_frame)
            self._job_pool.close_job(job)
            job = following

    for worker in (
        item_processor.DistributedItemProcessorWorker,
        iterator.DistributedIteratorWorker,
    ):
        patches.set(worker, "_eval_job", judged(worker._eval_job))  # noqa: SLF001 - no public seam
        patches.set(worker, "_eval_pool", _eval_pool)


class _OwnScope:
    """A program in a scope of its own; the ItemSelector before it still sees the outer one."""

    def __init__(self, program: Any) -> None:
        self._program = program

    def eval(self, env: Any) -> None:
        env.variable_store._outer_scope.clear()  # noqa: SLF001 - of the child execution alone
        self._program.eval(env)
