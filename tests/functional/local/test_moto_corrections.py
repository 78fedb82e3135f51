"""Each correction of moto's interpreter: wrong without it, right with it.

A test named ``..._moto_...`` fails once moto has mended what it shows: then the correction
can go.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.local import moto_corrections
from cirrus_callbacks_plugin.local.functions import Functions
from cirrus_callbacks_plugin.local.moto_corrections.corrected import ALL, corrected

if TYPE_CHECKING:
    from support.interpreter import Interpreter

CATCH = {
    "Catch": [{"ErrorEquals": ["Child.Failed"], "ResultPath": "$.caught", "Next": "Caught"}],
}
CAUGHT = {"Type": "Pass", "End": True}
LATER = {"Type": "Wait", "Seconds": 3600, "End": True}


def _caught_cause(interpreter: Interpreter) -> str:
    execution = interpreter.start({"Wait": interpreter.waiting_task(**CATCH), "Caught": CAUGHT})
    interpreter.sfn.send_task_failure(
        taskToken=interpreter.token(),
        error="Child.Failed",
        cause="it broke",
    )
    return str(json.loads(interpreter.end(execution)["output"])["caught"].get("Cause"))


def test_moto_drops_the_cause(interpreter: Interpreter) -> None:
    """Unpatched moto gives Catch no cause."""
    assert _caught_cause(interpreter) != "it broke"


def test_the_cause_reaches_catch(interpreter: Interpreter) -> None:
    """Step Functions gives Catch the cause of SendTaskFailure."""
    with corrected():
        assert _caught_cause(interpreter) == "it broke"


def test_the_cause_reaches_the_execution(interpreter: Interpreter) -> None:
    """An uncaught failure ends the execution with the error and the cause that were sent."""
    with corrected():
        execution = interpreter.start({"Wait": interpreter.waiting_task()})
        interpreter.sfn.send_task_failure(
            taskToken=interpreter.token(),
            error="Child.Failed",
            cause="it broke",
        )
        ended = interpreter.end(execution)
    assert (ended["status"], ended["error"], ended["cause"]) == (
        "FAILED",
        "Child.Failed",
        "it broke",
    )


def _retrying(interpreter: Interpreter) -> dict[str, object]:
    retry = [{"ErrorEquals": ["Child.Failed"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    return {"Wait": interpreter.waiting_task(Retry=retry, TimeoutSeconds=60)}


def test_moto_retries_with_the_old_token(interpreter: Interpreter) -> None:
    """In unpatched moto a retry has the old token, and the old failure answers it at once."""
    execution = interpreter.start(_retrying(interpreter))
    first = interpreter.token()
    interpreter.sfn.send_task_failure(taskToken=first, error="Child.Failed")
    assert interpreter.end(execution)["status"] == "FAILED"
    assert interpreter.token() == first


def test_a_retry_waits_with_a_fresh_token(interpreter: Interpreter) -> None:
    """A retry gets a new token and succeeds with the answer to that one."""
    with corrected():
        execution = interpreter.start(_retrying(interpreter))
        first = interpreter.token()
        interpreter.sfn.send_task_failure(taskToken=first, error="Child.Failed")
        second = interpreter.token()
        assert second != first
        with pytest.raises(interpreter.sfn.exceptions.TaskTimedOut):
            interpreter.sfn.send_task_success(taskToken=first, output='"late"')
        interpreter.sfn.send_task_success(taskToken=second, output='{"n": 2}')
        assert json.loads(interpreter.end(execution)["output"]) == {"n": 2}


def test_retries_run_out(interpreter: Interpreter) -> None:
    """After MaxAttempts the failure stands; no further token is given out."""
    with corrected():
        execution = interpreter.start(_retrying(interpreter))
        for _ in range(2):
            interpreter.sfn.send_task_failure(
                taskToken=interpreter.token(),
                error="Child.Failed",
                cause="again",
            )
        assert interpreter.end(execution)["cause"] == "again"


def test_moto_takes_a_second_answer(interpreter: Interpreter) -> None:
    """Unpatched moto takes a second answer while the execution runs."""
    task = interpreter.waiting_task(Next="Later")
    del task["End"]
    interpreter.start({"Wait": task, "Later": LATER})
    token = interpreter.token()
    interpreter.sfn.send_task_success(taskToken=token, output='"first"')
    interpreter.sfn.send_task_failure(taskToken=token, error="Child.Failed")


@pytest.mark.parametrize("call", ["success", "failure"])
def test_a_second_answer_is_refused(interpreter: Interpreter, call: str) -> None:
    """A token takes one answer; every further one is TaskTimedOut while the parent runs."""
    with corrected():
        task = interpreter.waiting_task(Next="Later")
        del task["End"]
        execution = interpreter.start({"Wait": task, "Later": LATER})
        token = interpreter.token()
        interpreter.sfn.send_task_success(taskToken=token, output='"first"')
        with pytest.raises(interpreter.sfn.exceptions.TaskTimedOut):
            _answer(interpreter, token, call)
        description = interpreter.sfn.describe_execution(executionArn=execution)
        assert description["status"] == "RUNNING"


def _timed_out(interpreter: Interpreter) -> tuple[str, str]:
    """A token whose task timed out and was caught, in an execution that still runs."""
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Again"}]
    states = {
        "Wait": interpreter.waiting_task(TimeoutSeconds=1, Catch=catch),
        "Again": interpreter.waiting_task(),
    }
    execution = interpreter.start(states)
    late = interpreter.token()
    interpreter.token()  # the second task waits now
    return execution, late


def test_moto_takes_a_late_answer(interpreter: Interpreter) -> None:
    """Unpatched moto takes an answer for a task that timed out while the parent runs."""
    _, late = _timed_out(interpreter)
    interpreter.sfn.send_task_success(taskToken=late, output='"late"')


@pytest.mark.parametrize("call", ["success", "failure"])
def test_a_late_answer_is_refused(interpreter: Interpreter, call: str) -> None:
    """A task that timed out takes no answer: TaskTimedOut, and the parent goes on waiting."""
    with corrected():
        execution, late = _timed_out(interpreter)
        with pytest.raises(interpreter.sfn.exceptions.TaskTimedOut):
            _answer(interpreter, late, call)
        description = interpreter.sfn.describe_execution(executionArn=execution)
        assert description["status"] == "RUNNING"


def test_moto_takes_a_failure_for_an_ended_execution(interpreter: Interpreter) -> None:
    """Unpatched moto takes SendTaskFailure for an execution that has ended."""
    execution = interpreter.start({"Wait": interpreter.waiting_task()})
    token = interpreter.token()
    interpreter.sfn.send_task_success(taskToken=token, output='"done"')
    interpreter.end(execution)
    interpreter.sfn.send_task_failure(taskToken=token, error="Child.Failed")


@pytest.mark.parametrize("call", ["success", "failure"])
def test_an_ended_execution_takes_no_answer(interpreter: Interpreter, call: str) -> None:
    """Tokens of an execution that has ended are TaskTimedOut."""
    with corrected():
        execution = interpreter.start({"Wait": interpreter.waiting_task()})
        token = interpreter.token()
        interpreter.sfn.send_task_success(taskToken=token, output='"done"')
        interpreter.end(execution)
        with pytest.raises(interpreter.sfn.exceptions.TaskTimedOut):
            _answer(interpreter, token, call)


def test_a_failed_map_closes_its_other_tokens(interpreter: Interpreter) -> None:
    """One iteration's uncaught failure ends the Map: its other waits take no answer."""
    item = {"StartAt": "Wait", "States": {"Wait": interpreter.waiting_task(TimeoutSeconds=60)}}
    states = {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **item},
            "Catch": [{"ErrorEquals": ["Child.Failed"], "Next": "Later"}],
            "End": True,
        },
        "Later": interpreter.waiting_task(),
    }
    with corrected():
        interpreter.start(states, [1, 2])
        tokens = [interpreter.token(), interpreter.token()]
        interpreter.sfn.send_task_failure(taskToken=tokens[0], error="Child.Failed")
        interpreter.token()  # the Map is over once the next task waits
        with pytest.raises(interpreter.sfn.exceptions.TaskTimedOut):
            interpreter.sfn.send_task_success(taskToken=tokens[1], output='"late"')


