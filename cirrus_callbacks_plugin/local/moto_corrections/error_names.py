"""Which errors a Retrier or Catcher matches, and the names that reach an outer one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import (
    DATA_LIMIT,
    HEARTBEAT_TIMEOUT,
    RUNTIME,
    TIMEOUT,
    MissedHeartbeat,
    reported,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

_TELLS_THE_STATE = "An error occurred while executing the state "


def match_errors_by_name(patches: Patches) -> None:
    """``States.ALL`` matches neither ``States.Runtime`` nor ``States.DataLimitExceeded``.

    The first always ends the execution, the second is matched by its own name alone.
    ``States.TaskFailed`` matches every error but these and ``States.Timeout``.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html

    In moto ``States.ALL`` matches everything.
    """
    from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
        ErrorEqualsDecl,
    )

    def _eval_body(self: Any, env: Any) -> None:
        error_name = env.stack.pop()
        listed = [each.error_name for each in self.error_names]
        env.stack.append(_matches(None if error_name is None else error_name.error_name, listed))

    patches.set(ErrorEqualsDecl, "_eval_body", _eval_body)


def _matches(error: str | None, listed: Collection[str]) -> bool:
    if error == RUNTIME:
        return False
    if error in listed:
        return True
    if error == DATA_LIMIT:
        return False
    if "States.ALL" in listed:
        return True
    if isinstance(error, MissedHeartbeat) and HEARTBEAT_TIMEOUT in listed:
        return True
    return "States.TaskFailed" in listed and error != TIMEOUT


def keep_the_names_of_errors(patches: Patches) -> None:
    """An error that comes out of a Map or Parallel keeps its name, ``States.Timeout`` too.

    In moto a name that begins with ``States.`` cannot be reported: a Map's Catch and Retry
    do not match it, and a Parallel, a Fail state and SendTaskFailure fail on it with an
    error of moto's own. It also tells the state twice in the cause of ``States.Runtime``.
    """
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        iteration_worker,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_lambda
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback,
        state_task_service_lambda,
    )
    from moto.stepfunctions.parser.asl.component.state.fail import state_fail

    for module in (
        iteration_worker,
        state_fail,
        state_task_lambda,
        state_task_service_callback,
        state_task_service_lambda,
    ):
        patches.set(module, "CustomErrorName", reported)
    decorated = FailureEventException.get_execution_failed_event_details

    def details(self: Any) -> Any:
        error_and_cause = self.extract_error_cause_pair()
        event = decorated(self)
        if error_and_cause is not None and str(error_and_cause[1]).startswith(_TELLS_THE_STATE):
            event["cause"] = error_and_cause[1]
        return event

    patches.set(FailureEventException, "get_execution_failed_event_details", details)


def name_the_missing_heartbeat(patches: Patches) -> None:
    """A heartbeat that did not come is matched as ``States.HeartbeatTimeout`` too.

    It raises ``States.Timeout``; moto matches it by that name alone.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
    from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError

    original = StateTask._from_error  # noqa: SLF001 - moto has no public seam

    def _from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = original(self, env, ex)
        if isinstance(ex, HeartbeatTimeoutError):
            event.error_name = reported(MissedHeartbeat(TIMEOUT))
            for details in event.event_details.values():
                details["error"] = MissedHeartbeat(TIMEOUT)
        return event

    patches.set(StateTask, "_from_error", _from_error)


def keep_failures_of_dynamodb_tasks(patches: Patches) -> None:
    """A DynamoDB task that times out, or whose path leads nowhere, fails as any other does.

    In moto both are ``DynamoDB.AmazonDynamoDBException``.
    """
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_dynamodb as dynamodb,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask

    task = dynamodb.StateTaskServiceDynamoDB
    original = task._from_error  # noqa: SLF001 - moto has no public seam

    def _from_error(self: Any, env: Any, ex: Exception) -> Any:
        if isinstance(ex, (FailureEventException, TimeoutError)):
            return StateTask._from_error(self, env, ex)  # noqa: SLF001
        return original(self, env, ex)

    patches.set(task, "_from_error", _from_error)
