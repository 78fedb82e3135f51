"""RedriveExecution: what runs again, what does not, who is told, and what is refused.

Rules: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.local.clock import StackClock
from cirrus_callbacks_plugin.local.functions import Functions
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from support.states import END, calling, catching, choice, each, machine, parallel, passing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.interpreter import Interpreter


class Calls:
    """Functions that note their calls, and fail for what is broken."""

    def __init__(self) -> None:
        self.broken: set[Any] = set()
        self.made: list[tuple[str, Any]] = []

    def function(self, name: str) -> Any:
        """A function that answers with its input, or fails where that is broken."""

        def called(event: Any, context: object) -> Any:
            self.made.append((name, event))
            if event in self.broken:
                raise LookupError(event)
            return event

        return called

    def taken(self) -> list[tuple[str, Any]]:
        """The calls since the last time, sorted."""
        made, self.made = sorted(self.made), []
        return made


@pytest.fixture
def calls(interpreter: Interpreter) -> Iterator[Calls]:
    """A corrected moto with the functions ``first`` and ``second``."""
    calls = Calls()
    functions = {name: calls.function(name) for name in ("first", "second")}
    with corrected(Functions(functions, "local").invoke):
        yield calls


TWO_CALLS = {"First": calling("first", Next="Second"), "Second": calling("second")}


def _redriven(interpreter: Interpreter, execution: str, **fields: Any) -> dict[str, Any]:
    interpreter.sfn.redrive_execution(executionArn=execution, **fields)
    return interpreter.end(execution)


def _failed(interpreter: Interpreter, states: dict[str, Any], given: Any = None) -> str:
    execution = interpreter.start(states, given)
    assert interpreter.end(execution)["status"] == "FAILED"
    return execution


def test_moto_redrives_nothing(interpreter: Interpreter) -> None:
    """Unpatched moto does not know RedriveExecution."""
    execution = _failed(interpreter, {"No": {"Type": "Fail"}})
    with pytest.raises((ClientError, NotImplementedError, AttributeError)):
        interpreter.sfn.redrive_execution(executionArn=execution)


def test_the_failed_task_runs_again(interpreter: Interpreter, calls: Calls) -> None:
    """What succeeded is not repeated; the failed task has the same input and variables."""
    calls.broken = {7}
    states = {
        "Setup": passing(Assign={"x": 7}, Next="First"),
        "First": calling("first", Next="Change"),
        "Change": passing(InputPath="$x", Next="Second"),
        "Second": calling("second", Next="Show"),
        "Show": passing(Parameters={"x.$": "$x", "given.$": "$"}),
    }
    execution = _failed(interpreter, states, 3)
    assert calls.taken() == [("first", 3), ("second", 7)]
    calls.broken = set()
    ended = _redriven(interpreter, execution)
    assert (ended["executionArn"], ended["status"]) == (execution, "SUCCEEDED")
    assert json.loads(ended["output"]) == {"x": 7, "given": 7}
    assert calls.taken() == [("second", 7)]


def test_unsuccessful_iterations_run_again(interpreter: Interpreter, calls: Calls) -> None:
    """In an Inline Map the iterations that succeeded keep their results.

    The failed one goes on with its failed state, and those that had not begun begin.
    """
    calls.broken = {2}
    states = {"Each": each(TWO_CALLS, MaxConcurrency=1, Next="After"), "After": END}
    states["Each"]["ItemProcessor"]["States"]["First"] = passing(Next="Second")
    execution = _failed(interpreter, states, [1, 2, 3])
    assert calls.taken() == [("second", 1), ("second", 2)]
    calls.broken = set()
    assert json.loads(_redriven(interpreter, execution)["output"]) == [1, 2, 3]
    assert calls.taken() == [("second", 2), ("second", 3)]


def test_an_iteration_goes_on_where_it_failed(interpreter: Interpreter, calls: Calls) -> None:
    """The states of an iteration that succeeded are not repeated."""
    calls.broken = {2}
    inner = {
        "First": passing(Assign={"mine.$": "$"}, Next="Call"),
        "Call": calling("first", InputPath="$.v", Next="Fail"),
        "Fail": calling("second", InputPath="$mine.w", OutputPath="$mine"),
    }
    execution = _failed(interpreter, {"Each": each(inner)}, [{"v": 1, "w": 2}])
    assert calls.taken() == [("first", 1), ("second", 2)]
    calls.broken = set()
    assert json.loads(_redriven(interpreter, execution)["output"]) == [{"v": 1, "w": 2}]
    assert calls.taken() == [("second", 2)]


def test_unsuccessful_branches_run_again(interpreter: Interpreter, calls: Calls) -> None:
    """In a Parallel the failed branch and those that were aborted by it run again alone."""
    waiting = interpreter.waiting_task()
    states = {
        "Both": parallel(
            {"Done": calling("first")},
            {"Fails": waiting},
            {"Before": calling("second", Next="Aborted"), "Aborted": waiting},
        ),
    }
    execution = interpreter.start(states, 5)
    old = [interpreter.token(), interpreter.token()]
    interpreter.sfn.send_task_failure(taskToken=old[0], error="E")
    assert interpreter.end(execution)["error"] == "E"
    assert calls.taken() == [("first", 5), ("second", 5)]
    interpreter.sfn.redrive_execution(executionArn=execution)
    new = [interpreter.token(), interpreter.token()]
    for token in old:
        with pytest.raises(interpreter.sfn.exceptions.TaskTimedOut):
            interpreter.sfn.send_task_success(taskToken=token, output="0")
    for token in new:
        interpreter.sfn.send_task_success(taskToken=token, output="1")
    assert json.loads(interpreter.end(execution)["output"]) == [5, 1, 1]
    assert calls.taken() == []


def test_a_map_in_a_branch_goes_on(interpreter: Interpreter, calls: Calls) -> None:
    """However deep they are nested, what succeeded is not repeated."""
    calls.broken = {2}
    inner = {"Both": parallel(TWO_CALLS, {"Third": calling("second")})}
    states = {"Outer": parallel({"Each": each(inner, MaxConcurrency=1)}, {"Other": END})}
    execution = _failed(interpreter, states, [1, 2])
    calls.taken()
    calls.broken = set()
    expected = [[[1, 1], [2, 2]], [1, 2]]
    assert json.loads(_redriven(interpreter, execution)["output"]) == expected
    assert {event for _, event in calls.taken()} == {2}


def test_a_redrive_may_fail_and_be_redriven(interpreter: Interpreter, calls: Calls) -> None:
    """Each redrive goes on from where the last one came."""
    calls.broken = {2, 3}
    states = {"Each": each({"Call": calling("first")}, MaxConcurrency=1)}
    execution = _failed(interpreter, states, [1, 2, 3, 4])
    calls.broken = {3}
    assert _redriven(interpreter, execution)["status"] == "FAILED"
    calls.broken = set()
    ended = _redriven(interpreter, execution)
    assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 2)
    assert calls.taken() == [("first", item) for item in (1, 2, 2, 3, 3, 4)]


def test_an_aborted_execution_is_redriven(interpreter: Interpreter, calls: Calls) -> None:
    """A stopped execution goes on with the state in which it was; error and cause are gone."""
    execution = interpreter.start({"One": calling("first", Next="Wait"), **_wait(interpreter)}, 1)
    interpreter.token()
    interpreter.sfn.stop_execution(executionArn=execution, error="E", cause="c")
    assert interpreter.end(execution)["redriveStatus"] == "REDRIVABLE"
    interpreter.sfn.redrive_execution(executionArn=execution)
    interpreter.sfn.send_task_success(taskToken=interpreter.token(), output="2")
    ended = interpreter.end(execution)
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "2")
    assert not {"error", "cause"} & set(ended)
    assert calls.taken() == [("first", 1)]


def _wait(interpreter: Interpreter, **fields: Any) -> dict[str, Any]:
    return {"Wait": interpreter.waiting_task(**fields)}


def test_a_timed_out_execution_has_its_time_again(interpreter: Interpreter, calls: Calls) -> None:
    """The machine's TimeoutSeconds begins anew with a redrive."""
    execution = interpreter.start(_wait(interpreter), TimeoutSeconds=1)
    interpreter.token()
    assert interpreter.end(execution)["status"] == "TIMED_OUT"
    interpreter.sfn.redrive_execution(executionArn=execution)
    interpreter.token()
    assert interpreter.end(execution)["status"] == "TIMED_OUT"
    interpreter.sfn.redrive_execution(executionArn=execution)
    interpreter.sfn.send_task_success(taskToken=interpreter.token(), output="1")
    assert interpreter.end(execution)["status"] == "SUCCEEDED"


