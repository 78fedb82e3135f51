"""Every state is looked at, and nothing that is not a state machine breaks the look."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.local import asl

PASS = {"Type": "Pass", "End": True}
WAIT = {"Type": "Wait", "End": True}
FAIL = {"Type": "Fail"}
SEND = "arn:aws:states:::sqs:sendMessage"
TASK = {"Type": "Task", "Resource": SEND, "End": True}


def _machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


EQUAL = {"Variable": "$.a", "NumericEquals": 1}
INNER = _machine(Inner=PASS)
MAP = {"Type": "Map", "ItemProcessor": INNER, "End": True}
READER = {**MAP, "ItemProcessor": {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}}


def test_states_of_every_nesting_are_found() -> None:
    """Map (in its two spellings), Parallel, and what is within those."""
    machine = _machine(
        Map={"Type": "Map", "ItemProcessor": _machine(Deep={"Type": "Map", "Iterator": INNER})},
        Parallel={"Type": "Parallel", "Branches": [INNER, "no branch"]},
        Odd="no state",
    )
    assert [state.name for state in asl.states(machine)] == [
        "Map",
        "Deep",
        "Inner",
        "Parallel",
        "Inner",
    ]


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Choice", "Choices": [{**EQUAL, "Next": "Gone"}]},
        {"Type": "Choice", "Choices": [{**EQUAL, "Next": "Only"}], "Default": "Gone"},
        {**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Gone"}]},
        {"Type": "Pass", "Next": "Gone"},
    ],
)
def test_a_way_to_nowhere_is_found(state: dict[str, Any]) -> None:
    """Next, Default, Choices and Catch must name a state beside."""
    (problem,) = asl.problems(_machine(Only=state))
    assert "'Only'" in problem
    assert "'Gone'" in problem


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:lambda:us-west-2:123456789012:function:work",
        "arn:aws-us-gov:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::dynamodb:getItem",
        "arn:aws:states:::sns:publish",
        "arn:aws:states:::aws-sdk:s3:getObject",
    ],
)
def test_what_has_a_local_part_is_let_through(resource: str) -> None:
    """Lambda, SQS, Step Functions, DynamoDB, SNS, EventBridge; S3 and others by the SDK."""
    assert list(asl.problems(_machine(Only={**TASK, "Resource": resource}))) == []


@pytest.mark.parametrize("odd", [None, 1, "text", [], {}, {"States": []}, {"StartAt": "A"}])
def test_what_is_no_state_machine_is_said_to_be_none(odd: Any) -> None:
    """Whatever JSON holds is told as a problem, never as an exception."""
    assert "is not a state machine" in next(asl.problems(odd))


@pytest.mark.parametrize(
    "state",
    [
        {"Choices": 1, "Catch": "x", "Branches": {"a": 1}, "Next": 5},
        {"ItemProcessor": [], "Iterator": None},
        {"Type": "Task"},
        {"Type": "Task", "Resource": 5},
    ],
)
def test_odd_fields_break_nothing(state: dict[str, Any]) -> None:
    """Fields of a wrong type are the grammar's business; they raise nothing here."""
    list(asl.problems(_machine(Only=state)))


DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
ACTIVITY = "arn:aws:states:us-west-2:123456789012:activity:by-hand"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({**MAP, "ItemBatcher": {"MaxItemsPerBatch": 2}}, "ItemBatcher"),
        ({**MAP, "ToleratedFailureCount": 2}, "ToleratedFailureCount"),
        ({**MAP, "ToleratedFailureCountPath": "$.n"}, "ToleratedFailureCountPath"),
        ({**MAP, "ToleratedFailurePercentage": 2}, "ToleratedFailurePercentage"),
        ({**MAP, "ToleratedFailurePercentagePath": "$.n"}, "FailurePercentagePath"),
        ({**MAP, "ItemProcessor": {**_machine(One=PASS), **DISTRIBUTED}}, "EXPRESS"),
        ({**MAP, "ResultWriter": {"WriterConfig": {}}}, "WriterConfig"),
        ({**TASK, "Resource": ACTIVITY}, "the activity 'by-hand'"),
    ],
    ids=str,
)
def test_what_cannot_run_here_is_refused_by_name(state: dict[str, Any], words: str) -> None:
    """What moto cannot run names the state and the feature, and says what to do."""
    (problem,) = asl.problems(_machine(Only=state))
    assert "'Only'" in problem
    assert words in problem
    assert "to try the rest" in problem


def test_an_outer_variable_is_not_assigned_inside() -> None:
    """Step Functions refuses a state that assigns a variable of an outer scope."""
    inner = _machine(Inner={**PASS, "Assign": {"x": 1}})
    (problem,) = asl.problems(
        _machine(
            Outer={"Type": "Pass", "Assign": {"x": 1}, "Next": "Each"},
            Each={**MAP, "ItemProcessor": inner},
        ),
    )
    assert "'Inner' assign the variable 'x'" in problem


@pytest.mark.parametrize(
    "state",
    [
        {**PASS, "ResultPath": "$.a[*]"},
        {**PASS, "ResultPath": "$.a[?(@.x==1)]"},
        {**PASS, "ResultPath": "$..a"},
        {**PASS, "ResultPath": "$$.Execution.Name"},
        {**MAP, "ItemsPath": "$.a[0:2]"},
        {**MAP, "ItemsPath": "$$.Execution.Input.a[*]"},
        {**TASK, "TimeoutSecondsPath": "$.a['x','y'].b"},
        {**WAIT, "SecondsPath": "$.a[0,1]"},
        {**FAIL, "CausePath": "$.a.*"},
        {**READER, "ItemReader": {"ReaderConfig": {"InputType": "MANIFEST"}}},
        {**READER, "ItemReader": {"ReaderConfig": {"InputType": "PARQUET"}}},
        {**READER, "ItemReader": {"ReaderConfig": {"InputType": "CSV"}}},
        {**READER, "ItemReader": {"ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a"}}},
        {
            **READER,
            "ItemReader": {
                "ReaderConfig": {
                    "InputType": "CSV",
                    "CSVHeaderLocation": "FIRST_ROW",
                    "CSVDelimiter": "PIPE",
                },
            },
        },
    ],
)
def test_a_wrong_field_is_found(state: dict[str, Any]) -> None:
    """Reference paths identify one node; readers that are not here are refused by name."""
    (problem,) = asl.problems(_machine(Only=state))
    assert "'Only'" in problem
    field = list(state)[-1]
    assert field.removesuffix("Reader") in problem or "Reader" in problem


@pytest.mark.parametrize(
    "state",
    [
        {**PASS, "ResultPath": "$.a[0].b"},
        {**PASS, "ResultPath": "$"},
        {**PASS, "ResultPath": None},
        {**MAP, "ItemsPath": "$$.Execution.Input.a"},
        {**FAIL, "ErrorPath": "States.Format('{}', $.a[*])"},
        {**WAIT, "SecondsPath": "$seconds"},
        {**READER, "ItemReader": {"ReaderConfig": {"InputType": "JSONL"}}},
        {**READER, "ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2"}},
    ],
)
def test_a_right_field_is_let_through(state: dict[str, Any]) -> None:
    """Names and single indices, the context object, variables, intrinsic functions."""
    assert not list(asl.problems(_machine(Only=state)))
