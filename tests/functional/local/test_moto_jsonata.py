"""JSONata on moto's interpreter: nothing without the corrections, Step Functions' way with them.

A test named ``..._moto_...`` fails once moto has mended what it shows.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.clock import StackClock
from cirrus_callbacks_plugin.local.functions import Functions
from cirrus_callbacks_plugin.local.moto_corrections.corrected import ALL, corrected
from cirrus_callbacks_plugin.local.moto_corrections.jsonata import (
    evaluate_expressions,
    know_where_expressions_stand,
    let_output_and_arguments_be_caught,
)
from cirrus_callbacks_plugin.local.moto_corrections.jsonata_fields import check_what_fields_hold

if TYPE_CHECKING:
    from support.interpreter import Interpreter, Outcome

ERROR = "States.QueryEvaluationError"
JSONATA = {"QueryLanguage": "JSONata"}
CAUGHT = {"Type": "Succeed"}
SCENES = {"scenes": [{"id": "a", "cloud": 1}, {"id": "b", "cloud": 60}]}


def without(*corrections: Any) -> Any:
    """Moto with every correction but these."""
    return corrected(corrections=tuple(each for each in ALL if each not in corrections))


def run(interpreter: Interpreter, states: dict[str, Any], given: Any = None) -> Outcome:
    """Run a machine in JSONata."""
    return interpreter.run(states, given, **JSONATA)


def passing(output: Any, **fields: Any) -> dict[str, Any]:
    """A Pass state with an Output."""
    return {"Type": "Pass", "Output": output, "End": True, **fields}


def catching(**fields: Any) -> dict[str, Any]:
    """A Catch of what fails in an expression, which goes on to ``Caught``."""
    return {"Catch": [{"ErrorEquals": [ERROR], "Next": "Caught", **fields}]}


def call(**fields: Any) -> dict[str, Any]:
    """A task that calls the function ``double``."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "double", "Payload": {"number": "{% $states.input.n %}"}},
        "Output": "{% $states.result.Payload %}",
        "End": True,
        **fields,
    }


def doubling() -> Any:
    """Moto with every correction, and the function ``double``."""
    functions = Functions({"double": lambda event, _: {"number": event["number"] * 2}}, "local")
    return corrected(functions.invoke)


def test_moto_evaluates_no_expression(interpreter: Interpreter) -> None:
    """Unpatched moto fails with an error of its own."""
    with without(evaluate_expressions):
        ended = run(interpreter, {"Only": passing({"n": "{% 1 + 1 %}"})})
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")


def test_expressions_see_states_and_variables(interpreter: Interpreter) -> None:
    """``$states.input``, the context object and variables; literals stay what they are."""
    states = {
        "Set": passing(
            "{% $states.input %}",
            Assign={"limit": 50, "kept": ["{% $states.input.scenes[0].id %}", {"deep": True}]},
            End=False,
            Next="Use",
        ),
        "Use": passing(
            {
                "dry": "{% $states.input.scenes[cloud < $limit].id %}",
                "kept": "{% $kept %}",
                "here": "{% $states.context.State.Name %}",
                "literal": "$states.input",
                "number": 1.5,
                "nothing": None,
                "nested": [["{% 1 + 1 %}"]],
            }
        ),
    }
    del states["Set"]["End"]
    with corrected():
        ended = run(interpreter, states, SCENES)
    assert ended.output == {
        "dry": "a",
        "kept": ["a", {"deep": True}],
        "here": "Use",
        "literal": "$states.input",
        "number": 1.5,
        "nothing": None,
        "nested": [[2]],
    }


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("$states.input.nope", "returned nothing (undefined)."),
        ("$sum", "returned an unsupported result type."),
        ("[$sum]", "returned an unsupported result type."),
        ("1 + 'a'", "threw an error during evaluation. T2002: "),
        ("$nope()", "threw an error during evaluation. T1006: "),
        ("$error('no scene')", "threw an error during evaluation. D3137: no scene"),
        ("1/0", "threw an error during evaluation. D1001: "),
    ],
)
def test_what_fails_is_a_query_evaluation_error(
    interpreter: Interpreter, expression: str, cause: str
) -> None:
    """The error's name and its cause, with the state, the expression and its field, are AWS's."""
    with corrected():
        ended = run(interpreter, {"Only": passing({"deep": [f"{{% {expression} %}}"]})}, {})
    assert (ended.status, ended.error) == ("FAILED", ERROR)
    assert ended.cause is not None
    assert ended.cause.startswith(
        "An error occurred while executing the state 'Only' (entered at the event id #2). "
        f"The JSONata expression '{expression}' specified for the field 'Output/deep' {cause}"
    )