def test_retries_begin_anew(interpreter: Interpreter, calls: Calls) -> None:
    """A redriven task has all its retries again."""
    calls.broken = {1}
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    execution = _failed(interpreter, {"Call": calling("first", Retry=retry)}, 1)
    assert len(calls.taken()) == 2
    assert _redriven(interpreter, execution)["status"] == "FAILED"
    assert len(calls.taken()) == 2


def test_a_retry_of_the_map_runs_every_iteration(interpreter: Interpreter, calls: Calls) -> None:
    """The first attempt after a redrive keeps results; a Retry of the Map itself does not."""
    calls.broken = {2}
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    states = {"Each": each({"Call": calling("first")}, MaxConcurrency=1, Retry=retry)}
    execution = _failed(interpreter, states, [1, 2])
    calls.taken()
    assert _redriven(interpreter, execution)["status"] == "FAILED"
    assert calls.taken() == [("first", 1), ("first", 2), ("first", 2)]


def test_a_map_with_too_much_data_runs_whole(interpreter: Interpreter, calls: Calls) -> None:
    """A Map or Parallel that failed with States.DataLimitExceeded runs all its parts again."""
    text = "x" * 140_000
    states = {"Both": parallel({"One": calling("first")}, {"Two": calling("second")})}
    execution = _failed(interpreter, states, text)
    calls.taken()
    assert _redriven(interpreter, execution)["error"] == "States.DataLimitExceeded"
    assert calls.taken() == [("first", text), ("second", text)]


