"""How executions end, and the times of their attempts.

A test named ``..._moto_...`` fails once moto has mended what it shows: then the correction
can go.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.functions import Functions
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from support.states import END, calling, catching, each, passing, retrying

if TYPE_CHECKING:
    from support.interpreter import Interpreter

LATER = {"Type": "Wait", "Seconds": 3600, "End": True}


def test_moto_gives_a_timeout_no_error(interpreter: Interpreter) -> None:
    """In unpatched moto an execution that timed out has no error."""
    ended = interpreter.run({"Later": LATER}, TimeoutSeconds=1)
    assert (ended.status, ended.error) == ("TIMED_OUT", None)


@pytest.mark.parametrize("kind", ["Wait", "task", "Map", "Retry"])
def test_an_execution_times_out(interpreter: Interpreter, kind: str) -> None:
    """After TimeoutSeconds the execution is TIMED_OUT with States.Timeout, whatever it does.

    No state of it catches that.
    """
    catch = {"Catch": catching("States.ALL"), "Retry": retrying("States.Timeout")}
    waiting = interpreter.waiting_task(**catch)
    slow = {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 3600}
    doing = {
        "Wait": LATER,
        "task": waiting,
        "Map": each({"Wait": waiting, "Caught": END}, **catch),
        "Retry": interpreter.waiting_task(TimeoutSeconds=1, Retry=[slow]),
    }
    with corrected():
        execution = interpreter.start({"Do": doing[kind], "Caught": END}, [1], TimeoutSeconds=2)
        ended = interpreter.end(execution)
    assert (ended["status"], ended["error"]) == ("TIMED_OUT", "States.Timeout")
    assert ended["stopDate"] >= ended["startDate"]


def _stopped(interpreter: Interpreter, state: dict[str, Any]) -> dict[str, Any]:
    execution = interpreter.start({"Do": state, "Caught": END}, [1])
    if state["Type"] != "Wait":
        interpreter.token()
    interpreter.sfn.stop_execution(executionArn=execution, error="Enough", cause="by hand")
    return interpreter.end(execution)


STOPPED = ("ABORTED", "FAILED")
"""What a stopped execution becomes in unpatched moto, by which of its threads comes first."""


def test_moto_forgets_why_an_execution_was_stopped(interpreter: Interpreter) -> None:
    """Unpatched moto drops the error and the cause of StopExecution."""
    ended = _stopped(interpreter, LATER)
    assert (ended["status"], ended.get("error")) == ("ABORTED", None)


def test_moto_waits_for_the_task_of_a_stopped_execution(interpreter: Interpreter) -> None:
    """In unpatched moto a stopped execution runs until the task that waits is answered."""
    execution = interpreter.start({"Do": interpreter.waiting_task()})
    token = interpreter.token()
    interpreter.sfn.stop_execution(executionArn=execution)
    assert interpreter.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    interpreter.sfn.send_task_success(taskToken=token, output="1")
    assert interpreter.end(execution)["status"] in STOPPED


@pytest.mark.parametrize("kind", ["Wait", "task", "Map"])
def test_an_execution_is_stopped(interpreter: Interpreter, kind: str) -> None:
    """StopExecution ends it at once, with the error and the cause that it was given."""
    catch = {"Catch": catching("States.ALL")}
    waiting = interpreter.waiting_task(**catch)
    doing = {
        "Wait": LATER,
        "task": waiting,
        "Map": each({"Wait": waiting, "Caught": END}, **catch),
    }
    with corrected():
        ended = _stopped(interpreter, doing[kind])
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "by hand")


@pytest.mark.parametrize("output", ['"text"', "null", "true", "1.5", '{"a":"\\u00e4"}'])
def test_the_output_is_json(interpreter: Interpreter, output: str) -> None:
    """DescribeExecution gives the output as JSON text, whatever value it is."""
    with corrected():
        states = {"One": passing(InputPath="$.v")}
        execution = interpreter.start(states, {"v": json.loads(output)})
        assert interpreter.end(execution)["output"] == output


@pytest.mark.parametrize("output", ["text", None])
def test_moto_gives_an_output_that_is_no_json(interpreter: Interpreter, output: Any) -> None:
    """Unpatched moto gives a text as it is, and leaves out a null."""
    ended = interpreter.end(interpreter.start({"One": passing(Parameters={})}, {}))
    assert ended["output"] == "{}"
    null = {"One": passing(InputPath="$.v")}
    assert interpreter.end(interpreter.start(null, {"v": output})).get("output") == output


ATTEMPT = calling(
    "count",
    Parameters={
        "FunctionName": "local-count",
        "Payload": {
            "retries.$": "$$.State.RetryCount",
            "entered.$": "$$.State.EnteredTime",
            "redrives.$": "$$.Execution.RedriveCount",
        },
    },
    Retry=retrying("LookupError", times=2),
)


def _attempts(interpreter: Interpreter, states: dict[str, Any]) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []

    def count(event: dict[str, Any], context: object) -> dict[str, Any]:
        seen.append(event)
        if event["retries"] < 2:
            raise LookupError
        return event

    with corrected(Functions({"count": count}, "local").invoke):
        assert interpreter.run(states, [1]).status == "SUCCEEDED"
    return seen


@pytest.mark.parametrize("states", [{"Try": ATTEMPT}, {"Each": each({"Try": ATTEMPT})}])
def test_each_attempt_has_its_own_context(
    interpreter: Interpreter,
    states: dict[str, Any],
) -> None:
    """RetryCount counts the retries, EnteredTime is the attempt's, RedriveCount is 0."""
    seen = _attempts(interpreter, states)
    assert [attempt["retries"] for attempt in seen] == [0, 1, 2]
    times = [attempt["entered"] for attempt in seen]
    assert times == sorted(set(times))
    assert {attempt["redrives"] for attempt in seen} == {0}


