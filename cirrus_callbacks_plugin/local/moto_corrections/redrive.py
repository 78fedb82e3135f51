"""RedriveExecution: an execution goes on from where it failed, under the same ARN.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.trails import trail_of
from cirrus_callbacks_plugin.local.states_language.json_values import milliseconds_text

if TYPE_CHECKING:
    from datetime import datetime

    from cirrus_callbacks_plugin.local.clock import StackClock
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

REDRIVES = 1000
"""How often one execution can be redriven."""
TOKENS = 10
"""How many client tokens of successful redrives are remembered ..."""
TOKEN_SECONDS = 15 * 60.0
"""... and how long each."""
_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(slots=True)
class Redrives:
    """The redrives of one execution.

    Attributes:
        count: how many there were.
        date: when the last one was.
        tokens: the client tokens of the last ones, each with when it was used (in the clock's
            seconds) and the date that was answered.
    """

    count: int = 0
    date: datetime | None = None
    tokens: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def answered(self, token: str | None, clock: StackClock) -> datetime | None:
        """What was answered to a call with this client token, where that still counts."""
        used, date = self.tokens.get(token or "", (0.0, None))
        return date if clock.seconds() - used < TOKEN_SECONDS else None

    def begin(self, token: str | None, clock: StackClock) -> datetime:
        """Count one more redrive, and return its date."""
        self.count += 1
        self.date = clock.utc_now()
        if token is not None:
            self.tokens[token] = (clock.seconds(), self.date)
            for oldest in tuple(self.tokens)[:-TOKENS]:
                del self.tokens[oldest]
        return self.date


def redrives_of(execution: Any) -> Redrives:
    """The redrives of an execution of moto's."""
    redrives = getattr(execution, "redrives", None)
    if redrives is None:
        execution.redrives = redrives = Redrives()
    return redrives


_redriving = threading.Lock()
"""Whether an execution can be redriven is asked and decided under this lock."""


def redrive_executions(patches: Patches) -> None:
    """RedriveExecution reruns what did not succeed, under the same ARN.

    The failed task, and in an Inline Map or Parallel the unsuccessful iterations and branches
    alone, each from its own failed state; with the input, the variables and the definition
    of the first attempt, retry counts and timeouts from 0. moto does not know the call.
    A Distributed Map is refused.
    """
    from moto.core.responses import ActionResult
    from moto.stepfunctions.exceptions import AWSError
    from moto.stepfunctions.responses import StepFunctionResponse

    clock = patches.clock

    class ExecutionNotRedrivable(AWSError):  # type: ignore[misc]  # noqa: N818 - AWS's name
        TYPE = "ExecutionNotRedrivable"
        STATUS = 400

    def redrive_execution(self: Any) -> Any:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        token = self._get_param("clientToken")
        redrives = redrives_of(execution)
        with _redriving:
            date = redrives.answered(token, clock)
            if date is None:
                reason = _why_not(execution) or _why_not_here(execution, redrives)
                if reason is not None:
                    raise ExecutionNotRedrivable(reason)
                date = redrives.begin(token, clock)
                _go_on(execution, redrives)
        return ActionResult({"redriveDate": date})

    patches.set(StepFunctionResponse, "redrive_execution", redrive_execution)


