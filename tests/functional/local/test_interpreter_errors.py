"""Which errors are matched, by what name, and what always ends the execution.

A test named ``..._moto_...`` fails once moto has mended what it shows: then the correction
can go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from support.states import END, catching, each, parallel, passing, retrying

if TYPE_CHECKING:
    from support.interpreter import Interpreter, Outcome

NO_PATH = {"message.$": "$.nowhere"}


def _late(interpreter: Interpreter, **fields: Any) -> dict[str, Any]:
    return {"Wait": interpreter.waiting_task(**{"TimeoutSeconds": 1, **fields})}


def _around(kind: str, inner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    if kind == "Map":
        outer = each(inner, **fields)
    elif kind == "Parallel":
        outer = parallel(inner, {"Other": END}, **fields)
    else:
        outer = parallel({"Each": each(inner)}, **fields)
    return {"Outer": outer, "Caught": END}


KINDS = ["Map", "Parallel", "Map in Parallel"]


@pytest.mark.parametrize("kind", KINDS)
def test_moto_matches_no_timeout_outside(interpreter: Interpreter, kind: str) -> None:
    """Unpatched moto gives an outer Catch no States.Timeout of an inner task."""
    states = _around(kind, _late(interpreter), Catch=catching("States.Timeout"))
    assert interpreter.run(states, [1]).status == "FAILED"


@pytest.mark.parametrize("error", ["States.Timeout", "States.ALL"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_timeout_is_caught_outside(interpreter: Interpreter, kind: str, error: str) -> None:
    """A task that times out within a Map or Parallel is caught outside as States.Timeout."""
    with corrected():
        ended = interpreter.run(_around(kind, _late(interpreter), Catch=catching(error)), [1])
    assert ended.output["Error"] == "States.Timeout"


@pytest.mark.parametrize("kind", KINDS)
def test_a_timeout_is_no_failed_task(interpreter: Interpreter, kind: str) -> None:
    """States.TaskFailed matches every error but States.Timeout, inside and outside."""
    with corrected():
        states = _around(kind, _late(interpreter), Catch=catching("States.TaskFailed"))
        ended = interpreter.run(states, [1])
    assert (ended.status, ended.error) == ("FAILED", "States.Timeout")


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_a_timeout_is_retried_outside(interpreter: Interpreter, kind: str) -> None:
    """An outer Retry of States.Timeout runs the Map or Parallel again, with fresh tokens."""
    states = _around(kind, _late(interpreter), Retry=retrying("States.Timeout"))
    with corrected():
        execution = interpreter.start(states, [1])
        first, second = interpreter.token(), interpreter.token()
        interpreter.sfn.send_task_success(taskToken=second, output="2")
        assert first != second
        assert interpreter.end(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("error", ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_heartbeat_is_caught_outside(
    interpreter: Interpreter,
    kind: str,
    error: str,
) -> None:
    """A heartbeat that does not come within a Map or Parallel has both its names outside."""
    inner = _late(interpreter, TimeoutSeconds=60, HeartbeatSeconds=1)
    with corrected():
        ended = interpreter.run(_around(kind, inner, Catch=catching(error)), [1])
    assert ended.output["Error"] == "States.Timeout"


def test_the_inner_error_has_its_cause_outside(interpreter: Interpreter) -> None:
    """The error of SendTaskFailure and its cause reach a Catch two levels out."""
    inner = {"Wait": interpreter.waiting_task()}
    states = _around("Map in Parallel", inner, Catch=catching("Child.Failed"))
    with corrected():
        execution = interpreter.start(states, [1])
        interpreter.sfn.send_task_failure(
            taskToken=interpreter.token(),
            error="Child.Failed",
            cause="it broke",
        )
        ended = interpreter.end(execution)
    assert ended["output"] == '{"Error":"Child.Failed","Cause":"it broke"}'


def _fails_as(interpreter: Interpreter, error: str) -> Outcome:
    return interpreter.run({"No": {"Type": "Fail", "Error": error, "Cause": "so"}})


def test_moto_fails_on_the_name_of_a_fail_state(interpreter: Interpreter) -> None:
    """Unpatched moto does not end an execution with an error that begins with States."""
    assert _fails_as(interpreter, "States.Timeout").error != "States.Timeout"


@pytest.mark.parametrize("error", ["States.Timeout", "States.Anything", "Mine"])
def test_a_fail_state_gives_any_name(interpreter: Interpreter, error: str) -> None:
    """A Fail state ends the execution with the error and cause that it names."""
    with corrected():
        ended = _fails_as(interpreter, error)
    assert (ended.status, ended.error, ended.cause) == ("FAILED", error, "so")


def test_a_task_may_fail_with_a_name_of_states(interpreter: Interpreter) -> None:
    """SendTaskFailure with a name that begins with States. is caught by that name."""
    with corrected():
        task = interpreter.waiting_task(Catch=catching("States.Timeout"))
        execution = interpreter.start({"Wait": task, "Caught": END})
        interpreter.sfn.send_task_failure(taskToken=interpreter.token(), error="States.Timeout")
        assert interpreter.end(execution)["status"] == "SUCCEEDED"


def _runtime_errors(interpreter: Interpreter) -> dict[str, dict[str, Any]]:
    """States that fail with States.Runtime, each in a way of its own."""
    task = interpreter.waiting_task()
    table = {"TableName": "t", "Key": {"id": {"S.$": "$.nowhere"}}}
    return {
        "Parameters": {**task, "Parameters": {"QueueUrl": "q", "MessageBody.$": "$.nowhere"}},
        "Parameters of a function": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-west-2:123456789012:function:local-one",
            "Parameters": NO_PATH,
        },
        "Parameters of lambda:invoke": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "local-one", "Payload.$": "$.nowhere"},
        },
        "Parameters of DynamoDB": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": table,
        },
        "the context object": {
            **task,
            "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Nowhere"},
        },
        "InputPath": {**task, "InputPath": "$.nowhere"},
        "TimeoutSecondsPath": {**task, "TimeoutSecondsPath": "$.nowhere"},
        "HeartbeatSecondsPath": {**task, "HeartbeatSecondsPath": "$.nowhere"},
        "ItemsPath": each({"One": END}, ItemsPath="$.nowhere"),
        "ItemsPath that leads to no list": each({"One": END}, ItemsPath="$.number"),
        "ItemSelector": each({"One": END}, ItemsPath="$.list", ItemSelector=NO_PATH),
        "ResultSelector": parallel({"One": END}, ResultSelector=NO_PATH),
        "ResultSelector of a Map": each({"One": END}, ItemsPath="$.list", ResultSelector=NO_PATH),
        "OutputPath": parallel({"One": END}, OutputPath="$.nowhere"),
        "Parameters of a Parallel": parallel({"One": END}, Parameters=NO_PATH),
        "a Pass": parallel({"One": passing(Parameters=NO_PATH)}),
        "a Choice": parallel(
            {
                "One": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.nowhere", "IsNull": True, "Next": "Two"}],
                },
                "Two": END,
            },
        ),
        "a Wait": parallel({"One": {"Type": "Wait", "SecondsPath": "$.nowhere", "End": True}}),
        "a Fail": parallel({"One": {"Type": "Fail", "ErrorPath": "$.nowhere"}}),
        "a variable": parallel({"One": passing(Parameters={"x.$": "$nowhere"})}),
    }


RUNTIME_ERRORS = [
    "Parameters",
    "Parameters of a function",
    "Parameters of lambda:invoke",
    "Parameters of DynamoDB",
    "the context object",
    "InputPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "ItemsPath",
    "ItemsPath that leads to no list",
    "ItemSelector",
    "ResultSelector",
    "ResultSelector of a Map",
    "OutputPath",
    "Parameters of a Parallel",
    "a Pass",
    "a Choice",
    "a Wait",
    "a Fail",
    "a variable",
]


def _with_a_typo(interpreter: Interpreter, name: str, **fields: Any) -> Outcome:
    state = {**_runtime_errors(interpreter)[name], "End": True, **fields}
    return interpreter.run({"Typo": state, "Caught": END}, {"number": 1, "list": [1]})


def test_every_typo_is_tried(interpreter: Interpreter) -> None:
    """The list of the tests below names every state that fails with States.Runtime."""
    assert list(_runtime_errors(interpreter)) == RUNTIME_ERRORS


def test_moto_catches_a_typo(interpreter: Interpreter) -> None:
    """In unpatched moto Catch States.ALL catches States.Runtime."""
    ended = _with_a_typo(interpreter, "Parameters", Catch=catching("States.ALL"))
    assert ended.status == "SUCCEEDED"


@pytest.mark.parametrize("name", RUNTIME_ERRORS)
def test_a_typo_is_not_caught(interpreter: Interpreter, name: str) -> None:
    """A path that leads nowhere is States.Runtime, and Catch States.ALL does not match it."""
    with corrected():
        ended = _with_a_typo(interpreter, name, Catch=catching("States.ALL"))
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
    assert str(ended.cause).count("An error occurred while executing the state") == 1


@pytest.mark.parametrize("errors", [["States.TaskFailed"], ["States.Runtime"]])
def test_a_runtime_error_ends_the_execution(interpreter: Interpreter, errors: list[str]) -> None:
    """States.Runtime always ends the execution, whatever a Catch lists."""
    with corrected():
        ended = _with_a_typo(interpreter, "Parameters", Catch=catching(*errors))
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize("kind", KINDS)
def test_a_typo_inside_is_not_caught_outside(interpreter: Interpreter, kind: str) -> None:
    """States.Runtime within a Map or Parallel passes the Retry and Catch around it."""
    bad = interpreter.waiting_task(Retry=retrying("States.ALL"), Catch=catching("States.ALL"))
    bad["Parameters"] = {"QueueUrl": "q", "MessageBody.$": "$.nowhere"}
    states = _around(
        kind,
        {"Wait": bad, "Caught": END},
        Retry=retrying("States.ALL"),
        Catch=catching("States.ALL"),
    )
    with corrected():
        ended = interpreter.run(states, [1])
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")


def _too_large(**fields: Any) -> dict[str, Any]:
    """A Parallel whose result is twice its input."""
    return {"Twice": parallel({"One": END}, {"Two": END}, **fields), "Caught": END}


def _half(character: str = "x") -> str:
    return character * (140_000 // len(character.encode()))


def test_too_much_data_is_not_caught(interpreter: Interpreter) -> None:
    """States.DataLimitExceeded passes Catch States.ALL, from inside a Parallel too."""
    inner = _too_large(Catch=catching("States.ALL"))
    states = {"Outer": parallel(inner, Catch=catching("States.ALL")), "Caught": END}
    with corrected():
        ended = interpreter.run(states, _half())
    assert (ended.status, ended.error) == ("FAILED", "States.DataLimitExceeded")


def test_moto_catches_too_much_data(interpreter: Interpreter) -> None:
    """In unpatched moto a Map's Catch States.ALL catches States.DataLimitExceeded inside."""
    states = {"Outer": each(_too_large(), Catch=catching("States.ALL")), "Caught": END}
    assert interpreter.run(states, [_half()]).status == "SUCCEEDED"


