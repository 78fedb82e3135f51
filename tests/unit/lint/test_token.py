"""Where a token may travel, as the linter sees it: each place against the carriers' own code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cirrus_callbacks_plugin.carriers.message import take
from support.linted import JSONATA_TOKEN, attribute, findings, jsonata, machine, of, send

TOKEN = "AQCEAAAAKgAAAAMAAAAAAAAAAZ"
PATH = "$$.Task.Token"
CALLBACK = {"task_token.$": PATH}
BODIES: list[tuple[Any, Any]] = [
    (None, attribute()),
    (None, {"cirrus-task-token": {"StringValue.$": PATH}}),
    (None, {"cirrus_task_token": {"DataType": "String", "StringValue.$": PATH}}),
    (None, {"cirrus-task-token": {"DataType": "String", "BinaryValue.$": PATH}}),
    ({"process": [{"callback": CALLBACK}]}, None),
    ({"process": {"callback": CALLBACK}}, None),
    ({"process": [{"callback": {"token.$": PATH}}]}, None),
    ({"process": [{"callback.$": PATH}]}, None),
    ({"process": [{}, {"callback": CALLBACK}]}, None),
    ({"process": [{}, [{"callback": CALLBACK}]]}, None),
    ({"url": "s3://b/k", "callback": CALLBACK}, None),
    ({"join": {"members": []}, "callback": CALLBACK}, None),
    ({"callback": CALLBACK}, None),
    ({"Payload": {}, "TaskToken.$": PATH}, None),
    ({"Payload": {"process": [{"callback": CALLBACK}]}}, None),
    ({"Payload": {"url": "s3://b/k", "callback": CALLBACK}, "TaskToken": "other"}, None),
    ({"Payload": {"Payload": {}, "TaskToken.$": PATH}, "TaskToken": "other"}, None),
    ({"TaskToken.$": PATH}, None),
    ({"input": {}, "token.$": PATH}, None),
    ({"Payload": {"TaskToken.$": PATH}}, None),
]


def _sent(value: Any) -> Any:
    """What Step Functions makes of parameters."""
    if isinstance(value, dict):
        return {
            name.removesuffix(".$"): TOKEN if each == PATH else _sent(each)
            for name, each in value.items()
        }
    return [_sent(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("body", "attributes"), BODIES)
def test_the_linter_and_the_product_agree(body: Any, attributes: Any) -> None:
    """The linter accepts a place exactly where the product finds the token of that message.

    An attribute without DataType is refused by SQS itself, before the product.
    """
    record = {
        "body": json.dumps(_sent(body or {})),
        "messageAttributes": {
            name: {key[:1].lower() + key[1:]: each for key, each in value.items()}
            for name, value in (_sent(attributes) or {}).items()
            if "DataType" in value
        },
    }
    is_read = any(each.task_token == TOKEN for each in take(record).callbacks)
    assert (not of("token", send(body, attributes))) is is_read


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"process": [{}, {"callback": CALLBACK}]}, "only process[0] is waited for"),
        ({"process": [{}, [{"callback": CALLBACK}]]}, "only process[0] is waited for"),
        ({"process": [{"callback.$": PATH}]}, 'write {"task_token": ...}'),
        ({"process": [{"callback": {"token.$": PATH}}]}, "its key is 'task_token'"),
        ({"callback": CALLBACK}, "beside 'url' alone"),
        ({"TaskToken.$": PATH}, "beside 'Payload' alone"),
    ],
)
def test_what_is_wrong_is_told(body: Any, words: str) -> None:
    """Each slip has its own remedy."""
    (found,) = of("token", send(body))
    assert words in f"{found.problem.message}: {found.problem.fix}"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"MessageBody": "{}", "MessageAttributes": attribute(JSONATA_TOKEN, "StringValue")}, ""),
        ({"MessageBody": {"Payload": {}, "TaskToken": JSONATA_TOKEN}}, ""),
        ({"MessageBody": "{% $merge([{'TaskToken': $states.context.Task.Token}]) %}"}, ""),
        ({"MessageBody": {"Payload": {}, "TaskToken": PATH}}, "is sent as that text"),
        ({"MessageBody": {"token": JSONATA_TOKEN}}, "does not read it"),
        ({"MessageBody": "{% $states.input %}"}, "never sends"),
    ],
)
def test_jsonata(arguments: dict[str, Any], problem: str) -> None:
    """A token of JSONata is found by its expression, which must stand in ``{% %}``."""
    found = of("token", jsonata(arguments))
    assert [problem in each.problem.message for each in found] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"MessageBody.$": "States.JsonMerge($, States.StringToJson($$.Task.Token), false)"}, ""),
        ({"MessageBody": {"process.$": "States.Array($.p, $$.Task.Token)"}}, ""),
        ({"MessageBody": {"Payload": {}, "TaskToken": PATH}}, "as that text"),
        ({"MessageBody": {"Payload": {}, "TaskToken.$": JSONATA_TOKEN}}, "JSONata"),
        ({"MessageBody": {"Payload": {}, "TaskToken": JSONATA_TOKEN}}, "as that text"),
        ({"MessageBody": {"a.$": "$$.Task"}}, "does not read it"),
        ({"MessageBody": {"a.$": "$$"}}, "does not read it"),
        ({"MessageBody.$": "$"}, "never sends"),
        ({"MessageBody.$": "$", "MessageGroupId.$": PATH}, "not a part of the message"),
        ({"MessageBody.$": "$", "MessageAttributes": {"cirrus-task-tokn": attribute()}}, "mean"),
    ],
)
def test_jsonpath(parameters: dict[str, Any], problem: str) -> None:
    """Intrinsic functions that build a carrier's place are believed; slips are named."""
    given = {"QueueUrl": "${process_queue_url}", **parameters}
    found = of("token", send(Parameters=given))
    told = [f"{each.problem.message} {each.problem.fix}" for each in found]
    assert [problem in text for text in told] == ([True] if problem else [])