def test_an_unknown_token_is_invalid(interpreter: Interpreter) -> None:
    """A token that nobody gave out is InvalidToken, as in Step Functions."""
    with corrected():
        interpreter.start({"Wait": interpreter.waiting_task()})
        with pytest.raises(interpreter.sfn.exceptions.InvalidToken):
            interpreter.sfn.send_task_success(taskToken="unknown", output="{}")


INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "local-double", "Payload.$": "$"},
    "OutputPath": "$.Payload",
    "End": True,
}


def test_moto_runs_no_local_function(interpreter: Interpreter) -> None:
    """Unpatched moto asks its own Lambda, which has no such function."""
    ended = interpreter.end(interpreter.start({"Call": INVOKE}, {"number": 2}))
    assert ended["status"] == "FAILED"


@pytest.mark.parametrize(
    "task",
    [
        INVOKE,
        {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-west-2:123456789012:function:local-double:3",
            "End": True,
        },
    ],
    ids=["optimized", "function ARN"],
)
def test_lambda_tasks_run_local_functions(interpreter: Interpreter, task: object) -> None:
    """Both ways of calling a function run it; the prefix and the version are stripped."""
    functions = Functions({"double": lambda event, _: {"number": event["number"] * 2}}, "local")
    with corrected(functions.invoke):
        ended = interpreter.end(interpreter.start({"Call": task}, {"number": 2}))
    assert json.loads(ended["output"]) == {"number": 4}