def test_too_much_data_is_caught_by_its_name(interpreter: Interpreter) -> None:
    """States.DataLimitExceeded is matched where it is named."""
    inner = _too_large()
    states = {"Outer": parallel(inner, Catch=catching("States.DataLimitExceeded")), "Caught": END}
    with corrected():
        ended = interpreter.run(states, _half())
    assert ended.output["Error"] == "States.DataLimitExceeded"


def _many_numbers(interpreter: Interpreter) -> Outcome:
    """What passes a list of 240,001 bytes that has 360,001 with blanks."""
    return interpreter.run({"One": END}, [1] * 120_000)


def test_moto_counts_blanks(interpreter: Interpreter) -> None:
    """Unpatched moto refuses data for the blanks that it adds itself."""
    assert _many_numbers(interpreter).error == "States.DataLimitExceeded"


def test_data_is_measured_as_compact_json(interpreter: Interpreter) -> None:
    """A state's data is measured as compact JSON in UTF-8: 256 KiB at most."""
    with corrected():
        assert _many_numbers(interpreter).status == "SUCCEEDED"
        assert interpreter.run({"One": END}, "ä" * 100_000).status == "SUCCEEDED"
        ended = interpreter.run({"One": passing(Parameters={"a.$": "$", "b.$": "$"})}, _half("ä"))
    assert ended.error == "States.DataLimitExceeded"


def test_moto_has_no_timeout_of_dynamodb(interpreter: Interpreter) -> None:
    """In unpatched moto a typo in a DynamoDB task is an error of DynamoDB's."""
    ended = _with_a_typo(interpreter, "Parameters of DynamoDB")
    assert ended.error == "DynamoDB.AmazonDynamoDBException"
