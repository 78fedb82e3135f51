"""The iterations of a Map: how many at once, which ones run, how the first failure ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import (
    RUNTIME,
    failure,
    missing_path,
)
from cirrus_callbacks_plugin.local.moto_corrections.trails import trail_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

INLINE_CONCURRENCY = 40
"""How many iterations of an Inline Map run at once.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""


def run_forty_iterations_at_once(patches: Patches) -> None:
    """An Inline Map runs at most 40 iterations at once, and after a redrive those that remain.

    A MaxConcurrency of 1 to 39 holds; 0 or none means 40. moto runs all of them at once.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        inline_iteration_component as inline,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import (
        JobClosed,
        JobPool,
    )

    def _eval_body(self: Any, env: Any) -> None:
        asked = env.stack.pop()
        items = asked.input_items
        pool = JobPool(job_program=self._get_iteration_program(), job_inputs=items)
        trail = trail_of(env)
        for job in tuple(pool._open_jobs):  # noqa: SLF001 - moto has no public seam
            part = trail.parts.get(job.job_index)
            if part is not None and part.has_ended:
                pool._open_jobs.remove(job)  # noqa: SLF001
                closed = JobClosed(job_index=job.job_index, job_output=part.output)
                pool._closed_jobs.add(closed)  # noqa: SLF001
        workers = min(asked.max_concurrency or INLINE_CONCURRENCY, INLINE_CONCURRENCY, len(items))
        for _ in range(workers):
            self._launch_worker(env=env, eval_input=asked, job_pool=pool)
        pool.await_jobs()
        if (raised := pool.get_worker_exception()) is not None:
            raise raised
        env.stack.append([closed.job_output for closed in pool.get_closed_jobs()])

    patches.set(inline.InlineIterationComponent, "_eval_body", _eval_body)


def run_any_number_of_iterations(patches: Patches) -> None:
    """A worker runs its iterations one after the other, however many, each with a trail.

    In moto each iteration is a recursion into the next one: a Map of a thousand items with
    MaxConcurrency 1 never ends.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        iteration_worker,
    )
    from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

    worker = iteration_worker.IterationWorker
    eval_job = worker._eval_job  # noqa: SLF001 - moto has no public seam

    def _eval_job(self: Any, env: Any, job: Any) -> None:
        env.trail = trail_of(env).part(job.job_index)
        eval_job(self, env, job)
        if isinstance(job.job_output, NoSuchJsonPathError):  # of the ItemSelector
            job.job_output = missing_path(env, job.job_output)

    def _eval_pool(self: Any, job: Any, worker_frame: Any) -> None:
        # A frame is closed before its job is: the Map goes on once the last job is closed.
        while job is not None:
            job_frame = worker_frame.open_inner_frame()
            self._eval_job(env=job_frame, job=job)
            worker_frame.close_frame(job_frame)
            is_over = isinstance(job.job_output, Exception) or self.stopped()
            following = None if is_over else self._job_pool.next_job()
            if following is None:
                if not is_over:
                    worker_frame.event_history_context.source_event_id = (
                        job_frame.event_history_context.last_published_event_id
                    )
                self._env.close_frame(worker_frame)
            self._job_pool.close_job(job)
            job = following
            if job is None:
                return
        self._env.close_frame(worker_frame)

    patches.set(worker, "_eval_job", _eval_job)
    patches.set(worker, "_eval_pool", _eval_pool)


def map_over_lists_alone(patches: Patches) -> None:
    """What ItemsPath leads to is a list, or the Map fails with ``States.Runtime``.

    In moto that is ``States.QueryEvaluationError``, which is JSONata's.
    """
    from moto.stepfunctions.parser.asl.component.common.path.items_path import ItemsPath

    original = ItemsPath._eval_body  # noqa: SLF001 - moto has no public seam

    def _eval_body(self: Any, env: Any) -> None:
        original(self, env)
        if not isinstance(env.stack[-1], list):
            path = self.string_sampler.literal_value
            raise failure(env, RUNTIME, f'Reference path "{path}" must point to array.')

    patches.set(ItemsPath, "_eval_body", _eval_body)
