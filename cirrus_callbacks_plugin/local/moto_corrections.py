"""Where moto's Step Functions interpreter differs from Step Functions: the one module that patches.

Written against moto 5.2.5. Each correction is a small class of its own with a test that
shows unpatched moto to be wrong: that test fails once moto has mended it, and the
correction can go. A new correction is a class here and a name in :data:`ALL`.
"""

from __future__ import annotations

import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Invoke = Callable[[str, Any], Mapping[str, Any]]

_answering = threading.Lock()
"""Whether a token still takes an answer is asked and decided under this lock."""


class _Patches:
    """Attributes that were replaced, and how to put them back."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, replacement: Any) -> None:
        """Replace an attribute; one that was only inherited is deleted again later."""
        self._undo.append((owner, name, vars(owner).get(name)))
        setattr(owner, name, replacement)

    def undo(self) -> None:
        """Put every attribute back, the last one first."""
        while self._undo:
            owner, name, original = self._undo.pop()
            if original is None:
                delattr(owner, name)
            else:
                setattr(owner, name, original)


def keep_the_cause(patches: _Patches) -> None:
    """SendTaskFailure's cause reaches Catch and DescribeExecution; moto drops it."""
    from moto.core.responses import EmptyResult
    from moto.stepfunctions.responses import StepFunctionResponse

    def send_task_failure(self: Any) -> Any:
        self.stepfunction_backend.send_task_failure(
            self._get_param("taskToken"),
            error=self._get_param("error"),
            cause=self._get_param("cause"),
        )
        return EmptyResult()

    patches.set(StepFunctionResponse, "send_task_failure", send_task_failure)


def give_retries_a_fresh_token(patches: _Patches) -> None:
    """A waiting task that retries gets a new token.

    moto keeps the old one, whose failure is still there: each retry fails at once.
    """
    from moto.stepfunctions.parser.asl.component.common.retry.retry_outcome import RetryOutcome
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback as callbacks,
    )

    task = callbacks.StateTaskServiceCallback
    original = task._handle_retry  # noqa: SLF001 - moto has no public seam

    def _handle_retry(self: Any, env: Any, failure_event: Any) -> Any:
        outcome = original(self, env, failure_event)
        if outcome == RetryOutcome.CanRetry and _waits_for_a_token(self):
            env.callback_pool_manager.add(env.states.context_object.update_task_token())
        return outcome

    patches.set(task, "_handle_retry", _handle_retry)


