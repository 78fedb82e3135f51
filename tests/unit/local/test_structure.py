"""A definition that Step Functions refuses is refused by name before anything starts.

What AWS refuses: https://states-language.net/spec.html and the codes of
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from cirrus_callbacks_plugin.local import asl

END = {"End": True}
PASS = {"Type": "Pass", **END}
DONE = {"Type": "Succeed"}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", **END}
WAIT = {"Type": "Wait", "Seconds": 1, **END}
FAIL = {"Type": "Fail"}
RULE = {"Variable": "$.a", "NumericEquals": 1, "Next": "Done"}
TEST = {"Variable": "$.a", "IsNull": True}
ALL = {"ErrorEquals": ["States.ALL"]}
ONE = {"ErrorEquals": ["Child.Failed"]}


def machine(**states: Any) -> dict[str, Any]:
    """A machine that begins with its first state."""
    return {"StartAt": next(iter(states), None), "States": states}


MAP: dict[str, Any] = {"Type": "Map", "ItemProcessor": machine(Inner=PASS), **END}
PARALLEL = {"Type": "Parallel", "Branches": [machine(Inner=PASS)], **END}


def configured(mode: str) -> dict[str, Any]:
    """The configuration of an item processor."""
    return {"ProcessorConfig": {"Mode": mode}}


def choice(*rules: Any, **fields: Any) -> dict[str, Any]:
    """A machine that chooses."""
    return machine(Only={"Type": "Choice", "Choices": list(rules), **fields}, Done=DONE)


def jsonata(definition: dict[str, Any]) -> dict[str, Any]:
    """The same in JSONata."""
    return {**definition, "QueryLanguage": "JSONata"}


def without(state: dict[str, Any], *fields: str) -> dict[str, Any]:
    """A state that lacks fields."""
    return {name: value for name, value in state.items() if name not in fields}


REFUSED = [
    # Ways on.
    (machine(Only={"Type": "Pass"}), "'Only' without Next and \"End\": true"),
    (machine(Only={**PASS, "End": False}), "'Only' without Next and \"End\": true"),
    (machine(Only={**PASS, "End": "true"}), "End 'true', which must be true or false"),
    (machine(Only={**PASS, "Next": "Only"}), "'Only' with both Next and End"),
    (machine(Only=without({**TASK, "Next": 5}, "End")), "'Only' with the Next 5"),
    (machine(Only={**DONE, "End": True}), "'Only' with End, which a Succeed state has not"),
    (machine(Only={**FAIL, "Next": "Only"}), "'Only' with Next, which a Fail state has not"),
    (choice(RULE, Next="Done"), "'Only' with Next, which a Choice state has not"),
    (choice(RULE, End=True), "'Only' with End, which a Choice state has not"),
    (choice(RULE, Default=5), "'Only' with the Default 5"),
    (machine(Only=PASS, Lost=PASS), "'Lost', to which no way leads from 'Only'"),
    (machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}), "with no end"),
    (machine(Only={"Type": "Pass", "Next": "Gone"}), "'Only' go on to 'Gone'"),
    ({"States": {"Only": PASS}}, "the state machine start at None"),
    ({"StartAt": "only", "States": {"Only": PASS}}, "the state machine start at 'only'"),
    ({"StartAt": ["Only"], "States": {"Only": PASS}}, "the state machine start at ['Only']"),
    ({"StartAt": "A", "States": {}}, "the state machine without States"),
    (machine(Only="Pass"), "'Only' that is not an object"),
    (machine(**{"x" * 81: PASS}), "longer than 80"),
    # The same inside.
    (machine(Only={**MAP, "ItemProcessor": {"StartAt": "A"}}), "ItemProcessor of 'Only' without"),
    (machine(Only={**MAP, "ItemProcessor": []}), "ItemProcessor of 'Only' without States"),
    (machine(Only={**MAP, "ItemProcessor": {"States": {"Inner": PASS}}}), "start at None"),
    (
        machine(Only={**PARALLEL, "Branches": [machine(Inner=PASS, Lost=PASS)]}),
        "'Lost', to which no way leads from 'Inner'",
    ),
    (machine(Only={**PARALLEL, "Branches": [5]}), "Branches[0] of 'Only' without States"),
    (machine(Only={**PARALLEL, "Branches": [machine(Inner={"Type": "Pass"})]}), "'Inner' without"),
    (
        machine(Only={**PARALLEL, "Branches": [machine(A=PASS), machine(A=PASS)]}),
        "2 states called 'A'",
    ),
    (machine(Only={**MAP, "ItemProcessor": machine(Only=PASS)}), "2 states called 'Only'"),
    (
        machine(
            Only={**MAP, "ItemProcessor": {**MAP["ItemProcessor"], "QueryLanguage": "JSONPath"}}
        ),
        "ItemProcessor of 'Only' with QueryLanguage",
    ),
    (
        machine(Only={**MAP, "ItemProcessor": {**MAP["ItemProcessor"], "Version": "1.0"}}),
        "ItemProcessor of 'Only' with Version",
    ),
    (
        machine(Only={**MAP, "ItemProcessor": {**MAP["ItemProcessor"], "ProcessorConfig": []}}),
        "ProcessorConfig that is not an object",
    ),
    (
        machine(Only={**MAP, "ItemProcessor": {**MAP["ItemProcessor"], **configured("Inline")}}),
        "Mode 'Inline' in its ProcessorConfig",
    ),
    # Types and their fields.
    (machine(Only=END), "'Only' without a Type"),
    (machine(Only={**PASS, "Type": "Pas"}), "of the Type 'Pas', which there is not"),
    (machine(Only={**PASS, "Type": 5}), "of the Type 5, which there is not"),
    (machine(Only={**PASS, "Catch": [{**ALL, "Next": "Only"}]}), "Catch, which a Pass state has"),
    (machine(Only={**WAIT, "Retry": [ALL]}), "Retry, which a Wait state has not"),
    (machine(Only={**MAP, "TimeoutSeconds": 5}), "TimeoutSeconds, which a Map state has not"),
    (machine(Only={**TASK, "Timeoutseconds": 5}), "did you mean TimeoutSeconds?"),
    (machine(Only={**TASK, "Zone": 5}), "'Only' with Zone, which a Task state has not: remove"),
    (machine(Only=without(MAP, "ItemProcessor")), "without ItemProcessor or Iterator"),
    (machine(Only={**MAP, "Iterator": machine(Other=PASS)}), "ItemProcessor and Iterator"),
    (machine(Only=without(PARALLEL, "Branches")), "'Only' without Branches"),
    (machine(Only={**PARALLEL, "Branches": []}), "at least one branch"),
    (machine(Only={**PARALLEL, "Branches": {}}), "at least one branch"),
    (machine(Only=without(WAIT, "Seconds")), "without Seconds or SecondsPath or Timestamp or"),
    (machine(Only={**WAIT, "SecondsPath": "$.s"}), "with Seconds and SecondsPath"),
    (machine(Only={**FAIL, "Cause": "x", "CausePath": "$.x"}), "with Cause and CausePath"),
    (machine(Only={**FAIL, "Error": "x", "ErrorPath": "$.x"}), "with Error and ErrorPath"),
    (machine(Only={**TASK, "TimeoutSeconds": 1, "TimeoutSecondsPath": "$.t"}), "with Timeout"),
    (machine(Only={**MAP, "MaxConcurrency": 1, "MaxConcurrencyPath": "$.m"}), "with MaxConc"),
    # Numbers.
    ({**machine(Only=PASS), "TimeoutSeconds": 0}, "is a state machine with the TimeoutSeconds 0"),
    (machine(Only={**TASK, "TimeoutSeconds": "60"}), "'Only' with the TimeoutSeconds '60'"),
    (machine(Only={**TASK, "TimeoutSeconds": True}), "with the TimeoutSeconds True"),
    (machine(Only={**TASK, "TimeoutSeconds": 1.5}), "with the TimeoutSeconds 1.5"),
    (machine(Only={**TASK, "TimeoutSeconds": 100_000_000}), "from 1 to 99999999"),
    (machine(Only={**TASK, "HeartbeatSeconds": 0}), "with the HeartbeatSeconds 0"),
    (machine(Only={**TASK, "TimeoutSeconds": 9, "HeartbeatSeconds": 9}), "not fewer than"),
    (machine(Only={**WAIT, "Seconds": -1}), "with the Seconds -1"),
    (machine(Only={**MAP, "MaxConcurrency": -1}), "with the MaxConcurrency -1"),
    (machine(Only={"Type": "Wait", "Timestamp": "2026-01-02", **END}), "Timestamp '2026-01-02'"),
    (jsonata(machine(Only={**TASK, "TimeoutSeconds": 0})), "with the TimeoutSeconds 0"),
    # A machine's own fields.
    ({**machine(Only=PASS), "Version": "2.0"}, "with the Version '2.0'"),
    ({**machine(Only=PASS), "Timeout": 5}, "with Timeout, which a state machine has not"),
    # Retry and Catch.
    (machine(Only={**TASK, "Retry": ALL}), "a Retry that is not a list of objects"),
    (machine(Only={**TASK, "Retry": [{}]}), "Retry[0] whose ErrorEquals"),
    (machine(Only={**TASK, "Retry": [{"ErrorEquals": []}]}), "Retry[0] whose ErrorEquals"),
    (machine(Only={**TASK, "Retry": [{"ErrorEquals": "States.ALL"}]}), "Retry[0] whose Error"),
    (machine(Only={**TASK, "Retry": [ALL, ONE]}), "Retry[0] that names States.ALL and is not"),
    (
        machine(Only={**TASK, "Retry": [{"ErrorEquals": ["States.ALL", "A"]}]}),
        "Retry[0] that names States.ALL beside others",
    ),
    (machine(Only={**TASK, "Retry": [{**ALL, "BackoffRate": 0.5}]}), "BackoffRate 0.5 in Retry"),
    (machine(Only={**TASK, "Retry": [{**ALL, "BackoffRate": "2"}]}), "BackoffRate '2' in Retry"),
    (machine(Only={**TASK, "Retry": [{**ALL, "MaxAttempts": -1}]}), "MaxAttempts -1 in Retry[0]"),
    (machine(Only={**TASK, "Retry": [{**ALL, "IntervalSeconds": 0}]}), "IntervalSeconds 0 in"),
    (machine(Only={**TASK, "Retry": [{**ALL, "MaxDelaySeconds": 0}]}), "MaxDelaySeconds 0 in"),
    (
        machine(Only={**TASK, "Retry": [{**ALL, "IntervalSeconds": 5, "MaxDelaySeconds": 5}]}),
        "not longer than its IntervalSeconds",
    ),
    (machine(Only={**TASK, "Retry": [{**ALL, "JitterStrategy": "SOME"}]}), "'SOME' in Retry[0]"),
    (machine(Only={**TASK, "Retry": [{**ALL, "MaxRetries": 1}]}), "MaxRetries in Retry[0]"),
    (machine(Only={**TASK, "Catch": [ALL]}), "Catch[0] without Next"),
    (machine(Only={**TASK, "Catch": [{"Next": "Only"}]}), "Catch[0] whose ErrorEquals"),
    (machine(Only={**TASK, "Catch": [{**ALL, "Next": "Only", "End": True}]}), "End in Catch[0]"),
    (
        machine(Only={**TASK, "Catch": [{**ALL, "Next": "Only"}, {**ONE, "Next": "Only"}]}),
        "Catch[0] that names States.ALL and is not",
    ),
    # Choices.
    (machine(Only={"Type": "Choice"}), "'Only' without Choices"),
    (choice(Default="Done"), "at least one rule"),
    (choice("rule", Default="Done"), "Choices[0] that is not an object"),
    (choice(without(RULE, "Next"), Default="Done"), "Choices[0] without Next"),
    (choice(without(RULE, "Variable")), "Choices[0] without Variable"),
    (choice(without(RULE, "NumericEquals")), "no comparison in Choices[0]"),
    (choice({**RULE, "StringEquals": "x"}), "NumericEquals and StringEquals in Choices[0]"),
    (choice({**RULE, "End": True}), "End in Choices[0], which is not a comparison"),
    (choice({**without(RULE, "NumericEquals"), "Equals": 1}), "Equals in Choices[0]"),
    (choice({**RULE, "NumericEquals": "1"}), "wrong NumericEquals in Choices[0]"),
    (choice({**without(RULE, "NumericEquals"), "IsNull": 1}), "wrong IsNull in Choices[0]"),
    (choice({**without(RULE, "NumericEquals"), "StringEqualsPath": 1}), "StringEqualsPath 1 in"),
    (choice({"And": [], "Next": "Done"}), "And in Choices[0] that is not a list"),
    (choice({"Not": [TEST], "Next": "Done"}), "Not in Choices[0] that is not an object"),
    (choice({"Not": {**TEST, "Next": "Done"}, "Next": "Done"}), "Next in Choices[0].Not"),
    (choice({"Or": [TEST, {"Variable": "$.a"}], "Next": "Done"}), "in Choices[0].Or[1]"),
    (choice({"And": [TEST], "Or": [TEST], "Next": "Done"}), "And and Or in Choices[0]"),
    (choice({"And": [TEST], "Variable": "$.a", "Next": "Done"}), "Variable and And in Choices[0]"),
    (jsonata(choice({"Condition": "$x", "Next": "Done"})), "Condition '$x' in Choices[0]"),
    (jsonata(choice({"Condition": True, "End": True, "Next": "Done"})), "End in Choices[0]"),
]


@pytest.mark.parametrize(("definition", "says"), REFUSED, ids=lambda each: json.dumps(each)[-60:])
def test_what_aws_refuses_is_refused_by_name(definition: dict[str, Any], says: str) -> None:
    """One sentence says what is wrong, of which state, in the words of the state machine."""
    (problem,) = asl.problems(definition)
    assert says in problem


@pytest.mark.parametrize(
    "definition",
    [
        machine(Only=without({**PASS, "End": False, "Next": "Done"}), Done=DONE),
        machine(Only={**WAIT, "Seconds": 0}),
        machine(Only={**TASK, "Retry": [{**ONE, "MaxAttempts": 0, "BackoffRate": 1}, ALL]}),
        machine(Only={**TASK, "Retry": [{**ALL, "Comment": "x", "JitterStrategy": "FULL"}]}),
        machine(Only={**TASK, "Catch": [{**ALL, "Next": "Only", "ResultPath": None}]}),
        machine(Only={"Type": "Wait", "Timestamp": "2026-01-02T03:04:05.6+02:00", **END}),
        machine(Only={"Type": "Task", **TASK, "Catch": [{**ALL, "Next": "Late"}]}, Late=PASS),
        machine(Only=FAIL),
        choice(RULE, {"Not": {"And": [TEST, {"Or": [TEST]}]}, "Next": "Done"}, Default="Only"),
        choice({**RULE, "Assign": {"x": 1}, "Comment": "x"}),
        choice(
            {"Variable": "$.a", "TimestampLessThanPath": "$$.State.EnteredTime", "Next": "Done"}
        ),
        jsonata(choice({"Condition": "{% $x > 1 %}", "Output": {}, "Next": "Done"})),
        jsonata(machine(Only={**TASK, "TimeoutSeconds": "{% $states.input.s %}"})),
        {**machine(Only=PASS), "Version": "1.0", "TimeoutSeconds": 99_999_999, "Comment": "x"},
    ],
    ids=lambda each: json.dumps(each)[-60:],
)
def test_what_aws_takes_is_let_through(definition: dict[str, Any]) -> None:
    """The edges of each rule."""
    assert list(asl.problems(definition)) == []


@pytest.mark.parametrize(
    "body",
    [
        {"Type": "Choice", "Choices": 5},
        {"Type": "Choice", "Choices": [{"And": 5, "Next": []}], "Default": {}},
        {"Type": "Map", "ItemProcessor": 5, "Iterator": {"States": {"A": 1}}},
        {"Type": "Parallel", "Branches": "x", "Retry": [5], "Catch": {"a": 1}},
        {"Type": "Task", "Resource": None, "Retry": [{"ErrorEquals": [1], "BackoffRate": None}]},
        {"Type": "Wait", "Seconds": [], "Timestamp": {}, "Next": {}},
        {"Type": ["Pass"], "End": None},
    ],
    ids=str,
)
def test_odd_values_are_told_and_raise_nothing(body: dict[str, Any]) -> None:
    """Whatever JSON holds is told as a problem, never as an exception."""
    for language in ("JSONPath", "JSONata"):
        assert list(asl.problems({**machine(Only=body), "QueryLanguage": language}))
