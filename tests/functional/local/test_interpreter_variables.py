"""Variables in JSONPath: where they are read, when they are assigned, how far they are seen.

A test named ``..._moto_...`` fails once moto has mended what it shows: then the correction
can go. Most expectations were recorded from AWS by the makers of LocalStack.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.functions import Functions
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from support.states import END, catching, choice, each, machine, parallel, passing

if TYPE_CHECKING:
    from support.interpreter import Interpreter

VALUES = {
    "n": 5,
    "text": "abc",
    "items": [1, 2],
    "deep": {"list": [{"a": 7}, {"a": 8}], "one": {"a": 8}},
}
SETUP = {"Setup": passing(Assign=VALUES, Next="Use")}
SHOW = passing(Parameters={"x.$": "$x", "y.$": "$y"})


def _using(state: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {**SETUP, "Use": state, "Caught": END, **others}


def test_moto_reads_no_variable(interpreter: Interpreter) -> None:
    """Unpatched moto ends an execution that reads a variable."""
    ended = interpreter.run(_using(passing(InputPath="$n")))
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (passing(InputPath="$n"), 5),
        (passing(OutputPath="$deep.list[1]"), {"a": 8}),
        (passing(Parameters={"v.$": "$deep.one.a"}), {"v": 8}),
        (passing(Parameters={"v.$": "$deep.list[*].a"}), {"v": [7, 8]}),
        (passing(Parameters={"v.$": "$deep['one']['a']"}), {"v": 8}),
        (passing(Parameters={"v": ["$n"], "w": {"x.$": "$n"}}), {"v": ["$n"], "w": {"x": 5}}),
        (passing(Parameters={"v.$": "States.Format('{}/{}', $text, $n)"}), {"v": "abc/5"}),
        (passing(Parameters={"v.$": "States.ArrayLength($deep.list)"}), {"v": 2}),
        (passing(Parameters={"v.$": "States.MathAdd(States.MathAdd($n, 1), $n)"}), {"v": 11}),
        (each({"One": END}, ItemsPath="$items"), [1, 2]),
        (each({"One": END}, ItemsPath="$deep.list"), [{"a": 7}, {"a": 8}]),
        (
            each({"One": END}, ItemsPath="$items", ItemSelector={"n.$": "$n", "t": "$n"}),
            [{"n": 5, "t": "$n"}] * 2,
        ),
        (each({"One": END}, ItemsPath="$items", MaxConcurrencyPath="$n"), [1, 2]),
        (parallel({"One": END}, Parameters={"n.$": "$n"}), [{"n": 5}]),
        (parallel({"One": END}, ResultSelector={"n.$": "$n", "r.$": "$[0]"}), {"n": 5, "r": {}}),
    ],
    ids=str,
)
def test_variables_are_read_wherever_a_path_stands(
    interpreter: Interpreter,
    state: dict[str, Any],
    expected: Any,
) -> None:
    """``$x`` and ``$x.path`` are read in every field that takes a path, and in intrinsics."""
    with corrected():
        ended = interpreter.run(_using(state))
    assert ended.output == expected


def test_a_fail_state_reads_variables(interpreter: Interpreter) -> None:
    """ErrorPath and CausePath read variables."""
    with corrected():
        ended = interpreter.run(
            _using({"Type": "Fail", "ErrorPath": "$text", "CausePath": "States.Format('{}', $n)"}),
        )
    assert (ended.error, ended.cause) == ("abc", "5")


@pytest.mark.parametrize("field", ["TimeoutSecondsPath", "HeartbeatSecondsPath"])
def test_a_task_reads_its_time_from_a_variable(interpreter: Interpreter, field: str) -> None:
    """TimeoutSecondsPath and HeartbeatSecondsPath read variables."""
    task = interpreter.waiting_task(**{field: "$s"})
    with corrected():
        ended = interpreter.run({"Setup": passing(Assign={"s": 1}, Next="Use"), "Use": task})
    assert ended.error == "States.Timeout"


@pytest.mark.parametrize(
    "wait",
    [{"SecondsPath": "$s"}, {"TimestampPath": "$at"}],
    ids=["SecondsPath", "TimestampPath"],
)
def test_a_wait_reads_variables(interpreter: Interpreter, wait: dict[str, Any]) -> None:
    """A Wait's paths read variables."""
    setup = passing(Assign={"s": 0, "at": "2024-11-06T09:42:03Z"}, Next="Use")
    with corrected():
        ended = interpreter.run({"Setup": setup, "Use": {"Type": "Wait", "End": True, **wait}}, 3)
    assert ended.output == 3