def test_an_endless_recursion_fails_the_state(interpreter: Interpreter) -> None:
    """A function that calls itself for ever is an error of the state, not the end of the stack."""
    endless = "{% ($f := function($n){ 1 + $f($n + 1) }; $f(1)) %}"
    with corrected():
        ended = run(interpreter, {"Only": passing({"n": endless})})
    assert (ended.status, ended.error) == ("FAILED", ERROR)
    assert "D1011" in str(ended.cause)


def test_a_task_waits_with_its_token(interpreter: Interpreter) -> None:
    """Arguments have the token, Output the answer and still the input, variables both."""
    states = {
        "Wait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {
                "QueueUrl": interpreter.queue_url,
                "MessageBody": "{% $states.context.Task.Token %}",
            },
            "TimeoutSeconds": "{% $states.input.seconds %}",
            "Assign": {"answer": "{% $states.result.payload_id %}"},
            "Output": {"from": "{% $states.input.id %}", "state": "{% $states.result.state %}"},
            "Next": "Then",
        },
        "Then": passing("{% $merge([$states.input, {'answer': $answer}]) %}"),
    }
    with corrected():
        execution = interpreter.start(states, {"id": "x", "seconds": 60}, **JSONATA)
        interpreter.sfn.send_task_success(
            taskToken=interpreter.token(),
            output=json.dumps({"payload_id": "p", "state": "SUCCEEDED"}),
        )
        ended = interpreter.end(execution)
    assert json.loads(ended["output"]) == {"from": "x", "state": "SUCCEEDED", "answer": "p"}


def test_times_of_a_task_are_expressions(interpreter: Interpreter) -> None:
    """TimeoutSeconds and HeartbeatSeconds are evaluated: a heartbeat of a second runs out."""
    states = {
        "Wait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {
                "QueueUrl": interpreter.queue_url,
                "MessageBody": "{% $states.context.Task.Token %}",
            },
            "TimeoutSeconds": "{% $states.input.seconds * 60 %}",
            "HeartbeatSeconds": "{% $states.input.seconds %}",
            "Catch": [
                {
                    "ErrorEquals": ["States.HeartbeatTimeout"],
                    "Output": {"error": "{% $states.errorOutput.Error %}"},
                    "Next": "Caught",
                }
            ],
            "End": True,
        },
        "Caught": CAUGHT,
    }
    with corrected():
        ended = run(interpreter, states, {"seconds": 1})
    assert ended.output == {"error": "States.Timeout"}


@pytest.mark.parametrize("seconds", ["60", 1.5, 0, -1, None, True])
def test_a_timeout_is_a_whole_number(interpreter: Interpreter, seconds: Any) -> None:
    """A timeout that is not a positive integer is an error that can be caught."""
    task = call(TimeoutSeconds="{% $states.input.seconds %}", **catching())
    with doubling():
        ended = run(interpreter, {"Call": task, "Caught": CAUGHT}, {"n": 1, "seconds": seconds})
    assert ended.output["Error"] == ERROR
    assert "'TimeoutSeconds'" in ended.output["Cause"]


def test_moto_takes_half_a_second_for_none(interpreter: Interpreter) -> None:
    """Without its correction moto cuts numbers, and takes them from texts."""
    with without(check_what_fields_hold):
        ended = run(interpreter, {"Only": {"Type": "Wait", "Seconds": "{% '0' %}", "End": True}})
    assert ended.status == "SUCCEEDED"