@pytest.mark.parametrize(
    ("states", "entered"),
    [
        ({"No": {"Type": "Fail", "Error": "E"}}, ["No"]),
        ({"One": passing(Next="No"), "No": {"Type": "Fail", "Error": "E"}}, ["No"]),
        (
            {"Choose": choice({"Variable": "$.v", "IsNull": True, "Next": "End"}), "End": END},
            ["Choose"],
        ),
        ({"Both": parallel({"No": {"Type": "Fail"}})}, ["Both", "No"]),
    ],
    ids=["Fail", "Fail later", "Choice", "Parallel"],
)
def test_the_failed_state_is_entered_again(
    interpreter: Interpreter,
    calls: Calls,
    states: dict[str, Any],
    entered: list[str],
) -> None:
    """A Fail state fails again, a Choice is evaluated again."""
    execution = _failed(interpreter, states)
    before = len(_events(interpreter, execution))
    assert _redriven(interpreter, execution)["status"] == "FAILED"
    after = _events(interpreter, execution)[before:]
    assert [each["stateEnteredEventDetails"]["name"] for each in after if _enters(each)] == entered


def _events(interpreter: Interpreter, execution: str) -> list[dict[str, Any]]:
    history = interpreter.sfn.get_execution_history(executionArn=execution, maxResults=1000)
    return list(history["events"])


def _enters(event: dict[str, Any]) -> bool:
    return "stateEnteredEventDetails" in event


