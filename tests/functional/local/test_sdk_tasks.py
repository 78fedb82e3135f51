"""Tasks by AWS's SDK: parameters and errors; ``..._moto_...`` fails once moto has mended it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local import asl
from cirrus_callbacks_plugin.local.moto_corrections.corrected import ALL, corrected
from cirrus_callbacks_plugin.local.moto_corrections.sdk_tasks import (
    ERROR_PREFIXES,
    call_every_local_service,
    check_parameters_of_the_sdk,
    name_errors_of_the_sdk,
)
from cirrus_callbacks_plugin.local.task_calls import LOCAL_SDK_SERVICES

if TYPE_CHECKING:
    from support.interpreter import Interpreter, Outcome

ARN = "arn:aws:{}:us-west-2:123456789012:{}"
ABSENT = {
    "dynamodb": ("describeTable", {"TableName": "absent"}, "DynamoDb.ResourceNotFoundException"),
    "eventbridge": ("describeRule", {"Name": "absent"}, "EventBridge.ResourceNotFoundException"),
    "s3": ("getObject", {"Bucket": "absent", "Key": "k"}, "S3.NoSuchBucketException"),
    "sfn": (
        "describeStateMachine",
        {"StateMachineArn": ARN.format("states", "stateMachine:absent")},
        "Sfn.StateMachineDoesNotExistException",
    ),
    "sns": (
        "getTopicAttributes",
        {"TopicArn": ARN.format("sns", "absent")},
        "Sns.NotFoundException",
    ),
    "sqs": ("getQueueUrl", {"QueueName": "absent"}, "Sqs.QueueDoesNotExistException"),
}


def task(service: str, action: str, parameters: Any, **fields: Any) -> dict[str, Any]:
    """A task by AWS's SDK."""
    resource = f"arn:aws:states:::aws-sdk:{service}:{action}"
    return {
        "Type": "Task",
        "Resource": resource,
        "Parameters": parameters,
        "End": True,
        **fields,
    }


def outcome(interpreter: Interpreter, service: str, **fields: Any) -> Outcome:
    """What becomes of a call for what is not there."""
    action, parameters, _ = ABSENT[service]
    states = {"Only": task(service, action, parameters, **fields), "Caught": {"Type": "Succeed"}}
    return interpreter.run(states)


def without(correction: Any) -> Any:
    """Moto with every correction but one."""
    return corrected(corrections=tuple(each for each in ALL if each is not correction))


def test_every_service_has_its_case() -> None:
    """A service that gets a local part gets a prefix and a case."""
    assert ABSENT.keys() == ERROR_PREFIXES.keys() == LOCAL_SDK_SERVICES


def test_moto_does_not_call_eventbridge(interpreter: Interpreter) -> None:
    """Unpatched moto looks for a client by the resource's name."""
    with without(call_every_local_service):
        assert "Unknown service" in str(outcome(interpreter, "eventbridge").cause)


@pytest.mark.parametrize("service", sorted(LOCAL_SDK_SERVICES - {"dynamodb", "sfn"}))
def test_moto_names_services_in_lower_case(interpreter: Interpreter, service: str) -> None:
    """In unpatched moto no Catch of the names that AWS documents matches."""
    with without(name_errors_of_the_sdk):
        assert outcome(interpreter, service).error != ABSENT[service][2]


@pytest.mark.parametrize("service", sorted(LOCAL_SDK_SERVICES))
def test_errors_have_the_names_of_aws(interpreter: Interpreter, service: str) -> None:
    """A Catch matches the documented name, and the cause names the service the same way."""
    catch = {"Catch": [{"ErrorEquals": [ABSENT[service][2]], "Next": "Caught"}]}
    with corrected():
        caught = outcome(interpreter, service, **catch)
    assert caught.output["Error"] == ABSENT[service][2]
    assert f"(Service: {ERROR_PREFIXES[service]}, Status Code: 4" in caught.output["Cause"]


@pytest.mark.parametrize(
    ("action", "parameters", "error"),
    [
        ("headObject", {"Bucket": "there", "Key": "absent"}, "S3.NoSuchKeyException"),
        ("headBucket", {"Bucket": "absent"}, "S3.NoSuchBucketException"),
        ("getObject", {"Bucket": "there", "Key": "absent"}, "S3.NoSuchKeyException"),
        ("getBucketPolicy", {"Bucket": "there"}, "S3.S3Exception"),
    ],
)
def test_errors_that_an_api_does_not_describe(
    interpreter: Interpreter, action: str, parameters: dict[str, str], error: str
) -> None:
    """They have the service's own name, or that of AWS's SDK for Java."""
    there = {"Bucket": "there", "CreateBucketConfiguration": {"LocationConstraint": "us-west-2"}}
    states = {
        "Make": task("s3", "createBucket", there, Next="Only", End=False),
        "Only": task("s3", action, parameters),
    }
    with corrected():
        assert interpreter.run(states).error == error


MADE = {"Arguments": "{% {'Bucket': 'b', 'Key': 'k', 'Nope': 1} %}"}
LACKING = {"Arguments": "{% {'Bucket': 'b'} %}"}


def _made(interpreter: Interpreter, **fields: Any) -> Outcome:
    state = {**task("s3", "getObject", None), **fields, "QueryLanguage": "JSONata"}
    del state["Parameters"]
    return interpreter.run({"Only": state})


