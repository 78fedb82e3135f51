"""A waiting workflow ends with a payload: the data is followed, and who loses it is named."""

from __future__ import annotations

from typing import Any

import pytest

from support.linted import JSONATA_TOKEN, attribute, findings, machine, of, send
from support.states import parallel, passing

KEPT = "{% $merge([$states.input, {'answer': $states.result}]) %}"
FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:compose"


def wait(**fields: Any) -> dict[str, Any]:
    """A wait that hands its answer on alone, unless it is told otherwise."""
    given = {"ResultPath": None, **fields}
    state: dict[str, Any] = send({"process": []}, attribute(), **given)["States"]["Wait"]
    if "Next" in fields:
        del state["End"]
    return state


def jsonata_wait(**fields: Any) -> dict[str, Any]:
    """The same in JSONata."""
    arguments = {
        "QueueUrl": "${process_queue_url}",
        "MessageBody": {"process": []},
        "MessageAttributes": attribute(JSONATA_TOKEN, "StringValue"),
    }
    return wait(QueryLanguage="JSONata", Parameters=None, Arguments=arguments, **fields)


def mapped(inner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    last = {} if "Next" in fields else {"End": True}
    return {"Type": "Map", "ItemProcessor": machine(**inner), **last, **fields}


def losers(made: dict[str, Any]) -> list[str]:
    return [each.problem.path for each in of("payload-output", made)]


CATCH = {"ErrorEquals": ["States.ALL"], "Next": "After"}
KEEP_FAILURE = {**CATCH, "ResultPath": "$.failure"}
END = passing()
TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}

