"""What Step Functions refuses in a state's query language is said before anything starts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from cirrus_callbacks_plugin.local import asl


def _machine(body: dict[str, Any], language: str | None = "JSONata") -> dict[str, Any]:
    state = body if body.get("Type") == "Choice" else {"Type": "Pass", "End": True, **body}
    machine = {"StartAt": "Only", "States": {"Only": state}}
    if state is body:
        machine["States"]["Done"] = {"Type": "Succeed"}
    return machine if language is None else {**machine, "QueryLanguage": language}


def _problems(body: dict[str, Any], language: str | None = "JSONata") -> list[str]:
    return list(asl.problems(_machine(body, language)))


RULE = {"Condition": True, "Next": "Done"}
CHOICE = {"Type": "Choice"}
MAP = {
    "Type": "Map",
    "ItemProcessor": {
        "StartAt": "Inner",
        "States": {"Inner": {"Type": "Pass", "End": True, "Output": "{% $states.input.id %}"}},
    },
}


@pytest.mark.parametrize(
    "body",
    [
        {"Output": {"a": "{% $states.input.x[$ > 1] %}", "b": ["{% $limit %}", " {% text %} "]}},
        {"Output": "{% $states.input.scenes.{'id': id, 'dry': cloud < 5} %}"},
        {"Output": "{% $sort($states.input.x, function($a, $b){ $a.n > $b.n }).n %}"},
        {"Output": "{% $states.input ~> |tags|{'year': year + 1}| %}"},
        {"Type": "Wait", "Seconds": "{% $states.input.seconds %}"},
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Output": "{% $states.result %}",
            "Assign": {"x": "{% $states.result.y %}"},
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": "{% $states.errorOutput %}",
                    "Next": "Only",
                }
            ],
        },
        {**MAP, "Items": "{% $states.input.list %}", "Output": "{% $states.result %}"},
    ],
)
def test_what_is_right_has_no_problem(body: dict[str, Any]) -> None:
    """Fields of either kind, contexts within paths, results where they are."""
    assert _problems(body) == []
    if "ItemProcessor" not in body:
        assert _problems({"QueryLanguage": "JSONata", **body}, language=None) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"Output": "{% 1 + %}"}, "Output that is not a JSONata: S0207"),
        ({"Output": {"deep": ["{% $eval('1') %}"]}}, "Output/deep that calls $eval"),
        ({"Output": "{% $ %}"}, "reads $ at the top level"),
        ({"Output": "{% $$.x %}"}, "reads $$ at the top level"),
        ({"Output": "{% name %}"}, "reads the field 'name' of nothing"),
        ({"Output": "{% $count(names) %}"}, "reads the field 'names' of nothing"),
        ({"Output": "{% function($v){ other } %}"}, "reads the field 'other' of nothing"),
        ({"Output": "{% *.x %}"}, "reads * of nothing"),
        ({"Output": "{% $states.result %}"}, "reads $states.result"),
        ({"Output": "{% $states.errorOutput %}"}, "reads $states.errorOutput"),
        ({"Output": "{% $a ?? 1 %}"}, "is not a JSONata"),
        ({"Output": "{% $a"}, "begins or ends like an expression"),
        ({"Output": " {% $a %}"}, "begins or ends like an expression"),
        ({"Output": "{%}"}, "begins or ends like an expression"),
        ({"Parameters": {}}, "in JSONata with Parameters"),
        ({"Assign": {"states": 1}}, "assign $states"),
        ({"Assign": {"x.y": 1}}, "'x.y', which is not a name of a variable"),
        ({"Assign": {"x" * 81: 1}}, "at most 80"),
        ({**CHOICE, "Choices": [{**RULE, "Assign": {"1": 1}}]}, "'1', which is not a name"),
        ({**MAP, "Items": {"a": 1}}, "an object as Items"),
        ({"ResultPath": "$.x"}, "in JSONata with ResultPath"),
        ({"QueryLanguage": "JSONPath"}, "in JSONPath within JSONata"),
        ({"QueryLanguage": "XPath"}, "'XPath'"),
        (
            {**CHOICE, "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "Done"}]},
            "in JSONata with Variable in Choices[0]",
        ),
        (
            {**CHOICE, "Choices": [{"Not": RULE, "Next": "Done"}]},
            "in JSONata with Not in Choices[0]",
        ),
        (
            {**CHOICE, "Choices": [RULE, {"StringEqualsPath": "$.a", "Next": "Done"}]},
            "in JSONata with StringEqualsPath in Choices[1]",
        ),
        ({**CHOICE, "Choices": [{"Next": "Done"}]}, "Choices[0] without Condition"),
        (
            {**CHOICE, "Choices": [{**RULE, "Condition": "{% $states.result.x %}"}]},
            "Choices/Condition",
        ),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Arguments": {"QueueUrl": "{% $states.result.x %}"},
            },
            "Arguments/QueueUrl that reads $states.result",
        ),
    ],
)
def test_what_is_wrong_is_told_with_state_and_field(body: dict[str, Any], says: str) -> None:
    """One sentence for each, which names the state."""
    (problem,) = _problems(body)
    assert "'Only'" in problem
    assert says in problem


def test_jsonpath_has_no_fields_of_jsonata() -> None:
    """Arguments, Output, Items, Condition are JSONata's; texts like expressions are texts here."""
    assert _problems({"Parameters": {"x": "{% 1 + %}"}}, language=None) == []
    (problem,) = _problems({"Output": {}}, language=None)
    assert "in JSONPath with Output" in problem
    (problem,) = _problems({**CHOICE, "Choices": [RULE]}, language=None)
    assert "in JSONPath with Condition in Choices[0]" in problem


def test_states_within_a_state_have_its_language() -> None:
    """What is inside a Map in JSONata is JSONata, in a machine of either language."""
    inner = {**MAP["ItemProcessor"]["States"]["Inner"], "InputPath": "$"}  # type: ignore[index]
    body = {**MAP, "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": inner}}}
    (problem,) = _problems(body)
    assert "'Inner' in JSONata with InputPath" in problem
    # In a machine in JSONPath each says so itself: readers of the documentation differ.
    single = {**body, "QueryLanguage": "JSONata"}
    (problem,) = _problems(single, language=None)
    assert "'Inner' without QueryLanguage within a state in JSONata" in problem
    inner["QueryLanguage"] = "JSONata"
    (problem,) = _problems(single, language=None)
    assert "'Inner' in JSONata with InputPath" in problem


def test_an_unknown_language_of_a_machine_is_told() -> None:
    """QueryLanguage is JSONPath or JSONata."""
    (problem,) = _problems({}, "XPath")
    assert "'XPath'" in problem


def test_machines_in_jsonpath_need_no_evaluator() -> None:
    """Environments with nothing but moto run them: the evaluator is imported once it is used."""
    script = (
        "import sys\n"
        "from cirrus_callbacks_plugin.local import asl\n"
        "from cirrus_callbacks_plugin.local.moto_corrections import corrected\n"
        "assert 'jsonata' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