@pytest.mark.parametrize("seconds", ["{% '0' %}", "{% 0.5 %}", "{% -1 %}", "{% [] %}"])
def test_a_wait_takes_a_whole_number(interpreter: Interpreter, seconds: str) -> None:
    """Seconds are an integer that is not negative."""
    with corrected():
        ended = run(interpreter, {"Only": {"Type": "Wait", "Seconds": seconds, "End": True}})
    assert (ended.status, ended.error) == ("FAILED", ERROR)


@pytest.mark.parametrize("until", ["{% 0 %}", "{% '2020-13-01T00:00:00Z' %}", "{% '2020-01-01' %}"])
def test_a_wait_takes_an_instant(interpreter: Interpreter, until: str) -> None:
    """A Timestamp is a date with a time and a zone."""
    with corrected():
        ended = run(interpreter, {"Only": {"Type": "Wait", "Timestamp": until, "End": True}})
    assert (ended.status, ended.error) == ("FAILED", ERROR)
    assert "'Timestamp'" in str(ended.cause)


def test_a_wait_is_evaluated(interpreter: Interpreter) -> None:
    """Seconds and Timestamp are expressions; Output and Assign belong to a Wait as well."""
    states = {
        "Short": {
            "Type": "Wait",
            "Seconds": "{% $states.input.seconds %}",
            "Assign": {"waited": "{% $states.input.seconds %}"},
            "Next": "Past",
        },
        "Past": {
            "Type": "Wait",
            "Timestamp": "{% $states.input.until %}",
            "Output": {"waited": "{% $waited %}"},
            "End": True,
        },
    }
    with corrected():
        ended = run(interpreter, states, {"seconds": 0, "until": "2020-01-01T00:00:00Z"})
    assert ended.output == {"waited": 0}


@pytest.fixture
def ahead() -> StackClock:
    """A clock that is an hour ahead of the machine's."""
    clock = StackClock()
    clock.move_on(3600)
    return clock


def test_a_timestamp_is_one_of_the_stacks_clock(
    interpreter: Interpreter, ahead: StackClock
) -> None:
    """A Wait until an instant that has come by the stack's clock is over, not by the machine's."""
    until = (datetime.now(timezone.utc) + timedelta(minutes=50)).isoformat()
    wait = {"Type": "Wait", "Timestamp": "{% $states.input %}", "End": True}
    with corrected(clock=ahead):
        ended = interpreter.run({"Only": wait}, until, **JSONATA, TimeoutSeconds=5)
    assert ended.status == "SUCCEEDED"


def test_now_is_the_time_of_the_stacks_clock(interpreter: Interpreter, ahead: StackClock) -> None:
    """``$now`` and ``$millis`` agree with a state's EnteredTime, on a clock moved on as well."""
    times = ["$states.context.State.EnteredTime", "$now()", "$fromMillis($millis())"]
    before = datetime.now(timezone.utc) + timedelta(minutes=59)
    with corrected(clock=ahead):
        told = run(interpreter, {"Only": passing([f"{{% {each} %}}" for each in times])}).output
    assert all(datetime.fromisoformat(each.replace("Z", "+00:00")) > before for each in told)


@pytest.mark.parametrize("fraction", ["", ".1", ".123456789"])
@pytest.mark.parametrize("zone", ["Z", "+09:00"])
def test_a_timestamp_is_written_as_in_json_path(
    interpreter: Interpreter, fraction: str, zone: str
) -> None:
    """A fraction has any number of digits; an instant is in UTC, or has an offset."""
    text = f"2001-02-03T04:05:06{fraction}{zone}"
    wait = {"Type": "Wait", "Timestamp": "{% $states.input %}", "End": True}
    with corrected():
        assert run(interpreter, {"Only": wait}, text).status == "SUCCEEDED"