LOST: list[tuple[str, dict[str, Any], list[str]]] = [
    ("no ResultPath", {"Wait": wait()}, ["States.Wait"]),
    ("ResultPath $", {"Wait": wait(ResultPath="$")}, ["States.Wait.ResultPath"]),
    ("then a Pass", {"Wait": wait(Next="After"), "After": END}, ["States.Wait"]),
    (
        "then a Choice and a Succeed",
        {
            "Wait": wait(Next="Which"),
            "Which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "Done"}],
                "Default": "Failed",
            },
            "Done": {"Type": "Succeed"},
            "Failed": {"Type": "Fail"},
        },
        ["States.Wait"],
    ),
    (
        "then a pause",
        {"Wait": wait(Next="Pause"), "Pause": {"Type": "Wait", "Seconds": 1, "End": True}},
        ["States.Wait"],
    ),
    (
        "OutputPath",
        {"Wait": wait(ResultPath="$.answer", OutputPath="$.answer")},
        ["States.Wait.OutputPath"],
    ),
    (
        "OutputPath of features",
        {"Wait": wait(ResultPath="$.a", Next="After"), "After": passing(OutputPath="$.features")},
        ["States.After.OutputPath"],
    ),
    (
        "OutputPath null",
        {"Wait": wait(ResultPath="$.answer", OutputPath=None), "X": END},
        [],
    ),
    (
        "a Pass that selects",
        {
            "Wait": wait(ResultPath="$.answer", Next="After"),
            "After": passing(Parameters={"id.$": "$.id", "answer.$": "$.answer"}),
        },
        ["States.After.Parameters"],
    ),
    (
        "a Pass with a Result",
        {"Wait": wait(ResultPath="$.answer", Next="After"), "After": passing(Result={"ok": True})},
        ["States.After.Result"],
    ),
    (
        "a Pass with InputPath",
        {"Wait": wait(ResultPath="$.answer", Next="After"), "After": passing(InputPath="$.answer")},
        ["States.After.InputPath"],
    ),
    (
        "the process is overwritten",
        {"Wait": wait(ResultPath="$.process")},
        ["States.Wait.ResultPath"],
    ),
    (
        "a selector is not a payload",
        {"Wait": wait(ResultSelector={"id.$": "$.payload_id"})},
        ["States.Wait"],
    ),
    (
        "an error",
        {"Wait": wait(ResultPath="$.answer", Catch=[CATCH]), "After": END},
        ["States.Wait.Catch[0]"],
    ),
    (
        "an error and an answer",
        {"Wait": wait(Catch=[CATCH], Next="After"), "After": END},
        ["States.Wait", "States.Wait.Catch[0]"],
    ),
    (
        "a list of a Map",
        {"All": mapped({"Wait": wait()})},
        ["States.All"],
    ),
    (
        "a list of a Parallel",
        {"Both": parallel({"Wait": wait()}, {"Keep": END}, Next="After"), "After": END},
        ["States.Both"],
    ),
    (
        "the wrong branch of a Parallel",
        {"Both": parallel({"Wait": wait()}, {"Keep": END}, OutputPath="$[0]")},
        ["States.Both.OutputPath"],
    ),
    (
        "the only branch of a Parallel",
        {"Both": parallel({"Wait": wait()}, OutputPath="$[0]")},
        ["States.Both.Branches[0].States.Wait"],
    ),
    (
        "a service's response",
        {
            "Wait": wait(ResultPath="$.answer", Next="Tell"),
            "Tell": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True},
        },
        ["States.Tell"],
    ),
    (
        "a function's envelope",
        {
            "Wait": wait(ResultPath="$.answer", Next="Call"),
            "Call": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True},
        },
        ["States.Call"],
    ),
    (
        "a wrapped payload, kept",
        {
            "Wrap": passing(Parameters={"payload.$": "$"}, Next="Wait"),
            "Wait": wait(ResultPath="$.a"),
        },
        ["States.Wrap.Parameters"],
    ),
    (
        "a wrapped payload, dropped",
        {"Wrap": passing(Parameters={"payload.$": "$"}, Next="Wait"), "Wait": wait()},
        ["States.Wait"],
    ),
    (
        "one way of two",
        {
            "Which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.id", "IsPresent": True, "Next": "Wait"}],
                "Default": "After",
            },
            "Wait": wait(Next="After"),
            "After": END,
        },
        ["States.Wait"],
    ),
    (
        "a way back",
        {
            "Wait": wait(Catch=[{**CATCH, "Next": "Again"}]),
            "Again": {"Type": "Wait", "Seconds": 60, "Next": "Wait"},
        },
        ["States.Wait", "States.Wait.Catch[0]"],
    ),
    (
        "an intrinsic function",
        {
            "Wait": wait(ResultPath="$.answer", Next="After"),
            "After": passing(Parameters={"all.$": "States.Array($, $.answer)"}),
        },
        ["States.After.Parameters"],
    ),
    (
        "in JSONata: no Output",
        {"Wait": jsonata_wait()},
        ["States.Wait"],
    ),
    (
        "in JSONata: the result alone",
        {"Wait": jsonata_wait(Output="{% $states.result %}")},
        ["States.Wait.Output"],
    ),
    (
        "in JSONata: an object of it",
        {"Wait": jsonata_wait(Output={"answer": "{% $states.result %}"})},
        ["States.Wait.Output"],
    ),
    (
        "in JSONata: an expression of it",
        {"Wait": jsonata_wait(Output="{% {'answer': $states.result, 'id': $states.input.id} %}")},
        ["States.Wait.Output"],
    ),
    (
        "in JSONata: a merge without the input",
        {"Wait": jsonata_wait(Output="{% $merge([$states.result, {'ok': true}]) %}")},
        ["States.Wait.Output"],
    ),
    (
        "in JSONata: a block",
        {"Wait": jsonata_wait(Output="{% ($a := $states.result; {'answer': $a}) %}")},
        ["States.Wait.Output"],
    ),
    (
        "in JSONata: the features alone",
        {"Wait": jsonata_wait(Output="{% $states.input.features %}")},
        ["States.Wait.Output"],
    ),
    (
        "in JSONata: an error",
        {
            "Wait": jsonata_wait(Output=KEPT, Catch=[CATCH]),
            "After": {"QueryLanguage": "JSONata", **END},
        },
        ["States.Wait.Catch[0]"],
    ),
    (
        "in JSONata: a list",
        {"All": mapped({"Wait": jsonata_wait()}, QueryLanguage="JSONata")},
        ["States.All"],
    ),
    (
        "in JSONata: a Pass",
        {
            "Wait": jsonata_wait(Output=KEPT, Next="After"),
            "After": {**END, "QueryLanguage": "JSONata", "Output": "{% $states.input.answer %}"},
        },
        ["States.After.Output"],
    ),
    (
        "in JSONata: process taken out",
        {"Wait": jsonata_wait(Output="{% $states.input ~> |$|{}, ['process']| %}")},
        ["States.Wait.Output"],
    ),
    (
        "in both languages",
        {"Wait": jsonata_wait(Next="After"), "After": passing(ResultPath="$.x", Result=1)},
        ["States.Wait"],
    ),
]