def test_a_wrong_data_type_is_named() -> None:
    """SQS takes a token as a String alone."""
    attributes = {"cirrus-task-token": {"DataType": "Number", "StringValue.$": PATH}}
    (found,) = of("token", send(None, attributes))
    assert "DataType 'Number'" in found.problem.message


def test_attributes_that_are_filled_in_later_are_believed() -> None:
    """``${jsonencode(...)}`` may hold the token."""
    text = json.dumps(send(None, "LATER")).replace('"LATER"', "${jsonencode(attributes)}")
    assert of("token", text) == []


def test_a_second_mention_does_no_harm() -> None:
    """One carrier that is read is enough."""
    assert of("token", send({"note.$": PATH}, attribute())) == []


@pytest.mark.parametrize(
    "queue",
    [
        "${process_queue_url}",
        "${CIRRUS_PROCESS_QUEUE_URL}",
        "https://sqs.us-west-2.amazonaws.com/123456789012/fd-prod-cirrus-process",
        "${aws_sqs_queue.process.url}",
        "${ProcessQueue}",
        "${ProcessQueueUrl}",
        "${process_bulk_queue_url}",
        "${ProcessQueue4E7FB1D2}",
        "${ProcessQueue4E7FB1D2.QueueName}",
        "${process_queue_url.Arn}",
    ],
)
def test_the_process_queue_is_known_by_its_name(queue: str) -> None:
    """A message to it must carry a token."""
    made = send(Parameters={"QueueUrl": queue, "MessageBody": {"token.$": PATH}})
    assert of("token", made)


@pytest.mark.parametrize(
    "queue",
    ["${approval_queue_url}", "https://sqs.eu-west-1.amazonaws.com/1/order-processing", "${q}"],
)
def test_a_wait_for_something_else_is_passed_over(queue: str) -> None:
    """Another queue and no carrier: none of the linter's business."""
    made = send(
        Parameters={"QueueUrl": queue, "MessageBody": {"token.$": PATH}},
        TimeoutSeconds=None,
    )
    assert findings(made) == []
    assert of("token", made, queues=(queue[-5:],))


def test_a_carrier_makes_any_queue_ours() -> None:
    """The one who writes ``cirrus-task-token`` means this product."""
    made = send(
        Parameters={"QueueUrl": "${q}", "MessageBody": "{}", "MessageAttributes": attribute()},
        TimeoutSeconds=None,
    )
    assert of("timeout", made)


def test_no_token_at_all_is_an_error_in_any_queue() -> None:
    """Nobody can answer, by whatever it is read; but nothing else is said of another's queue."""
    made = send(Parameters={"QueueUrl": "${q}", "MessageBody": "{}"}, TimeoutSeconds=None)
    assert [each.rule.id for each in findings(made)] == ["token"]