def choosing(condition: Any) -> dict[str, Any]:
    """A Choice with one rule, which assigns and has an Output."""
    return {
        "Choose": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": condition,
                    "Assign": {"way": "rule"},
                    "Output": {"n": "{% $states.input.n * 2 %}"},
                    "Next": "End",
                }
            ],
            "Assign": {"way": "default"},
            "Default": "Other",
        },
        "End": passing({"way": "{% $way %}", "input": "{% $states.input %}"}),
        "Other": passing({"way": "{% $way %}", "input": "{% $states.input %}"}),
    }


@pytest.mark.parametrize(
    ("condition", "output"),
    [
        ("{% $states.input.n > 2 %}", {"way": "rule", "input": {"n": 6}}),
        ("{% $states.input.n > 5 %}", {"way": "default", "input": {"n": 3}}),
        (True, {"way": "rule", "input": {"n": 6}}),
        (False, {"way": "default", "input": {"n": 3}}),
    ],
)
def test_a_choice_takes_the_first_true_rule(
    interpreter: Interpreter, condition: Any, output: Any
) -> None:
    """A rule's Assign and Output are its own; the state's Assign is the Default's."""
    with corrected():
        assert run(interpreter, choosing(condition), {"n": 3}).output == output


@pytest.mark.parametrize("condition", ["$states.input.n", "'true'", "null", "[true]", "$nope"])
def test_a_condition_is_a_boolean(interpreter: Interpreter, condition: str) -> None:
    """What is not a boolean fails the state; it does not pass for false."""
    with corrected():
        ended = run(interpreter, choosing(f"{{% {condition} %}}"), {"n": 3})
    assert (ended.status, ended.error) == ("FAILED", ERROR)


def mapping(**fields: Any) -> dict[str, Any]:
    """A Map over the scenes of its input."""
    return {
        "Type": "Map",
        "Items": "{% $states.input.scenes %}",
        "ItemSelector": {
            "id": "{% $states.context.Map.Item.Value.id %}",
            "at": "{% $states.context.Map.Item.Index %}",
            "of": "{% $count($states.input.scenes) %}",
            "limit": "{% $limit %}",
        },
        "ItemProcessor": {
            "StartAt": "Each",
            "States": {"Each": passing("{% $states.input.id & $states.input.at & $limit %}")},
        },
        "Output": {"ids": "{% $states.result %}", "input": "{% $keys($states.input) %}"},
        "End": True,
        **fields,
    }


def with_limit(state: dict[str, Any]) -> dict[str, Any]:
    """States that assign a variable, then run a state, and where its Catch leads to."""
    return {
        "Set": {"Type": "Pass", "Assign": {"limit": 5}, "Next": "Do"},
        "Do": state,
        "Caught": CAUGHT,
    }


def test_a_map_is_evaluated(interpreter: Interpreter) -> None:
    """Items, ItemSelector, Output and MaxConcurrency; iterations see outer variables."""
    with corrected():
        ended = run(interpreter, with_limit(mapping(MaxConcurrency="{% $limit %}")), SCENES)
    assert ended.output == {"ids": ["a05", "b15"], "input": "scenes"}


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"Items": "{% 'text' %}"}, "Expected 'array', but was 'string' for value: \"text\""),
        ({"Items": "{% $states.input %}"}, "Expected 'array', but was 'object'"),
        ({"Items": "{% $nope %}"}, "returned nothing (undefined)."),
        ({"MaxConcurrency": "{% -1 %}"}, "Expected an integer from 0"),
        ({"ItemSelector": {"x": "{% $nope %}"}}, "returned nothing (undefined)."),
        ({"Output": "{% $nope %}"}, "returned nothing (undefined)."),
        ({"Assign": {"x": "{% $nope %}"}}, "returned nothing (undefined)."),
    ],
)
def test_what_fails_in_a_map_is_caught(
    interpreter: Interpreter, fields: dict[str, Any], cause: str
) -> None:
    """Each field of a Map that cannot be evaluated leads to its Catch."""
    with corrected():
        ended = run(interpreter, with_limit(mapping(**fields, **catching())), SCENES)
    assert ended.output["Error"] == ERROR
    assert cause in ended.output["Cause"]