def test_a_raising_function_fails_its_task(interpreter: Interpreter) -> None:
    """The error is the exception's class name, the cause Lambda's JSON."""

    def fail(event: object, context: object) -> object:
        raise LookupError("no such scene")

    with corrected(Functions({"double": fail}, "local").invoke):
        ended = interpreter.end(interpreter.start({"Call": INVOKE}))
    assert ended["error"] == "LookupError"
    cause = json.loads(ended["cause"])
    assert (cause["errorType"], cause["errorMessage"]) == ("LookupError", "no such scene")


def test_a_function_that_is_not_there_echoes(interpreter: Interpreter) -> None:
    """A lambda task without a local function answers with its input."""
    with corrected(Functions({}, "local").invoke):
        ended = interpreter.end(interpreter.start({"Call": INVOKE}, {"number": 2}))
    assert json.loads(ended["output"]) == {"number": 2}


def test_corrections_end_with_their_block(interpreter: Interpreter) -> None:
    """After the block moto is as it was; within it a second block is refused."""
    with corrected(), pytest.raises(RuntimeError, match="already"), corrected():
        pass
    assert _caught_cause(interpreter) != "it broke"


def test_every_correction_is_applied_by_default() -> None:
    """No correction is written and forgotten, in whichever file of the package."""
    written = {
        name
        for module in pkgutil.iter_modules(moto_corrections.__path__)
        for name, value in vars(
            importlib.import_module(f"{moto_corrections.__name__}.{module.name}")
        ).items()
        if inspect.isfunction(value)
        and not name.startswith("_")
        and next(iter(inspect.signature(value).parameters), None) == "patches"
    }
    told = {"tell_what_was_not_answered", "tell_of_ends"}
    given_more = {"run_local_functions", "follow_the_clock"} | told
    assert written == {each.__name__ for each in ALL} | given_more


def _answer(interpreter: Interpreter, token: str, call: str) -> None:
    if call == "success":
        interpreter.sfn.send_task_success(taskToken=token, output='"again"')
    else:
        interpreter.sfn.send_task_failure(taskToken=token, error="Child.Failed", cause="again")


def test_the_refusal_is_the_one_that_the_sender_knows(interpreter: Interpreter) -> None:
    """The code that comes over the wire is TaskTimedOut, which marks a row stale."""
    from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify

    with corrected():
        execution = interpreter.start({"Wait": interpreter.waiting_task()})
        token = interpreter.token()
        interpreter.sfn.send_task_success(taskToken=token, output="{}")
        interpreter.end(execution)
        with pytest.raises(ClientError) as raised:
            interpreter.sfn.send_task_success(taskToken=token, output="{}")
    assert classify(raised.value) is ErrorKind.CLOSED


def test_moto_knows_no_heartbeat_without_heartbeat_seconds(interpreter: Interpreter) -> None:
    """Unpatched moto calls a token invalid whose task has no HeartbeatSeconds."""
    interpreter.start({"Wait": interpreter.waiting_task()})
    with pytest.raises(ClientError, match="InvalidToken"):
        interpreter.sfn.send_task_heartbeat(taskToken=interpreter.token())


def test_a_heartbeat_is_taken_while_the_task_waits(interpreter: Interpreter) -> None:
    """Any waiting task takes a heartbeat; one that is over is TaskTimedOut, a stranger invalid."""
    with corrected():
        interpreter.start({"Wait": interpreter.waiting_task()})
        token = interpreter.token()
        interpreter.sfn.send_task_heartbeat(taskToken=token)
        interpreter.sfn.send_task_success(taskToken=token, output="1")
        with pytest.raises(interpreter.sfn.exceptions.TaskTimedOut):
            interpreter.sfn.send_task_heartbeat(taskToken=token)
        with pytest.raises(interpreter.sfn.exceptions.InvalidToken):
            interpreter.sfn.send_task_heartbeat(taskToken="unknown")


def _without_heartbeat(interpreter: Interpreter, name: str) -> str:
    catch = [{"ErrorEquals": [name], "Next": "Caught"}]
    task = interpreter.waiting_task(TimeoutSeconds=60, HeartbeatSeconds=1, Catch=catch)
    execution = interpreter.start({"Wait": task, "Caught": CAUGHT})
    interpreter.token()
    return str(interpreter.end(execution)["status"])


def test_moto_does_not_match_a_heartbeat_timeout(interpreter: Interpreter) -> None:
    """Unpatched moto matches a missing heartbeat as States.Timeout alone."""
    assert _without_heartbeat(interpreter, "States.HeartbeatTimeout") != "SUCCEEDED"


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout"])
def test_a_missing_heartbeat_has_both_names(interpreter: Interpreter, name: str) -> None:
    """A missing heartbeat raises States.Timeout, matchable as States.HeartbeatTimeout."""
    with corrected():
        assert _without_heartbeat(interpreter, name) == "SUCCEEDED"