def test_moto_knows_no_redrive_count(interpreter: Interpreter) -> None:
    """In unpatched moto ``$$.Execution.RedriveCount`` is not there."""
    ended = interpreter.run({"One": passing(Parameters={"n.$": "$$.Execution.RedriveCount"})})
    assert ended.status == "FAILED"


def test_moto_keeps_the_time_of_the_first_attempt(interpreter: Interpreter) -> None:
    """In unpatched moto a retry has the EnteredTime of the first attempt."""
    task = interpreter.waiting_task(TimeoutSeconds=1, Retry=retrying("States.Timeout"))
    task["Parameters"] = {
        "QueueUrl": interpreter.queue_url,
        "MessageBody.$": "$$.State.EnteredTime",
    }
    execution = interpreter.start({"Wait": task})
    first, second = interpreter.token(), interpreter.token()
    interpreter.end(execution)
    assert first == second


@pytest.mark.parametrize(
    "instant",
    [
        lambda: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        lambda: datetime.now(timezone(timedelta(hours=9))).isoformat(timespec="seconds"),
        lambda: datetime.now(timezone(-timedelta(hours=9))).isoformat(timespec="milliseconds"),
        lambda: "2001-02-03T04:05:06.123456789Z",
    ],
    ids=["UTC", "fraction", "east", "west", "past"],
)
@pytest.mark.parametrize("is_path", [False, True], ids=["Timestamp", "TimestampPath"])
def test_a_wait_ends_at_an_instant(
    interpreter: Interpreter,
    monkeypatch: pytest.MonkeyPatch,
    instant: Any,
    is_path: bool,
) -> None:
    """A timestamp is an instant, whatever its offset and the time zone of this machine."""
    monkeypatch.setenv("TZ", "Etc/GMT+11")
    text = instant()
    fields = {"TimestampPath": "$.at"} if is_path else {"Timestamp": text}
    with corrected():
        ended = interpreter.run({"Wait": {"Type": "Wait", "End": True, **fields}}, {"at": text})
    assert ended.status == "SUCCEEDED"


@pytest.mark.parametrize("text", ["2001-02-03T04:05:06", "2001-02-03", "2001-13-03T04:05:06Z", 5])
def test_what_is_no_instant_is_a_runtime_error(interpreter: Interpreter, text: Any) -> None:
    """A TimestampPath that leads to something else fails with States.Runtime."""
    wait = {"Type": "Wait", "End": True, "TimestampPath": "$.at"}
    with corrected():
        assert interpreter.run({"Wait": wait}, {"at": text}).error == "States.Runtime"


def test_moto_takes_no_offset(interpreter: Interpreter) -> None:
    """Unpatched moto refuses a timestamp with an offset."""
    wait = {"Type": "Wait", "End": True, "TimestampPath": "$.at"}
    ended = interpreter.run({"Wait": wait}, {"at": "2001-02-03T04:05:06+01:00"})
    assert ended.status == "FAILED"


def _timeout_of(definition: dict[str, Any]) -> int:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    program, _ = AmazonStateLanguageParser.parse(json.dumps(definition))
    return int(program.states.states["Wait"].timeout.timeout_seconds)


def test_a_heartbeat_brings_no_timeout(interpreter: Interpreter) -> None:
    """A task with HeartbeatSeconds and no TimeoutSeconds has the longest timeout.

    In unpatched moto that is 60 s.
    """
    task = interpreter.waiting_task(HeartbeatSeconds=30)
    definition = {"StartAt": "Wait", "States": {"Wait": task}}
    assert _timeout_of(definition) == 60
    with corrected():
        assert _timeout_of(definition) == 99_999_999


@pytest.mark.parametrize("seconds", [0, -1, True, "1", 1.5, None], ids=str)
@pytest.mark.parametrize("field", ["TimeoutSecondsPath", "HeartbeatSecondsPath"])
def test_seconds_are_positive(interpreter: Interpreter, field: str, seconds: Any) -> None:
    """A path to seconds that leads to no positive integer fails with States.Runtime."""
    task = interpreter.waiting_task(Catch=catching("States.ALL"), **{field: "$.s"})
    with corrected():
        ended = interpreter.run({"Wait": task, "Caught": END}, {"s": seconds})
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")


def test_moto_takes_negative_seconds(interpreter: Interpreter) -> None:
    """In unpatched moto a task with a negative timeout times out."""
    task = interpreter.waiting_task(TimeoutSecondsPath="$.s")
    assert interpreter.run({"Wait": task}, {"s": -1}).error == "States.Timeout"