def test_a_variable_that_is_not_there_is_a_runtime_error(interpreter: Interpreter) -> None:
    """A variable that nothing assigned, or a path into one that leads nowhere, is not a value."""
    with corrected():
        for path in ("$unknown", "$n.deep", "$deep.nowhere"):
            ended = interpreter.run(_using(passing(Parameters={"v.$": path})))
            assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
            assert path in str(ended.cause)


def test_a_value_is_a_copy(interpreter: Interpreter) -> None:
    """What is made of a variable's value does not change the variable."""
    change = passing(InputPath="$deep", Result=1, ResultPath="$.new", OutputPath="$deep", Next="Z")
    with corrected():
        ended = interpreter.run(_using(change, Z=passing(InputPath="$deep")))
    assert ended.output == VALUES["deep"]


def test_right_hand_sides_see_the_old_values(interpreter: Interpreter) -> None:
    """All of an Assign is evaluated before any of it is assigned: two variables can swap."""
    states = {
        "Setup": passing(Assign={"x": 1, "y": 2}, Next="Swap"),
        "Swap": passing(Assign={"x.$": "$y", "y.$": "$x"}, Next="Show"),
        "Show": SHOW,
    }
    with corrected():
        assert interpreter.run(states).output == {"x": 2, "y": 1}


def test_output_path_sees_the_old_values(interpreter: Interpreter) -> None:
    """A state's own Assign takes effect after its output is made."""
    states = {
        "Setup": passing(Assign={"x": 1}, Next="Use"),
        "Use": passing(Assign={"x": 2}, OutputPath="$x", ResultPath="$.r", Next="Show"),
        "Show": passing(Parameters={"x.$": "$x", "given.$": "$"}),
    }
    with corrected():
        assert interpreter.run(states).output == {"x": 2, "given": 1}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (passing(), {"in": 3}),
        (passing(InputPath="$.in"), 3),
        (passing(Result={"answer": 42}), {"answer": 42}),
        (passing(Parameters={"p.$": "$.in"}), {"p": 3}),
        (passing(Result=1, ResultPath="$.r", OutputPath="$.in"), 1),
        ({"Type": "Wait", "Seconds": 0}, {"in": 3}),
        (each({"One": passing(Result=2)}, Parameters={}, InputPath="$.list"), [2, 2]),
        (parallel({"One": passing(Result=1)}, {"Two": passing(Result=2)}), [1, 2]),
    ],
    ids=str,
)
def test_assign_looks_at_the_result(
    interpreter: Interpreter,
    state: dict[str, Any],
    expected: Any,
) -> None:
    """In Assign ``$`` is the state's result, or its input where it has none."""
    given = {"in": 3, "list": [1, 2]} if "InputPath" in state else {"in": 3}
    assigning = {key: value for key, value in state.items() if key != "End"}
    assigning |= {"Assign": {"x.$": "$", "y.$": "$$.Execution.Input.in"}, "Next": "Show"}
    with corrected():
        ended = interpreter.run({"Do": assigning, "Show": SHOW}, given)
    assert ended.output == {"x": expected, "y": 3}