def test_moto_calls_with_any_parameters(interpreter: Interpreter) -> None:
    """In unpatched moto the cause is what the client's code stumbled over."""
    with without(check_parameters_of_the_sdk):
        assert "Step Functions" not in str(_made(interpreter, **MADE).cause)


def test_parameters_that_an_api_does_not_take_fail_the_task(interpreter: Interpreter) -> None:
    """What an expression makes is judged before the call, and the cause says what is wrong."""
    with corrected():
        made, lacking = _made(interpreter, **MADE), _made(interpreter, **LACKING)
    assert (made.error, lacking.error) == ("States.Runtime", "States.Runtime")
    assert "'Nope' is not supported by Step Functions" in str(made.cause)
    assert "'Key' is required but was missing" in str(lacking.cause)


STATES = "arn:aws:states:::"
TEXT = {"Type": "Task", "End": True}


@pytest.mark.parametrize(
    ("resource", "parameters", "says"),
    [
        ("aws-sdk:s3:nope", {}, "the action 'nope', which aws-sdk:s3 has not"),
        ("aws-sdk:s3:getObjet", {}, "did you mean getObject?"),
        ("aws-sdk:s3:GetObject", {}, "did you mean getObject?"),
        ("aws-sdk:s3:get_object", {}, "did you mean getObject?"),
        ("aws-sdk:s3", {}, "the action ''"),
        ("aws-sdk:s3:getObject.sync", {}, "ending .sync"),
        ("aws-sdk:s3:getObject", {"Nope": 1}, "Parameters/Nope, which aws-sdk:s3:getObject"),
        ("aws-sdk:s3:getObject", {"bucket.$": "$.b"}, "Parameters/bucket"),
        ("aws-sdk:sfn:describeExecution", {"executionArn": "x"}, "ExecutionArn"),
        (
            "aws-sdk:eventbridge:putEvents",
            {"Entries": [{"Source": "x"}, {"Sauce": "x"}]},
            "Parameters/Entries/Sauce",
        ),
        ("sqs:sendMessag", {}, "it has sendMessage"),
        ("sqs:receiveMessage", {}, "aws-sdk:sqs:receiveMessage may be what you mean"),
        ("sqs:sendMessage.sync", {}, "it takes .waitForTaskToken"),
        ("sqs:sendMessage.waitForTasktoken", {}, "ending .waitForTasktoken"),
        ("sqs:sendMessage", {"Body": "x"}, "Parameters/Body"),
        (
            "sqs:sendMessage",
            {"MessageAttributes": {"a": {"Kind": "String"}}},
            "Parameters/MessageAttributes/a/Kind",
        ),
        ("dynamodb:query", {}, "aws-sdk:dynamodb:query may be"),
        ("dynamodb:getItem.waitForTaskToken", {}, "it takes no ending"),
        ("states:startExecution.sync:3", {}, "ending .sync:3"),
        ("states:startExecution", {"StateMachine": "x"}, "Parameters/StateMachine"),
        ("lambda:invoke", {"Function": "x"}, "Parameters/Function"),
    ],
)
def test_calls_that_there_are_not_are_refused(
    resource: str, parameters: dict[str, Any], says: str
) -> None:
    """Actions, endings and parameters are known before anything starts."""
    state = {**TEXT, "Resource": STATES + resource, "Parameters": parameters}
    (problem,) = asl.problems({"StartAt": "Only", "States": {"Only": state}})
    assert "'Only'" in problem
    assert says in problem


@pytest.mark.parametrize(
    ("resource", "parameters"),
    [
        ("aws-sdk:s3:putObject", {"Bucket": "b", "Key.$": "$.k", "Body": {"any": 1}, "Acl": "x"}),
        (
            "aws-sdk:dynamodb:putItem.waitForTaskToken",
            {"TableName": "t", "Item": {"a": {"S": "x"}, "b": {"Nul": True}, "c": {"Bool": True}}},
        ),
        ("dynamodb:putItem", {"TableName": "t", "Item": {"a": {"M": {"b": {"BOOL": True}}}}}),
        ("lambda:invoke", {"FunctionName": "f", "Payload": {"any": {"thing": 1}}}),
        ("states:startExecution.sync:2", {"StateMachineArn": "m", "Input": {"any": 1}}),
        ("events:putEvents", {"Entries": [{"Detail": {"any": 1}, "DetailType": "x"}]}),
        ("sns:publish", {"Message": {"any": 1}, "TopicArn": "t"}),
        (
            "sqs:sendMessage",
            {"MessageAttributes": {"a": {"StringValue.$": "$$.Task.Token", "DataType": "String"}}},
        ),
    ],
)
def test_calls_that_there_are_are_let_through(resource: str, parameters: dict[str, Any]) -> None:
    """Values of any JSON, names as Step Functions spells them."""
    state = {**TEXT, "Resource": STATES + resource, "Parameters": parameters}
    assert list(asl.problems({"StartAt": "Only", "States": {"Only": state}})) == []
    jsonata = {**TEXT, "Resource": STATES + resource, "Arguments": "{% $states.input %}"}
    definition = {"StartAt": "Only", "States": {"Only": jsonata}, "QueryLanguage": "JSONata"}
    assert list(asl.problems(definition)) == []