def tell_of_redrives(patches: Patches) -> None:
    """DescribeExecution, ListExecutions and the context object tell of redrives.

    ``$$.Execution.RedriveCount`` is 0 before the first one. moto has none of this, nor the
    stopDate of a timed out execution.
    """
    from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
    from moto.stepfunctions.responses import StepFunctionResponse

    environment = ExecutionWorker._get_evaluation_environment  # noqa: SLF001 - no public seam
    describe = StepFunctionResponse.describe_execution
    list_all = StepFunctionResponse.list_executions

    def evaluation_environment(self: Any) -> Any:
        env = environment(self)
        redrives = redrives_of(self._execution_communication.execution)
        context = env.states.context_object.context_object_data["Execution"]
        context["RedriveCount"] = redrives.count
        if redrives.date is not None:
            context["RedriveTime"] = milliseconds_text(redrives.date)
        return env

    def describe_execution(self: Any) -> Any:
        answer = describe(self)
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        answer.result.update(_told(execution))
        return answer

    def list_executions(self: Any) -> Any:
        answer = list_all(self)
        wanted = self._get_param("redriveFilter")
        kept = []
        for listed in answer.result["executions"]:
            execution = self.stepfunction_backend.describe_execution(listed["executionArn"])
            told = _told(execution)
            if wanted is None or (wanted == "REDRIVEN") == (told["redriveCount"] > 0):
                shown = ("redriveCount", "redriveDate", "stopDate")
                kept.append({**listed, **{name: told[name] for name in shown if name in told}})
        answer.result["executions"] = kept
        return answer

    patches.set(ExecutionWorker, "_get_evaluation_environment", evaluation_environment)
    patches.set(StepFunctionResponse, "describe_execution", describe_execution)
    patches.set(StepFunctionResponse, "list_executions", list_executions)


def _why_not(execution: Any) -> str | None:
    """Why Step Functions would not redrive an execution; None where it would."""
    if getattr(execution, "sm_type", None) == "EXPRESS":
        return "Execution is of type EXPRESS and cannot be redriven"
    if execution.status not in _UNSUCCESSFUL:
        return f"Execution is {execution.status} and cannot be redriven"
    return None


def _why_not_here(execution: Any, redrives: Redrives) -> str | None:
    """Why the local interpreter does not redrive an execution that AWS would."""
    if redrives.count >= REDRIVES:
        return f"Execution has been redriven {REDRIVES} times"
    if trail_of(execution.exec_worker.env).is_in_distributed_map:
        return (
            "Execution ended in a Distributed Map, which the local interpreter does not "
            "redrive: start a new execution"
        )
    return None


def _told(execution: Any) -> dict[str, Any]:
    """What DescribeExecution says of redrives, and of the end that moto leaves out."""
    redrives = redrives_of(execution)
    told: dict[str, Any] = {"redriveCount": redrives.count}
    if redrives.date is not None:
        told["redriveDate"] = redrives.date
    reason = _why_not(execution)
    told["redriveStatus"] = "REDRIVABLE" if reason is None else "NOT_REDRIVABLE"
    if reason is not None:
        told["redriveStatusReason"] = reason
    if execution.status != "RUNNING" and execution.stop_date is not None:
        told["stopDate"] = execution.stop_date
    return told


def _go_on(execution: Any, redrives: Redrives) -> None:
    """Run an execution's program again from where its trail ends, in a fresh environment."""
    from moto.stepfunctions.parser.api import ExecutionRedrivenEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext

    worker = execution.exec_worker
    before = worker.env
    trail = trail_of(before)
    trail.close()
    env = worker._get_evaluation_environment()  # noqa: SLF001 - moto has no public seam
    env.trail = trail.resumed()
    # The history goes on, and the tokens of the first attempt are still known as closed ones.
    env.event_manager = before.event_manager
    env.callback_pool_manager = before.callback_pool_manager
    env.map_run_record_pool_manager = before.map_run_record_pool_manager
    last = before.event_history_context.last_published_event_id
    env.event_history_context = EventHistoryContext(previous_event_id=last)
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.ExecutionRedriven,
        event_details=EventDetails(
            executionRedrivenEventDetails=ExecutionRedrivenEventDetails(
                redriveCount=redrives.count,
            ),
        ),
    )
    execution.error = execution.cause = execution.stop_date = None
    execution.exec_status = type(execution.exec_status).RUNNING
    worker.env = env

    def run() -> None:
        worker._get_evaluation_entrypoint().eval(env)  # noqa: SLF001
        worker._execution_communication.terminated()  # noqa: SLF001

    threading.Thread(target=run, name=f"redrive-{execution.name}", daemon=True).start()