def test_the_execution_tells_of_its_redrives(interpreter: Interpreter, calls: Calls) -> None:
    """DescribeExecution, ListExecutions, the history and the context object tell the count."""
    calls.broken = {1}
    context = {"count.$": "$$.Execution.RedriveCount", "at.$": "$$.Execution.RedriveTime"}
    states = {"Call": calling("first", Next="Show"), "Show": passing(Parameters=context)}
    execution = _failed(interpreter, states, 1)
    before = interpreter.sfn.describe_execution(executionArn=execution)
    assert (before["redriveCount"], before["redriveStatus"]) == (0, "REDRIVABLE")
    assert not {"redriveDate", "redriveStatusReason"} & set(before)
    calls.broken = set()
    date = interpreter.sfn.redrive_execution(executionArn=execution)["redriveDate"]
    after = interpreter.end(execution)
    assert (after["redriveCount"], after["redriveDate"]) == (1, date)
    assert after["redriveStatus"] == "NOT_REDRIVABLE"
    assert after["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    output = json.loads(after["output"])
    assert output["count"] == 1
    assert output["at"].endswith("Z")
    redriven = [e for e in _events(interpreter, execution) if e["type"] == "ExecutionRedriven"]
    assert [e["executionRedrivenEventDetails"] for e in redriven] == [{"redriveCount": 1}]
    ids = [event["id"] for event in _events(interpreter, execution)]
    assert ids == list(range(1, len(ids) + 1))


def test_executions_are_listed_by_redrive(interpreter: Interpreter, calls: Calls) -> None:
    """ListExecutions tells the count, and filters by it."""
    execution = _failed(interpreter, {"No": {"Type": "Fail"}})
    machine_arn = interpreter.sfn.describe_execution(executionArn=execution)["stateMachineArn"]

    def listed(**fields: Any) -> list[int]:
        answer = interpreter.sfn.list_executions(stateMachineArn=machine_arn, **fields)
        return [each["redriveCount"] for each in answer["executions"]]

    assert listed() == listed(redriveFilter="NOT_REDRIVEN") == [0]
    _redriven(interpreter, execution)
    assert listed() == listed(redriveFilter="REDRIVEN") == [1]
    assert listed(redriveFilter="NOT_REDRIVEN") == []


def test_what_runs_or_succeeded_is_not_redriven(interpreter: Interpreter, calls: Calls) -> None:
    """ExecutionNotRedrivable says the status."""
    running = interpreter.start(_wait(interpreter))
    done = interpreter.start({"One": END})
    interpreter.end(done)
    for execution, status in ((running, "RUNNING"), (done, "SUCCEEDED")):
        with pytest.raises(interpreter.sfn.exceptions.ExecutionNotRedrivable, match=status):
            interpreter.sfn.redrive_execution(executionArn=execution)


def test_what_is_not_there_is_not_redriven(interpreter: Interpreter, calls: Calls) -> None:
    """An execution that is not there does not exist, and what is not an ARN is invalid."""
    execution = _failed(interpreter, {"No": {"Type": "Fail"}})
    with pytest.raises(interpreter.sfn.exceptions.ExecutionDoesNotExist):
        interpreter.sfn.redrive_execution(executionArn=f"{execution}-not")
    with pytest.raises(interpreter.sfn.exceptions.InvalidArn):
        interpreter.sfn.redrive_execution(executionArn="machine-1")


def test_a_client_token_redrives_once(interpreter: Interpreter, calls: Calls) -> None:
    """A call repeated with its client token is answered as before, and redrives nothing."""
    execution = _failed(interpreter, {"No": {"Type": "Fail"}})
    redrive = interpreter.sfn.redrive_execution
    first = redrive(executionArn=execution, clientToken="once")["redriveDate"]
    interpreter.end(execution)
    assert redrive(executionArn=execution, clientToken="once")["redriveDate"] == first
    assert interpreter.end(execution)["redriveCount"] == 1
    redrive(executionArn=execution, clientToken="twice")
    assert interpreter.end(execution)["redriveCount"] == 2


def test_a_redrive_follows_the_stacks_clock(interpreter: Interpreter) -> None:
    """Its date is the clock's, and a client token is forgotten 15 minutes of it later."""
    clock = StackClock()
    with corrected(clock=clock):
        execution = _failed(interpreter, {"No": {"Type": "Fail"}})
        clock.move_on(3600)
        for count, passing_seconds in ((1, 14 * 60), (1, 60), (2, 0)):
            told = _redriven(interpreter, execution, clientToken="once")
            assert told["redriveCount"] == count
            assert told["redriveDate"] >= told["startDate"] + timedelta(hours=1)
            clock.move_on(passing_seconds)


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_distributed_map_is_refused(
    interpreter: Interpreter,
    calls: Calls,
    is_nested: bool,
) -> None:
    """An execution that ended in a Distributed Map is refused by that name."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, **machine({"No": {"Type": "Fail"}})}
    state = {"Type": "Map", "ItemProcessor": processor, "End": True}
    execution = _failed(interpreter, {"Do": parallel({"Map": state}) if is_nested else state}, [1])
    refused = interpreter.sfn.exceptions.ExecutionNotRedrivable
    with pytest.raises(refused, match="Distributed Map"):
        interpreter.sfn.redrive_execution(executionArn=execution)


def test_a_distributed_map_that_is_done_is_no_obstacle(
    interpreter: Interpreter,
    calls: Calls,
) -> None:
    """A Distributed Map before the failed state is not in the way."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, **machine({"One": calling("first")})}
    states = {
        "Map": {"Type": "Map", "ItemProcessor": processor, "Next": "No"},
        "No": {"Type": "Fail"},
    }
    execution = _failed(interpreter, states, [1])
    assert _redriven(interpreter, execution)["redriveCount"] == 1
    assert calls.taken() == [("first", 1)]


def test_what_was_caught_is_not_what_failed(interpreter: Interpreter, calls: Calls) -> None:
    """A redrive goes on with the state after the Catch, not with the caught one."""
    calls.broken = {1}
    states = {
        "First": calling("first", Catch=catching("States.ALL", ResultPath="$"), Next="No"),
        "Caught": passing(InputPath="$.Error", Next="No"),
        "No": {"Type": "Fail"},
    }
    execution = _failed(interpreter, states, 1)
    calls.taken()
    _redriven(interpreter, execution)
    assert calls.taken() == []