def refuse_second_and_late_answers(patches: _Patches) -> None:  # noqa: C901 - three calls, one rule
    """A token takes one answer, and none once its task is over: ``TaskTimedOut``.

    moto takes a second answer as long as the execution runs, a late one for a task that
    timed out or failed, and a SendTaskFailure even for an execution that has ended. A
    heartbeat is judged the same way: moto knows it only for a task with HeartbeatSeconds,
    and calls every other token invalid.
    """
    from moto.stepfunctions.exceptions import AWSError
    from moto.stepfunctions.parser.api import InvalidToken
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback as callbacks,
    )
    from moto.stepfunctions.parser.asl.eval.callback.callback import (
        CallbackConsumerLeft,
        CallbackOutcomeFailure,
        CallbackOutcomeSuccess,
    )
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    task = callbacks.StateTaskServiceCallback
    original = task._evaluate_with_timeout  # noqa: SLF001

    class TaskTimedOut(AWSError):  # type: ignore[misc]  # noqa: N818 - AWS's name
        # moto's own class of this name goes over the wire without its code.
        TYPE = "TaskTimedOut"
        STATUS = 400

    # The frame in which each task waits: a Map or Parallel that fails ends its others' frames.
    frames: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def _evaluate_with_timeout(self: Any, env: Any) -> None:
        task_data = env.states.context_object.context_object_data.get("Task") or {}
        endpoint = env.callback_pool_manager.get(task_data.get("Token"))
        if endpoint is None:
            original(self, env)
            return
        frames[endpoint] = env
        try:
            original(self, env)
        finally:
            with _answering:
                endpoint.report(CallbackConsumerLeft())

    def with_endpoint(backend: Any, token: str, act: Callable[[Any], object]) -> None:
        for execution in backend._get_executions():  # noqa: SLF001
            env = execution.exec_worker.env
            endpoint = None if env is None else env.callback_pool_manager.get(token)
            if endpoint is None:
                continue
            with _answering:
                is_closed = (
                    endpoint.get_outcome() is not None
                    or endpoint.consumer_error is not None
                    or not env.is_running()
                    or not frames.get(endpoint, env).is_running()
                )
                if is_closed:
                    raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
                act(endpoint)
            return
        raise InvalidToken

    def take(backend: Any, token: str, outcome: Any) -> None:
        with_endpoint(backend, token, lambda endpoint: endpoint.notify(outcome))

    def send_task_heartbeat(self: Any, task_token: str) -> None:
        # A task without HeartbeatSeconds has nothing to notify, and its heartbeat is taken.
        with_endpoint(self, task_token, lambda endpoint: endpoint.notify_heartbeat())

    def send_task_success(self: Any, task_token: str, outcome: str) -> None:
        take(self, task_token, CallbackOutcomeSuccess(callback_id=task_token, output=outcome))

    def send_task_failure(
        self: Any,
        task_token: str,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        failure = CallbackOutcomeFailure(callback_id=task_token, error=error, cause=cause)
        take(self, task_token, failure)

    patches.set(task, "_evaluate_with_timeout", _evaluate_with_timeout)
    patches.set(StepFunctionsParserBackend, "send_task_success", send_task_success)
    patches.set(StepFunctionsParserBackend, "send_task_failure", send_task_failure)
    patches.set(StepFunctionsParserBackend, "send_task_heartbeat", send_task_heartbeat)


def name_the_missing_heartbeat(patches: _Patches) -> None:
    """A heartbeat that did not come is matched as ``States.HeartbeatTimeout`` too.

    It raises ``States.Timeout``; moto matches it by that name alone.
    """
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
        StatesErrorName,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
        StatesErrorNameType,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
    from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError

    class HeartbeatTimeout(StatesErrorName):  # type: ignore[misc]
        """``States.Timeout``, and equal to ``States.HeartbeatTimeout`` as well."""

        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            names = (self.error_name, StatesErrorNameType.StatesHeartbeatTimeout.to_name())
            return getattr(other, "error_name", None) in names

    original = StateTask._from_error  # noqa: SLF001

    def _from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = original(self, env, ex)
        if isinstance(ex, HeartbeatTimeoutError):
            event.error_name = HeartbeatTimeout(StatesErrorNameType.StatesTimeout)
        return event

    patches.set(StateTask, "_from_error", _from_error)


def run_local_functions(patches: _Patches, invoke: Invoke) -> None:
    """Lambda tasks call ``invoke(function name, payload)`` instead of moto's Lambda.

    ``invoke`` returns what Lambda's Invoke returns, its ``Payload`` already parsed.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

    def _invoke_lambda_function(
        parameters: dict[str, Any],
        region: str,
        state_credentials: Any,
    ) -> Mapping[str, Any]:
        del region, state_credentials
        payload = json.loads(parameters.get("Payload") or b"{}")
        return invoke(parameters["FunctionName"], payload)

    patches.set(lambda_eval_utils, "_invoke_lambda_function", _invoke_lambda_function)


def answer_terraform(patches: _Patches) -> None:
    """Two calls that Terraform makes of a state machine and moto does not know.

    ValidateStateMachineDefinition parses as CreateStateMachine does;
    ListStateMachineVersions lists none, since moto's state machines have no versions.
    """
    from moto.core.responses import ActionResult
    from moto.stepfunctions.parser.api import InvalidDefinition
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend
    from moto.stepfunctions.responses import StepFunctionResponse

    def validate_state_machine_definition(self: Any) -> Any:
        try:
            StepFunctionsParserBackend._validate_definition(  # noqa: SLF001 - its only seam
                self._get_param("definition"),
            )
        except InvalidDefinition as error:
            found = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(error)}
            return ActionResult({"result": "FAIL", "diagnostics": [found], "truncated": False})
        return ActionResult({"result": "OK", "diagnostics": [], "truncated": False})

    def list_state_machine_versions(_self: Any) -> Any:
        return ActionResult({"stateMachineVersions": []})

    patches.set(
        StepFunctionResponse,
        "validate_state_machine_definition",
        validate_state_machine_definition,
    )
    patches.set(StepFunctionResponse, "list_state_machine_versions", list_state_machine_versions)


def leave_events_to_the_stack(patches: _Patches) -> None:
    """An event source mapping delivers nothing: whoever plays the event sources does.

    moto calls the mapped function at each message or change, in Docker, with every record
    of the stream so far and without filters; it then forgets the records, and counts each
    message of the queue as received.
    """
    from moto.awslambda.models import LambdaBackend
    from moto.dynamodb.models import dynamodb_backends
    from moto.sqs.models import sqs_backends

    original = LambdaBackend.create_event_source_mapping

    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        mapping = original(self, spec)
        for queue in sqs_backends[self.account_id][self.region_name].queues.values():
            queue.lambda_event_source_mappings.clear()
        for table in dynamodb_backends[self.account_id][self.region_name].tables.values():
            table.lambda_event_source_mappings.clear()
        return mapping

    patches.set(LambdaBackend, "create_event_source_mapping", create_event_source_mapping)


ALL: tuple[Callable[[_Patches], None], ...] = (
    keep_the_cause,
    give_retries_a_fresh_token,
    refuse_second_and_late_answers,
    name_the_missing_heartbeat,
    answer_terraform,
    leave_events_to_the_stack,
)
"""The corrections that need nothing but moto."""

_applied = False


@contextlib.contextmanager
def corrected(
    invoke: Invoke | None = None,
    corrections: tuple[Callable[[_Patches], None], ...] = ALL,
) -> Iterator[None]:
    """Correct moto until the end of the block; a second block at the same time is refused.

    Args:
        invoke: runs lambda tasks; None leaves them to moto.
        corrections: which corrections to apply.

    Raises:
        RuntimeError: moto is corrected already: two stacks in one process would run each
            other's functions.
    """
    global _applied  # noqa: PLW0603 - moto is one per process, and so is this
    if _applied:
        raise RuntimeError("One local stack runs in this process already")
    _applied = True
    patches = _Patches()
    try:
        for correct in corrections:
            correct(patches)
        if invoke is not None:
            run_local_functions(patches, invoke)
        yield
    finally:
        patches.undo()
        _applied = False


def _waits_for_a_token(task: Any) -> bool:
    return bool(task.resource.condition == "waitForTaskToken")