def parallel(**fields: Any) -> dict[str, Any]:
    """A Parallel of two branches, one of which tells its input."""
    return {
        "Type": "Parallel",
        "Arguments": {"first": "{% $states.input.scenes[0].id %}"},
        "Branches": [
            {"StartAt": "Tell", "States": {"Tell": passing({"got": "{% $states.input %}"})}},
            {"StartAt": "Two", "States": {"Two": passing({"two": "{% $limit %}"})}},
        ],
        "Output": "{% $merge($states.result) %}",
        "End": True,
        **fields,
    }


def test_a_parallel_is_evaluated(interpreter: Interpreter) -> None:
    """Arguments are the branches' input, the result a list in order of the branches."""
    with corrected():
        ended = run(interpreter, with_limit(parallel()), SCENES)
    assert ended.output == {"got": {"first": "a"}, "two": 5}


def test_moto_does_not_catch_what_fails_in_arguments(interpreter: Interpreter) -> None:
    """Without its correction a Parallel's Arguments fail past its Catch."""
    failing = with_limit(parallel(Arguments="{% $nope %}", **catching()))
    with without(let_output_and_arguments_be_caught):
        assert run(interpreter, failing, SCENES).status == "FAILED"


@pytest.mark.parametrize(
    "fields",
    [{"Arguments": "{% $nope %}"}, {"Output": "{% $nope %}"}, {"Assign": {"x": "{% $nope %}"}}],
)
def test_what_fails_in_a_parallel_is_caught(
    interpreter: Interpreter, fields: dict[str, Any]
) -> None:
    """Arguments, Output and Assign of a Parallel lead to its Catch."""
    with corrected():
        ended = run(interpreter, with_limit(parallel(**fields, **catching())), SCENES)
    assert ended.output["Error"] == ERROR


@pytest.mark.parametrize(
    "fields",
    [
        {"Arguments": "{% $nope %}"},
        {"Arguments": {"FunctionName": "double", "Payload": {"number": "{% 1 + null %}"}}},
        {"Output": "{% $states.result.nope %}"},
        {"Assign": {"x": "{% $states.result.nope %}"}},
        {"HeartbeatSeconds": "{% 'a' %}", "TimeoutSeconds": 5},
    ],
)
def test_what_fails_in_a_task_is_caught(interpreter: Interpreter, fields: dict[str, Any]) -> None:
    """The Catch has the input and the error's output, and assigns."""
    caught = catching(
        Assign={"error": "{% $states.errorOutput.Error %}"},
        Output={"n": "{% $states.input.n %}"},
    )
    states = {
        "Call": call(**fields, **caught),
        "Caught": passing({"n": "{% $states.input.n %}", "error": "{% $error %}"}),
    }
    if "HeartbeatSeconds" in fields:
        states["Call"]["Resource"] += ".waitForTaskToken"
    with doubling():
        assert run(interpreter, states, {"n": 1}).output == {"n": 1, "error": ERROR}


def test_a_task_has_a_result_and_still_its_input(interpreter: Interpreter) -> None:
    """Output sees both; without it the output is the result."""
    output = {"in": "{% $states.input.n %}", "out": "{% $states.result.Payload.number %}"}
    with doubling():
        assert run(interpreter, {"Call": call(Output=output)}, {"n": 2}).output == {
            "in": 2,
            "out": 4,
        }
        bare = call()
        del bare["Output"]
        assert run(interpreter, {"Call": bare}, {"n": 2}).output["Payload"] == {"number": 4}


def test_assign_and_output_see_variables_as_they_were(interpreter: Interpreter) -> None:
    """Both are evaluated with the values that the state began with; the next state sees the new."""
    states = {
        "Begin": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "Swap"},
        "Swap": {
            "Type": "Pass",
            "Assign": {"x": "{% $y %}", "y": "{% $x %}"},
            "Output": ["{% [$x, $y] %}"],
            "Next": "Tell",
        },
        "Tell": passing({"before": "{% $states.input[0] %}", "now": "{% [$x, $y] %}"}),
    }
    with corrected():
        assert run(interpreter, states).output == {"before": [1, 2], "now": [2, 1]}


