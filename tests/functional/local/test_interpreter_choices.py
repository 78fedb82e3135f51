"""Choice states: absent variables, rules that stop early, no rule that matches.

A test named ``..._moto_...`` fails once moto has mended what it shows: then the correction
can go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from support.states import choice, parallel, passing

if TYPE_CHECKING:
    from support.interpreter import Interpreter, Outcome

ABSENT = {"Variable": "$.absent", "NumericEquals": 1}
PRESENT = {"Variable": "$.absent", "IsPresent": True}
TRUE = {"Variable": "$.one", "NumericEquals": 1}
FALSE = {"Variable": "$.one", "NumericEquals": 2}


def _choosing(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "Choose": choice({**rule, "Next": "Yes"}, Default="No"),
        "Yes": passing(Result="yes"),
        "No": passing(Result="no"),
    }


def _chosen(interpreter: Interpreter, rule: dict[str, Any]) -> Outcome:
    return interpreter.run(_choosing(rule), {"one": 1})


def test_moto_takes_an_absent_variable_for_false(interpreter: Interpreter) -> None:
    """In unpatched moto a comparison with an absent variable is false."""
    states = _choosing({"Variable": "$.absent", "StringEquals": "a"})
    assert interpreter.end(interpreter.start(states))["output"] == "no"


@pytest.mark.parametrize(
    "rule",
    [
        ABSENT,
        {"Variable": "$.absent", "StringEquals": "a"},
        {"Variable": "$.absent", "BooleanEquals": False},
        {"Variable": "$.absent", "TimestampLessThan": "2024-01-01T00:00:00Z"},
        {"Variable": "$.absent", "IsNull": True},
        {"Variable": "$.absent", "IsString": False},
        {"Variable": "$.one.deeper", "NumericEquals": 1},
        {"Variable": "$$.Absent", "StringEquals": "a"},
        {"Variable": "$absent", "StringEquals": "a"},
        {"Variable": "$.one", "NumericEqualsPath": "$.absent"},
        {"Not": ABSENT},
        {"And": [TRUE, ABSENT]},
        {"Or": [FALSE, ABSENT]},
        {"And": [ABSENT, FALSE]},
        {"Or": [ABSENT, TRUE]},
        {"And": [TRUE, {"Or": [FALSE, {"Not": ABSENT}]}]},
    ],
    ids=str,
)
def test_an_absent_variable_is_a_runtime_error(
    interpreter: Interpreter,
    rule: dict[str, Any],
) -> None:
    """A comparison that is reached and has no value to compare fails with States.Runtime."""
    with corrected():
        ended = _chosen(interpreter, rule)
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
    assert "The choice state's condition path references an invalid value." in str(ended.cause)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PRESENT, "no"),
        ({"Variable": "$.absent", "IsPresent": False}, "yes"),
        ({"Variable": "$.one", "IsPresent": True}, "yes"),
        ({"Variable": "$.one.deeper", "IsPresent": True}, "no"),
        ({"Variable": "$$.Absent", "IsPresent": False}, "yes"),
        ({"Variable": "$$.Execution.Id", "IsPresent": True}, "yes"),
        ({"Variable": "$.absent[0]", "IsPresent": True}, "no"),
        ({"And": [PRESENT, ABSENT]}, "no"),
        ({"And": [FALSE, ABSENT]}, "no"),
        ({"Or": [{"Not": PRESENT}, ABSENT]}, "yes"),
        ({"Or": [TRUE, ABSENT]}, "yes"),
        ({"And": [TRUE, {"Or": [TRUE, ABSENT]}]}, "yes"),
        ({"Not": {"And": [PRESENT, ABSENT]}}, "yes"),
    ],
    ids=str,
)
def test_a_rule_that_decides_ends_the_comparison(
    interpreter: Interpreter,
    rule: dict[str, Any],
    expected: str,
) -> None:
    """IsPresent is false of an absent variable; And and Or stop at what decides."""
    with corrected():
        assert _chosen(interpreter, rule).output == expected


def test_later_rules_are_not_looked_at(interpreter: Interpreter) -> None:
    """Rules after the one that matches may have absent variables; those before may not."""
    states = {
        "Choose": choice({**TRUE, "Next": "Yes"}, {**ABSENT, "Next": "No"}),
        "Yes": passing(Result="yes"),
        "No": passing(Result="no"),
    }
    with corrected():
        assert interpreter.run(states, {"one": 1}).output == "yes"
        assert interpreter.run(states, {"one": 2}).error == "States.Runtime"


UNMATCHED = {"Choose": choice({**FALSE, "Next": "Never"}), "Never": passing()}


def test_moto_has_no_name_for_no_match(interpreter: Interpreter) -> None:
    """In unpatched moto a Choice without a match and a Default fails with States.Runtime."""
    assert interpreter.run(UNMATCHED, {"one": 1}).error == "States.Runtime"


def test_no_match_has_a_name(interpreter: Interpreter) -> None:
    """A Choice without a match and a Default fails with States.NoChoiceMatched."""
    with corrected():
        assert interpreter.run(UNMATCHED, {"one": 1}).error == "States.NoChoiceMatched"


def test_no_match_inside_can_be_caught(interpreter: Interpreter) -> None:
    """A Parallel around it may catch States.NoChoiceMatched."""
    catch = [{"ErrorEquals": ["States.NoChoiceMatched"], "Next": "Caught"}]
    with corrected():
        states = {"Both": parallel(UNMATCHED, Catch=catch), "Caught": passing(Result="caught")}
        assert interpreter.run(states, {"one": 1}).output == "caught"