def test_assign_of_a_task(interpreter: Interpreter) -> None:
    """A task's Assign reads what the service returned; OutputPath may then narrow it."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "local-double", "Payload.$": "$"},
        "Assign": {"x.$": "$.Payload", "y": {"code.$": "$.StatusCode", "lit": [1, "$.Payload"]}},
        "OutputPath": "$.Payload",
        "Next": "Show",
    }
    with corrected(Functions({"double": lambda event, _: event * 2}, "local").invoke):
        ended = interpreter.run({"Call": task, "Show": SHOW}, 4)
    assert ended.output == {"x": 8, "y": {"code": 200, "lit": [1, "$.Payload"]}}


def test_a_catcher_assigns(interpreter: Interpreter) -> None:
    """A Catcher's Assign has the error as ``$`` and sees the variables; the state's own is lost."""
    assign = {"x.$": "$.Error", "y.$": "$y"}
    task = interpreter.waiting_task(
        Assign={"y": "of the state"},
        Catch=catching("States.ALL", Assign=assign, ResultPath="$.caught"),
    )
    states = {
        "Setup": passing(Assign={"x": 0, "y": "old"}, Next="Wait"),
        "Wait": task,
        "Caught": passing(Parameters={"x.$": "$x", "y.$": "$y", "given.$": "$"}),
    }
    with corrected():
        execution = interpreter.start(states, {"in": 1})
        interpreter.sfn.send_task_failure(taskToken=interpreter.token(), error="E", cause="c")
        output = json.loads(interpreter.end(execution)["output"])
    caught = {"Error": "E", "Cause": "c"}
    assert output == {"x": "E", "y": "old", "given": {"in": 1, "caught": caught}}


def test_a_state_that_fails_assigns_nothing(interpreter: Interpreter) -> None:
    """What a state assigned before its result could be put away is forgotten when it fails."""
    misplaced = parallel(
        {"One": END},
        Assign={"x": 2},
        ResultPath="$.a.b",
        Catch=catching("States.ALL"),
    )
    states = {
        "Setup": passing(Assign={"x": 1, "y": 1}, Next="Do"),
        "Do": misplaced,
        "Caught": passing(Parameters={"x.$": "$x", "error.$": "$.Error"}),
    }
    with corrected():
        output = interpreter.run(states, {"a": 1}).output
    assert output == {"x": 1, "error": "States.ResultPathMatchFailure"}


RULES = [
    {"Variable": "$.v", "IsPresent": False, "Assign": {"x": "absent"}, "Next": "Show"},
    {
        "And": [
            {"Variable": "$.v", "IsNumeric": True},
            {"Variable": "$.v", "NumericEqualsPath": "$n"},
        ],
        "Assign": {"x": "equal", "y.$": "$.v"},
        "Next": "Show",
    },
    {"Variable": "$.v", "StringEquals": "a", "Assign": {"x.$": "$.v"}, "Next": "Show"},
]
CHOOSING = {
    "Setup": passing(Assign={"n": 42, "x": "none", "y": "none"}, Next="Choose"),
    "Choose": choice(*RULES, Assign={"x": "default", "y.$": "$.v"}, Default="Show"),
    "Show": SHOW,
}


def test_moto_leaves_out_the_assign_of_a_rule(interpreter: Interpreter) -> None:
    """Unpatched moto drops the Assign of a Choice rule, or takes the state's in its place."""
    rule = {"Variable": "$.v", "IsPresent": True, "Next": "Show", "Assign": {"x": 1, "y": 2}}
    states = {"Choose": choice(rule), "Show": END}
    execution = interpreter.start(states, {"v": 1})
    interpreter.end(execution)
    events = interpreter.sfn.get_execution_history(executionArn=execution)["events"]
    exited = next(event for event in events if event["type"] == "ChoiceStateExited")
    assert "assignedVariables" not in exited["stateExitedEventDetails"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"x": "absent", "y": "none"}),
        ({"v": 42}, {"x": "equal", "y": 42}),
        ({"v": "a"}, {"x": "a", "y": "none"}),
        ({"v": "b"}, {"x": "default", "y": "b"}),
    ],
    ids=str,
)
def test_the_rule_that_matches_assigns(
    interpreter: Interpreter,
    given: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    """The rule that matches assigns; the Choice's own Assign is for the Default alone."""
    with corrected():
        assert interpreter.run(CHOOSING, given).output == expected


@pytest.mark.parametrize(
    ("rule", "is_chosen"),
    [
        ({"Variable": "$n", "NumericEquals": 5}, True),
        ({"Variable": "$deep.one.a", "NumericGreaterThan": 7}, True),
        ({"Variable": "$text", "StringEqualsPath": "$text"}, True),
        ({"Variable": "$.text", "StringEqualsPath": "$text"}, True),
        ({"Variable": "$.eight", "NumericEqualsPath": "$deep.one.a"}, True),
        ({"Variable": "$n", "IsPresent": True}, True),
        ({"Variable": "$unknown", "IsPresent": True}, False),
        ({"Variable": "$deep.unknown", "IsPresent": True}, False),
        ({"Not": {"Variable": "$n", "NumericEquals": 4}}, True),
    ],
    ids=str,
)
def test_rules_read_variables(
    interpreter: Interpreter,
    rule: dict[str, Any],
    is_chosen: bool,
) -> None:
    """A rule's Variable and the paths that it compares with may be variables."""
    states = _using(
        choice({**rule, "Next": "Yes"}, Default="No"),
        Yes=passing(Result=True),
        No=passing(Result=False),
    )
    with corrected():
        assert interpreter.run(states, {"text": "abc", "eight": 8}).output is is_chosen


INNER = {
    "Mine": passing(Assign={"mine.$": "$", "doubled.$": "States.MathAdd($n, $n)"}, Next="Tell"),
    "Tell": passing(Parameters={"mine.$": "$mine", "n.$": "$n", "doubled.$": "$doubled"}),
}


def test_iterations_see_outer_variables_and_keep_their_own(interpreter: Interpreter) -> None:
    """Each iteration reads the outer variables and has its own of the same name."""
    with corrected():
        ended = interpreter.run(_using(each(INNER, ItemsPath="$items")))
    assert ended.output == [{"mine": item, "n": 5, "doubled": 10} for item in (1, 2)]


def test_branches_see_outer_variables_and_keep_their_own(interpreter: Interpreter) -> None:
    """Each branch reads the outer variables and has its own of the same name."""
    inner = {"Mine": passing(Assign={"mine": "other"}, Next="Tell"), "Tell": INNER["Tell"]}
    inner["Tell"] = passing(Parameters={"mine.$": "$mine", "n.$": "$n"})
    with corrected():
        ended = interpreter.run(_using(parallel(INNER, inner)), 1)
    assert ended.output == [{"mine": 1, "n": 5, "doubled": 10}, {"mine": "other", "n": 5}]


def test_scopes_nest(interpreter: Interpreter) -> None:
    """A Map in a Parallel sees the variables of the branch and of the machine."""
    innermost = {"Show": passing(Parameters={"n.$": "$n", "b.$": "$b", "i.$": "$"})}
    branch = {"Set": passing(Assign={"b": 1}, Next="Each"), "Each": each(innermost)}
    with corrected():
        ended = interpreter.run(_using(parallel(branch)), [4])
    assert ended.output == [[{"n": 5, "b": 1, "i": 4}]]


@pytest.mark.parametrize("outer", [each(INNER, ItemsPath="$items"), parallel(INNER)], ids=str)
def test_inner_variables_end_with_their_scope(
    interpreter: Interpreter,
    outer: dict[str, Any],
) -> None:
    """What an iteration or branch assigned is not there after the Map or Parallel."""
    outer = {key: value for key, value in outer.items() if key != "End"} | {"Next": "After"}
    after = choice({"Variable": "$mine", "IsPresent": True, "Next": "Caught"}, Default="Fine")
    with corrected():
        ended = interpreter.run(_using(outer, After=after, Fine=passing(Result="gone")))
    assert ended.output == "gone"


def test_an_outer_variable_is_not_assigned_inside(interpreter: Interpreter) -> None:
    """An iteration that assigns a variable of an outer scope fails with States.Runtime."""
    with corrected():
        ended = interpreter.run(_using(each({"One": passing(Assign={"n": 6})}, ItemsPath="$items")))
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
    assert "belongs to an outer scope" in str(ended.cause)


def test_a_map_assigns_outside(interpreter: Interpreter) -> None:
    """The Assign of a Map or Parallel itself is of the scope in which it stands."""
    states = _using(
        each({"One": END}, ItemsPath="$items", Assign={"got.$": "$[1]"}, Next="Show"),
        Show=passing(InputPath="$got"),
    )
    with corrected():
        assert interpreter.run(states).output == 2


def _distributed(inner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, **machine(inner)}
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


def test_child_executions_see_no_outer_variable(interpreter: Interpreter) -> None:
    """The child executions of a Distributed Map have variables of their own alone.

    Its ItemSelector reads those of the execution around it.
    """
    look = choice({"Variable": "$n", "IsPresent": True, "Next": "Seen"}, Default="Own")
    inner = {
        "Look": look,
        "Seen": passing(Result="seen"),
        "Own": passing(Assign={"n.$": "$.v"}, Next="Show"),
        "Show": passing(Parameters={"n.$": "$n"}),
    }
    selector = {"v.$": "$$.Map.Item.Value", "outer.$": "$n"}
    with corrected():
        ended = interpreter.run(
            _using(_distributed(inner, ItemsPath="$items", ItemSelector=selector)),
        )
    assert ended.output == [{"n": 1}, {"n": 2}]


def test_moto_shows_outer_variables_to_child_executions(interpreter: Interpreter) -> None:
    """In unpatched moto a Distributed Map succeeds though its child executions fail."""
    inner = {"No": {"Type": "Fail", "Error": "E"}}
    assert interpreter.run({"Each": _distributed(inner)}, [1]).status == "SUCCEEDED"


def test_a_child_execution_that_fails_fails_the_map(interpreter: Interpreter) -> None:
    """Without tolerated failures one failed child execution fails the Distributed Map."""
    odd = {"Variable": "$", "NumericEquals": 1, "Next": "No"}
    inner = {"Choose": choice(odd, Default="Yes"), "Yes": END, "No": {"Type": "Fail"}}
    with corrected():
        failed = interpreter.run({"Each": _distributed(inner)}, [2, 1, 4])
        caught = interpreter.run(
            {"Each": _distributed(inner, Catch=catching("States.ALL")), "Caught": END},
            [2, 1, 4],
        )
        fine = interpreter.run({"Each": _distributed(inner)}, [2, 3])
    assert failed.error == "States.ExceedToleratedFailureThreshold"
    assert caught.output["Error"] == "States.ExceedToleratedFailureThreshold"
    assert fine.output == [2, 3]