@pytest.mark.parametrize(("states", "expected"), [c[1:] for c in LOST], ids=[c[0] for c in LOST])
def test_a_payload_that_is_lost(states: dict[str, Any], expected: list[str]) -> None:
    """On some way to an end: the state that loses it is named, and no other one."""
    assert losers(machine(**states)) == expected


KEPT_CASES: list[tuple[str, dict[str, Any]]] = [
    ("beside it", {"Wait": wait(ResultPath="$.answer")}),
    ("deeper in it", {"Wait": wait(ResultPath="$.process[0].tasks.wait.answer")}),
    ("thrown away", {"Wait": {**wait(), "ResultPath": None}}),
    (
        "an error beside it",
        {"Wait": wait(ResultPath="$.answer", Catch=[KEEP_FAILURE]), "After": END},
    ),
    (
        "an error that ends in Fail",
        {"Wait": wait(ResultPath="$.a", Catch=[CATCH]), "After": {"Type": "Fail"}},
    ),
    ("brought back by a function", {"Wait": wait(Next="Call"), "Call": TASK}),
    (
        "brought back by a function's Payload",
        {
            "Wait": wait(Next="Call"),
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "OutputPath": "$.Payload",
                "End": True,
            },
        },
    ),
    (
        "brought back by a selector",
        {
            "Wait": wait(Next="Call"),
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "ResultSelector": {"made.$": "$.Payload"},
                "OutputPath": "$.made",
                "End": True,
            },
        },
    ),
    (
        "brought back from the execution's input",
        {"Wait": wait(Next="After"), "After": passing(InputPath="$$.Execution.Input")},
    ),
    (
        "brought back from a variable",
        {
            "Keep": passing(Assign={"payload.$": "$"}, Next="Wait"),
            "Wait": wait(Next="After"),
            "After": passing(InputPath="$payload"),
        },
    ),
    (
        "made again",
        {
            "Wait": wait(ResultPath="$.answer", Next="After"),
            "After": passing(
                Parameters={
                    "type": "FeatureCollection",
                    "id.$": "$.id",
                    "features.$": "$.features",
                    "process.$": "$.process",
                },
            ),
        },
    ),
    (
        "a reference",
        {"Wait": wait(Next="After"), "After": passing(Result={"url": "s3://b/k.json"})},
    ),
    (
        "wrapped, and unwrapped",
        {
            "Wrap": passing(Parameters={"payload.$": "$"}, Next="Wait"),
            "Wait": wait(ResultPath="$.answer", OutputPath="$.payload"),
        },
    ),
    (
        "merged",
        {
            "W": wait(ResultPath="$.a", Next="X"),
            "X": passing(Parameters={"p.$": "States.JsonMerge($, $.a, false)"}, OutputPath="$.p"),
        },
    ),
    ("a list beside it", {"All": mapped({"Wait": wait()}, ResultPath="$.answers")}),
    ("the right branch", {"Both": parallel({"Wait": wait()}, {"Keep": END}, OutputPath="$[1]")}),
    (
        "a branch by a selector",
        {
            "Both": parallel(
                {"Wait": wait()},
                {"Keep": END},
                ResultSelector={"payload.$": "$[1]", "answer.$": "$[0]"},
                Next="After",
            ),
            "After": passing(InputPath="$.payload"),
        },
    ),
    (
        "a branch that keeps it",
        {"Both": parallel({"Wait": wait(ResultPath="$.answer")}, OutputPath="$[0]")},
    ),
    ("a later mark", {"Wait": wait(ResultPath="${where}")}),
    ("a later output", {"Wait": wait(ResultPath="$.answer", OutputPath="${what}")}),
    ("a later resource", {"Wait": wait(Next="X"), "X": {**TASK, "Resource": "${function}"}}),
    (
        "somebody else's token",
        {
            "Wait": wait(Next="X"),
            "X": {**TASK, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"},
        },
    ),
    ("no way to an end", {"Wait": wait(Next="Wait")}),
    ("a way that is nowhere gone", {"Wait": wait(ResultPath="$.a"), "Lost": passing(Result={})}),
    ("in JSONata: merged", {"Wait": jsonata_wait(Output=KEPT)}),
    (
        "in JSONata: changed",
        {"Wait": jsonata_wait(Output="{% $states.input ~> |$|{'a': $states.result}| %}")},
    ),
    ("in JSONata: the input", {"Wait": jsonata_wait(Output="{% $states.input %}")}),
    (
        "in JSONata: brought back",
        {
            "Wait": jsonata_wait(Next="After"),
            "After": {
                **END,
                "QueryLanguage": "JSONata",
                "Output": "{% $states.context.Execution.Input %}",
            },
        },
    ),
    (
        "in JSONata: a variable",
        {
            "Keep": passing(
                QueryLanguage="JSONata", Assign={"payload": "{% $states.input %}"}, Next="Wait"
            ),
            "Wait": jsonata_wait(Output="{% $merge([$payload, {'answer': $states.result}]) %}"),
        },
    ),
    (
        "in JSONata: made again",
        {
            "Wait": jsonata_wait(
                Output={"features": "{% $states.input.features %}", "process": [{"workflow": "x"}]},
            ),
        },
    ),
    (
        "in JSONata: more than is read",
        {"Wait": jsonata_wait(Output="{% $reduce([$states.input], function($a, $b){ $a }) %}")},
    ),
    (
        "in JSONata: one or the other",
        {"Wait": jsonata_wait(Output="{% $exists($x) ? $states.input : $states.result %}")},
    ),
    (
        "in JSONata: an error beside it",
        {
            "Wait": jsonata_wait(
                Output=KEPT,
                Catch=[
                    {
                        **CATCH,
                        "Output": "{% $merge([$states.input, {'failure': $states.errorOutput}]) %}",
                    }
                ],
            ),
            "After": {"QueryLanguage": "JSONata", **END},
        },
    ),
]


