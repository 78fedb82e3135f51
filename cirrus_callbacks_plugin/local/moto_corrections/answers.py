"""Task tokens and their answers: causes, fresh tokens, second and late answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

_answering = threading.Lock()
"""Whether a token still takes an answer is asked and decided under this lock."""


def keep_the_cause(patches: Patches) -> None:
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


def give_retries_a_fresh_token(patches: Patches) -> None:
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


def refuse_second_and_late_answers(patches: Patches) -> None:  # noqa: C901 - three calls, one rule
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


def tell_what_was_not_answered(
    patches: Patches,
    tell: Callable[[str, str | None], None],
) -> None:
    """Tell the token of each task that is over without an answer; Step Functions tells nobody.

    For people who watch, and no correction. After those, which it looks at.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback as callbacks,
    )

    task = callbacks.StateTaskServiceCallback
    evaluate = task._evaluate_with_timeout  # noqa: SLF001
    from_error = task._from_error  # noqa: SLF001

    def tell_of(env: Any, error: str | None) -> None:
        token = (env.states.context_object.context_object_data.get("Task") or {}).get("Token")
        endpoint = env.callback_pool_manager.get(token)
        if endpoint is not None and endpoint.get_outcome() is None:
            tell(str(token), error)

    def _evaluate_with_timeout(self: Any, env: Any) -> None:
        evaluate(self, env)
        tell_of(env, None)  # stopped: it neither failed nor was answered

    def _from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = from_error(self, env, ex)
        tell_of(env, None if event.error_name is None else event.error_name.error_name)
        return event

    patches.set(task, "_evaluate_with_timeout", _evaluate_with_timeout)
    patches.set(task, "_from_error", _from_error)


def _waits_for_a_token(task: Any) -> bool:
    return bool(task.resource.condition == "waitForTaskToken")