def test_topics_and_functions_carry_tokens_too() -> None:
    """SNS in front of the queue (0.7), and ``process`` invoked directly (0.15 on)."""
    sns = "arn:aws:states:::sns:publish.waitForTaskToken"
    topic = {"TopicArn": "${process_topic_arn}", "Message.$": "$"}
    assert of("token", send(Resource=sns, Parameters=topic))
    assert not of(
        "token",
        send(Resource=sns, Parameters={**topic, "MessageAttributes": attribute()}),
    )
    invoke = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    event = {"process": [{"callback": CALLBACK}]}
    function = {"FunctionName": "${prefix}-process", "Payload": event}
    assert not of("token", send(Resource=invoke, Parameters=function))
    function = {**function, "Payload": {"input.$": "$"}}
    (found,) = of("token", send(Resource=invoke, Parameters=function))
    assert "Payload.process[0].callback.task_token" in found.problem.fix


def test_the_context_object_in_a_task_that_does_not_wait_is_no_token() -> None:
    """``$$`` is often sent for its execution."""
    parameters = {"QueueUrl": "${process_queue_url}", "MessageBody": {"context.$": "$$"}}
    made = send(Parameters=parameters, Resource="arn:aws:states:::sqs:sendMessage")
    assert findings(made) == []


def test_parameters_that_are_filled_in_later_are_passed_over() -> None:
    """Nothing can be said of them."""
    text = json.dumps(machine(Wait={**send()["States"]["Wait"], "Parameters": "LATER"}))
    assert findings(text.replace('"LATER"', "${jsonencode(p)}")) == []


@pytest.mark.parametrize(
    "resource",
    [
        "${SQSSendMessageAction}",
        "${Action}.waitForTaskToken",
        "arn:${AWS::Partition}:states:::sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:::sqs:sendMessage${Pattern}",
        "arn:aws:states:::sqs:sendMessage.${Pattern}",
        "arn:aws:states:::${Service}.waitForTaskToken",
        "SEND_AND_WAIT",
    ],
)
@pytest.mark.parametrize("is_jsonata", [False, True])
def test_a_carrier_makes_a_wait_of_any_resource(resource: str, is_jsonata: bool) -> None:
    """A token that travels in a carrier of ours is waited for, whatever the resource is called."""
    if is_jsonata:
        given = {"MessageBody": "{}", "MessageAttributes": attribute(JSONATA_TOKEN, "StringValue")}
        made = jsonata(given, Resource=resource, TimeoutSeconds=None)
    else:
        made = send(None, attribute(), Resource=resource, TimeoutSeconds=None)
    assert of("timeout", made)
    assert of("not-waiting", made) == []


@pytest.mark.parametrize(
    ("parameters", "is_ours"),
    [
        ({"TopicArn": "${Topic}", "Message": {}, "MessageAttributes": attribute()}, True),
        ({"FunctionName": "${F}", "Payload": {"process": [{"callback": CALLBACK}]}}, True),
        ({"FunctionName": "${F}", "Payload": {"TaskToken.$": PATH, "Payload": {}}}, False),
        ({"QueueUrl": "${Q}", "MessageBody": {"Payload": {}, "TaskToken.$": PATH}}, True),
        ({"QueueUrl": "${Q}", "MessageBody": {"token.$": PATH}}, False),
        ({"QueueUrl": "${ProcessQueueUrl}", "MessageBody": {"a": 1}}, False),
    ],
)
def test_whose_wait_it_is_when_the_resource_does_not_tell(
    parameters: dict[str, Any],
    is_ours: bool,
) -> None:
    """The parameters tell which service it is; without a carrier it is left alone."""
    made = send(Parameters=parameters, Resource="${Action}", TimeoutSeconds=None)
    assert bool(of("timeout", made)) is is_ours


def test_a_resource_that_is_known_to_end_otherwise_does_not_wait() -> None:
    """Only what is filled in later may bring the suffix."""
    assert of("not-waiting", send(None, attribute(), Resource="${Prefix}:sendMessage"))


def test_a_token_in_an_object_that_jsonata_constructs() -> None:
    """The same message, written in one expression."""
    body = "{% {'Payload': $states.input.child, 'TaskToken': $states.context.Task.Token} %}"
    made = jsonata({"QueueUrl": "${q}", "MessageBody": body}, TimeoutSeconds=None)
    assert of("timeout", made)
    assert of("token", made) == []


def test_a_token_beside_a_join_is_read() -> None:
    """A join request is carried as a reference is."""
    made = {"join": {"members": ["a/workflow-b/c"]}, "callback": CALLBACK}
    assert of("token", send(made)) == []