@pytest.mark.parametrize("states", [c[1] for c in KEPT_CASES], ids=[c[0] for c in KEPT_CASES])
def test_a_payload_that_is_kept_or_brought_back(states: dict[str, Any]) -> None:
    """Nothing is said where a payload comes out, or may."""
    assert losers(machine(**states)) == []


def test_what_is_told() -> None:
    """The state, where it ends, and how to keep the payload, in the state's own language."""
    (found,) = of("payload-output", machine(Wait=wait(Next="After"), After=END))
    assert found.problem.message == (
        "puts the answer in the place of the payload: the execution ends at 'After' without one"
    )
    assert found.problem.fix == 'put it beside the payload: "ResultPath": "$.answer"'
    (found,) = of("payload-output", machine(Wait=jsonata_wait()))
    assert KEPT in found.problem.fix


def test_where_the_payload_still_is() -> None:
    """A payload that lies deeper in the output is found by a path to it."""
    made = machine(
        Wrap=passing(Parameters={"in.$": "$"}, Next="Wait"),
        Wait=wait(ResultPath="$.answer"),
    )
    (found,) = of("payload-output", made)
    assert "keeps it at $.in alone" in found.problem.message
    assert "bring it back from $.in" in found.problem.fix


def test_a_machine_that_waits_for_nothing_of_ours_is_left_alone() -> None:
    """Its output is left alone."""
    assert findings(machine(Only=passing(Result={"ok": True}))) == []


def test_a_machine_with_many_ways_is_followed_within_bounds() -> None:
    """Thirty choices in a row have more ways than can be walked one by one."""
    states: dict[str, Any] = {}
    for number in range(30):
        follows = f"Which{number + 1}" if number < 29 else "Wait"
        states[f"Which{number}"] = {
            "Type": "Choice",
            "Choices": [{"Variable": "$.id", "IsPresent": True, "Next": f"Put{number}"}],
            "Default": follows,
        }
        states[f"Put{number}"] = passing(Result=1, ResultPath=f"$.p{number}", Next=follows)
    states["Wait"] = wait(ResultPath="$.answer")
    assert losers(machine(**states)) == []
    states["Wait"] = wait()
    assert losers(machine(**states)) == ["States.Wait"]