def test_a_state_that_fails_assigns_nothing(interpreter: Interpreter) -> None:
    """What Assign says takes effect with its state: an Output that fails takes it back."""
    states = {
        "Begin": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Call"},
        "Call": call(Assign={"x": 2}, Output="{% $nope %}", **catching()),
        "Caught": {"Type": "Succeed", "Output": {"x": "{% $x %}"}},
    }
    with doubling():
        assert run(interpreter, states, {"n": 1}).output == {"x": 1}


def test_a_fail_state_is_evaluated(interpreter: Interpreter) -> None:
    """Error and Cause are expressions, and texts."""
    failing = {
        "Type": "Fail",
        "Error": "{% $states.input.kind & '.Failed' %}",
        "Cause": "{% 'because of ' & $states.input.n %}",
    }
    with corrected():
        ended = run(interpreter, {"Only": failing}, {"kind": "Child", "n": 3})
        wrong = run(interpreter, {"Only": {**failing, "Error": "{% $states.input.n %}"}}, {"n": 3})
    assert (ended.error, ended.cause) == ("Child.Failed", "because of 3")
    assert wrong.error == ERROR


def test_single_states_of_a_jsonpath_machine(interpreter: Interpreter) -> None:
    """A state in JSONata takes what one in JSONPath gives, and the other way round."""
    states = {
        "Path": {
            "Type": "Pass",
            "Parameters": {"n.$": "$.n", "kept": "{% not an expression %}"},
            "Assign": {"factor": 10},
            "Next": "Ata",
        },
        "Ata": {
            **JSONATA,
            "Type": "Pass",
            "Assign": {"product": "{% $states.input.n * $factor %}"},
            "Output": {"n": "{% $states.input.n + 1 %}", "kept": "{% $states.input.kept %}"},
            "Next": "Again",
        },
        "Again": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 4, "Next": "End"}],
        },
        "End": {**JSONATA, **passing({"all": "{% [$states.input.n, $product, $factor] %}"})},
    }
    with corrected():
        ended = interpreter.run(states, {"n": 3})
    assert ended.output == {"all": [4, 30, 10]}


SLASHES = r'{"a": "\/", "b": "{% \"\\u00e9\/\" %}", "c": "\ud83d\ude00"}'


def _read(interpreter: Interpreter, corrections: Any) -> Any:
    definition = (
        '{"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": {"Type": "Pass", '
        f'"Assign": {{"text": "\\"quoted\\""}}, "Output": {SLASHES}, "Next": "Then"}}, '
        '"Then": {"Type": "Pass", "Output": '
        '{"seen": "{% $states.input %}", "text": "{% $text %}"}, "End": true}}}'
    )
    with corrections:
        arn = interpreter.sfn.create_state_machine(
            name="machine", definition=definition, roleArn="arn:aws:iam::123456789012:role/any"
        )["stateMachineArn"]
        execution = interpreter.sfn.start_execution(stateMachineArn=arn, name="one", input="{}")
        return json.loads(interpreter.end(execution["executionArn"])["output"])


def test_moto_names_no_field(interpreter: Interpreter) -> None:
    """Without its correction a cause does not say where the expression stands."""
    with without(know_where_expressions_stand):
        ended = run(interpreter, {"Only": passing({"deep": "{% $nope %}"})})
    assert ended.error == ERROR
    assert "specified for the field" not in str(ended.cause)


def test_texts_are_json(interpreter: Interpreter) -> None:
    """Escapes are those of JSON, inside expressions too."""
    found = _read(interpreter, corrected())
    assert found == {"seen": {"a": "/", "b": "é/", "c": "\U0001f600"}, "text": '"quoted"'}
