"""How an execution ends: TIMED_OUT and ABORTED with their errors, sizes that are too large."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import (
    DATA_LIMIT,
    TIMEOUT,
    failure,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

STATE_BYTES = 256 * 1024
"""What a state may take and give, as JSON text in UTF-8.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""


def say_why_an_execution_ended(patches: Patches) -> None:
    """A timed out execution has ``States.Timeout``, a stopped one what StopExecution told.

    moto has neither. The output of a successful one is JSON text, whatever it is: moto gives a
    text as it is, and no null. Both are there as soon as the status is; in moto they come a
    moment later.
    """
    from moto.core.responses import ActionResult
    from moto.stepfunctions.parser.asl.eval.program_state import (
        ProgramEnded,
        ProgramError,
        ProgramStopped,
        ProgramTimedOut,
    )
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
    from moto.stepfunctions.parser.backend import execution as backend
    from moto.stepfunctions.responses import StepFunctionResponse

    communication = backend.BaseExecutionWorkerCommunication
    describe = StepFunctionResponse.describe_execution
    reflect = communication._reflect_execution_status  # noqa: SLF001 - moto has no public seam

    def _reflect_execution_status(self: Any) -> None:
        execution, env = self.execution, self.execution.exec_worker.env
        ended = env.program_state()
        if isinstance(ended, ProgramEnded):
            execution.output = env.states.get_input()
        elif isinstance(ended, ProgramTimedOut):
            execution.error = TIMEOUT
        elif isinstance(ended, ProgramStopped):
            execution.error, execution.cause = ended.error, ended.cause
        elif isinstance(ended, ProgramError):
            execution.error = (ended.error or {}).get("error")
            execution.cause = (ended.error or {}).get("cause")
        reflect(self)

    def describe_execution(self: Any) -> Any:
        answer = describe(self)
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if isinstance(execution, backend.Execution) and execution.status == "SUCCEEDED":
            answer.result["output"] = to_json_str(execution.output, separators=(",", ":"))
        return answer

    def stop_execution(self: Any) -> Any:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        stopped = backend.datetime.datetime.now(backend.datetime.timezone.utc)
        execution.stop(
            stop_date=stopped,
            error=self._get_param("error"),
            cause=self._get_param("cause"),
        )
        return ActionResult({"stopDate": execution.stop_date or stopped})

    patches.set(communication, "_reflect_execution_status", _reflect_execution_status)
    patches.set(StepFunctionResponse, "describe_execution", describe_execution)
    patches.set(StepFunctionResponse, "stop_execution", stop_execution)


def tell_of_ends(patches: Patches, on_end: Callable[[], None]) -> None:
    """Tell that an execution has ended, as soon as it is told by DescribeExecution."""
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

    reflect = BaseExecutionWorkerCommunication._reflect_execution_status  # noqa: SLF001 - moto has no public seam

    def _reflect_execution_status(self: Any) -> None:
        reflect(self)
        on_end()

    patches.set(
        BaseExecutionWorkerCommunication, "_reflect_execution_status", _reflect_execution_status
    )


def measure_states_as_json(patches: Patches) -> None:
    """A state's data is measured as the JSON text that it is, in UTF-8.

    moto measures it with blanks between the parts and other letters than ASCII escaped: what
    Step Functions takes, it refuses. What Parameters make is measured as well.
    """
    from moto.stepfunctions.parser import quotas
    from moto.stepfunctions.parser.asl.component.common.parargs import Parargs
    from moto.stepfunctions.parser.asl.component.state import state
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_lambda
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service,
    )

    def is_within_size_quota(value: Any) -> bool:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        return len(text.encode("utf-8", "surrogatepass")) <= STATE_BYTES

    for module in (quotas, state, state_task_lambda, state_task_service):
        patches.set(module, "is_within_size_quota", is_within_size_quota)
    make = Parargs._eval_body  # noqa: SLF001 - moto has no public seam

    def _eval_body(self: Any, env: Any) -> None:
        make(self, env)
        if not is_within_size_quota(env.stack[-1]):
            raise failure(
                env,
                DATA_LIMIT,
                f"The Parameters of the state '{env.next_state_name}' make more data than the "
                "maximum number of bytes service limit.",
            )

    patches.set(Parargs, "_eval_body", _eval_body)
