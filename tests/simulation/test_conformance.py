"""The fake answers as moto does, call by call, errors included."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from simulation.batch_scenarios import batch_join_scenarios, batch_scenarios
from simulation.clock import START
from simulation.fake_aws import client as fake_client
from simulation.fake_aws.client import handle_with, installed
from simulation.fake_aws.dynamodb import DynamoDB, Table
from simulation.fake_aws.errors import NotCovered
from simulation.fake_aws.expressions import condition, update
from simulation.fake_aws.queue import Bucket, Queue, Topic
from simulation.fake_aws.stepfunctions import StepFunctions
from simulation.join_scenarios import join_scenarios
from simulation.scenario import larger_scenarios
from simulation.search import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    Answers = dict[str, Any]
    Calls = list[tuple[str, str, Answers]]
    Clients = Callable[[str], Any]

NAMES = parts.Names("sim", "us-west-2", "123456789012")
MOST_BYTES = 2048
MACHINE = NAMES.state_machine_arn("child")
EXECUTION = MACHINE.replace(":stateMachine:", ":execution:")
WAITS_FOR_A_TOKEN = json.dumps(
    {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "TimeoutSeconds": 60,
                "Parameters": {
                    "QueueUrl": NAMES.process_queue_url,
                    "MessageBody.$": "$$.Task.Token",
                },
                "Next": "B",
            },
            "B": {"Type": "Wait", "Seconds": 60, "End": True},
        },
    },
)
"""Waits for a token, and runs on once it has been answered."""


def _key(item: str = "a") -> Answers:
    return {"collections_workflow": {"S": "scenes_child"}, "itemids": {"S": item}}


_PROJECTION = {
    "ProjectionExpression": "collections_workflow, itemids, state_updated, executions, last_error"
}


def _row(token: str = "t1", **more: Any) -> Answers:  # noqa: S107 - a test's token
    return {
        "payload_id": {"S": "p1"},
        "task_token": {"S": token},
        "workflow_state": {"S": "PROCESSING"},
        "registered_at": {"S": "2024-06-01T12:00:00.000000+00:00"},
        "waiting": {"S": "0"},
        **more,
    }


def _statement(text: str, *values: str, token: str = "t1") -> Answers:  # noqa: S107
    """A statement on a row; each question mark before WHERE has one of the values."""
    first = text.partition(" WHERE ")[0].count("?")
    given = [{"S": each} for each in values]
    key = [{"S": "p1"}, {"S": token}]
    return {
        "Statement": text,
        "Parameters": [*given[:first], *key, *given[first:]],
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


_KEY = '"payload_id"=? AND "task_token"=?'
_SETTLE = f'WHERE {_KEY} AND "settled_at" IS MISSING AND "answered_at" IS MISSING'
_MARK = f'UPDATE "sim-callbacks" SET "answered_at"=? SET "answer"=? REMOVE "waiting" WHERE {_KEY}'  # noqa: S608
_TELL = (
    f'UPDATE "sim-callbacks" SET "answer"=? SET "told_at"=? WHERE {_KEY} AND "expiration_time" '  # noqa: S608
    'IS NOT MISSING AND "member_payload_id" IS NOT MISSING AND "answer" IS MISSING'
)
BATCHES: Calls = [
    (
        "dynamodb",
        "put_item",
        {"TableName": "sim-callbacks", "Item": _row(token, execution_arn={"S": "arn:noted"})},
    )
    for token in ("t1", "t2")
]
BATCHES += [
    (
        "dynamodb",
        "batch_execute_statement",  # WaitsTable.settle_all; t3 is not there
        {
            "Statements": [
                _statement(
                    f'UPDATE "sim-callbacks" SET "settled_at"=? SET "workflow_state"=? {_SETTLE}',  # noqa: S608
                    "now",
                    "FAILED",
                    token=token,
                )
                for token in ("t1", "t3")
            ]
            + [
                _statement(
                    'UPDATE "sim-callbacks" SET "settled_at"=? SET "workflow_state"=? '  # noqa: S608
                    f'REMOVE "execution_arn" {_SETTLE}',
                    "now",
                    "FAILED",
                    token="t2",
                )
            ],
        },
    ),
    *(
        (
            "dynamodb",
            "batch_execute_statement",  # WaitsTable.mark_all: stale, and what outranks it
            {
                "Statements": [
                    _statement(f'{_MARK} AND "answer" IS MISSING', "now", "stale", token="t1"),
                    _statement(
                        f'{_MARK} AND ("answer" IS MISSING OR "answer"=?)',
                        "now",
                        "success",
                        "stale",
                        token=token,
                    ),
                ],
            },
        )
        for token in ("t2", "t3")
    ),
    (
        "dynamodb",
        "batch_execute_statement",
        {
            "Statements": [
                _statement(
                    f'{_MARK} AND ("answer" IS MISSING OR "answer"=?)', "later", "failure", "stale"
                )
            ]
        },
    ),
    *(
        (
            "dynamodb",
            "put_item",
            {
                "TableName": "sim-callbacks",
                "Item": {
                    "payload_id": {"S": "p1"},
                    "task_token": {"S": token},
                    "member_payload_id": {"S": "m"},
                    **more,
                },
            },
        )
        for token, more in (("m1", {"expiration_time": {"N": "1"}}), ("m2", {}))
    ),
    (
        "dynamodb",
        "batch_execute_statement",  # JoinsTable.tell_all
        {"Statements": [_statement(_TELL, "success", "now", token=t) for t in ("m1", "m2", "m3")]},
    ),
    (
        "dynamodb",
        "batch_execute_statement",  # one row twice
        {"Statements": [_statement(_TELL, "failure", "now", token="m1")] * 2},
    ),
    (
        "dynamodb",
        "batch_execute_statement",  # 26 statements
        {
            "Statements": [
                _statement(_TELL, "failure", "now", token=f"m{each}") for each in range(26)
            ]
        },
    ),
    (
        "dynamodb",
        "query",
        {
            "TableName": "sim-callbacks",
            "ConsistentRead": True,
            "KeyConditionExpression": "payload_id = :payload_id",
            "ExpressionAttributeValues": {":payload_id": {"S": "p1"}},
        },
    ),
]

# The product's and cirrus's calls, in the shapes in which they make them. Each list is made
# from first to last on one deployment, so later calls meet what earlier ones left.
DYNAMODB: Calls = [
    ("dynamodb", "get_item", {"TableName": "sim-state", "Key": _key(), "ConsistentRead": True}),
    (
        "dynamodb",
        "get_item",
        {"TableName": "sim-state", "Key": _key(), "ConsistentRead": True, **_PROJECTION},
    ),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"sim-state": {"Keys": [_key()], "ConsistentRead": True, **_PROJECTION}}},
    ),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"sim-state": {"Keys": [_key()], "ConsistentRead": True}}},
    ),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"sim-state": {"Keys": [_key(), _key()]}}},
    ),
    (
        "dynamodb",
        "update_item",  # StateDB.claim_processing
        {
            "TableName": "sim-state",
            "Key": _key(),
            "UpdateExpression": (
                "SET created = if_not_exists(created, :created), state_updated=:state_updated, "
                "updated=:updated, claimed_at=:updated, "
                "executions = list_append(if_not_exists(executions, :empty_list), :exes) "
                "REMOVE last_error, outputs"
            ),
            "ConditionExpression": (
                "NOT (begins_with(state_updated, :proc) or begins_with(state_updated, :claim))"
            ),
            "ExpressionAttributeValues": {
                ":created": {"S": "c"},
                ":state_updated": {"S": "CLAIMED_1"},
                ":updated": {"S": "u"},
                ":proc": {"S": "PROCESSING"},
                ":claim": {"S": "CLAIMED"},
                ":exes": {"L": [{"S": "arn:1"}]},
                ":empty_list": {"L": []},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "dynamodb",
        "update_item",  # StateDB.set_processing
        {
            "TableName": "sim-state",
            "Key": _key(),
            "UpdateExpression": "SET state_updated=:state_updated, updated=:updated",
            "ConditionExpression": "begins_with(state_updated, :claim)",
            "ExpressionAttributeValues": {
                ":state_updated": {"S": "PROCESSING_2"},
                ":updated": {"S": "u"},
                ":claim": {"S": "CLAIMED"},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "dynamodb",
        "update_item",  # StateDB.set_succeeded and set_aborted
        {
            "TableName": "sim-state",
            "Key": _key(),
            "UpdateExpression": (
                "SET created = if_not_exists(created, :created), state_updated=:state_updated, "
                "updated=:updated"
            ),
            "ExpressionAttributeValues": {
                ":created": {"S": "c"},
                ":state_updated": {"S": "SUCCEEDED_3"},
                ":updated": {"S": "u"},
            },
        },
    ),
    (
        "dynamodb",
        "update_item",  # StateDB.set_failed
        {
            "TableName": "sim-state",
            "Key": _key(),
            "UpdateExpression": (
                "SET created = if_not_exists(created, :created), state_updated=:state_updated, "
                "updated=:updated, last_error=:last_error"
            ),
            "ExpressionAttributeValues": {
                ":created": {"S": "c"},
                ":state_updated": {"S": "FAILED_3"},
                ":updated": {"S": "u"},
                ":last_error": {"S": "it broke"},
            },
        },
    ),
    ("dynamodb", "get_item", {"TableName": "sim-state", "Key": _key(), "ConsistentRead": True}),
    (
        "dynamodb",
        "get_item",
        {"TableName": "sim-state", "Key": _key(), "ConsistentRead": True, **_PROJECTION},
    ),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"sim-state": {"Keys": [_key()], "ConsistentRead": True, **_PROJECTION}}},
    ),
    (
        "dynamodb",
        "put_item",  # WaitsTable.register
        {
            "TableName": "sim-callbacks",
            "Item": _row(),
            "ConditionExpression": "attribute_not_exists(payload_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "dynamodb",
        "query",  # WaitsTable.open_rows
        {
            "TableName": "sim-callbacks",
            "ConsistentRead": True,
            "KeyConditionExpression": "payload_id = :payload_id",
            "FilterExpression": (
                "attribute_not_exists(settled_at) AND attribute_not_exists(answered_at)"
            ),
            "ExpressionAttributeValues": {":payload_id": {"S": "p1"}},
        },
    ),
    (
        "dynamodb",
        "query",  # WaitsTable.waiting
        {
            "TableName": "sim-callbacks",
            "IndexName": "waiting",
            "KeyConditionExpression": "waiting = :shard",
            "ExpressionAttributeValues": {":shard": {"S": "0"}},
        },
    ),
    (
        "dynamodb",
        "update_item",  # WaitsTable.settle
        {
            "TableName": "sim-callbacks",
            "Key": {"payload_id": {"S": "p1"}, "task_token": {"S": "t1"}},
            "UpdateExpression": "SET #0 = :0, #1 = :1",
            "ConditionExpression": (
                "attribute_exists(payload_id) AND attribute_not_exists(settled_at)"
                " AND attribute_not_exists(answered_at)"
            ),
            "ExpressionAttributeNames": {"#0": "settled_at", "#1": "workflow_state"},
            "ExpressionAttributeValues": {":0": {"S": "now"}, ":1": {"S": "FAILED"}},
        },
    ),
    (
        "dynamodb",
        "update_item",  # WaitsTable.settle, of a row that names a run which the outcome does not
        {
            "TableName": "sim-callbacks",
            "Key": {"payload_id": {"S": "p1"}, "task_token": {"S": "t1"}},
            "UpdateExpression": "SET #0 = :0, #1 = :1 REMOVE execution_arn",
            "ConditionExpression": (
                "attribute_exists(payload_id) AND attribute_not_exists(settled_at)"
                " AND attribute_not_exists(answered_at)"
            ),
            "ExpressionAttributeNames": {"#0": "settled_at", "#1": "workflow_state"},
            "ExpressionAttributeValues": {":0": {"S": "now"}, ":1": {"S": "FAILED"}},
        },
    ),
    (
        "dynamodb",
        "update_item",  # WaitsTable.mark_answered
        {
            "TableName": "sim-callbacks",
            "Key": {"payload_id": {"S": "p1"}, "task_token": {"S": "t1"}},
            "UpdateExpression": "SET #0 = :0, #1 = :1 REMOVE waiting",
            "ConditionExpression": (
                "attribute_exists(payload_id) AND (attribute_not_exists(answer) OR answer = :stale)"
            ),
            "ExpressionAttributeNames": {"#0": "answered_at", "#1": "answer"},
            "ExpressionAttributeValues": {
                ":0": {"S": "now"},
                ":1": {"S": "failure"},
                ":stale": {"S": "stale"},
            },
        },
    ),
    (
        "dynamodb",
        "update_item",  # WaitsTable.mark_answered, stale
        {
            "TableName": "sim-callbacks",
            "Key": {"payload_id": {"S": "p1"}, "task_token": {"S": "t1"}},
            "UpdateExpression": "SET #0 = :0, #1 = :1 REMOVE waiting",
            "ConditionExpression": "attribute_exists(payload_id) AND attribute_not_exists(answer)",
            "ExpressionAttributeNames": {"#0": "answered_at", "#1": "answer"},
            "ExpressionAttributeValues": {":0": {"S": "now"}, ":1": {"S": "stale"}},
        },
    ),
    (
        "dynamodb",
        "put_item",  # WaitsTable.continue_later
        {
            "TableName": "sim-callbacks",
            "Item": {
                "payload_id": {"S": "p1"},
                "task_token": {"S": "#continue"},
                "settled_at": {"S": "now"},
                "execution_arn": {"S": "arn:last"},
            },
            "ConditionExpression": "attribute_not_exists(payload_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "dynamodb",
        "put_item",  # WaitsTable.continue_later
        {
            "TableName": "sim-callbacks",
            "Item": {
                "payload_id": {"S": "p1"},
                "task_token": {"S": "#continue"},
                "settled_at": {"S": "now"},
                "execution_arn": {"S": "arn:last"},
            },
            "ConditionExpression": (
                "attribute_not_exists(payload_id) OR execution_arn = :execution_arn"
            ),
            "ExpressionAttributeValues": {":execution_arn": {"S": "arn:last"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "dynamodb",
        "put_item",  # WaitsTable.continue_later
        {
            "TableName": "sim-callbacks",
            "Item": {
                "payload_id": {"S": "p1"},
                "task_token": {"S": "#continue"},
                "settled_at": {"S": "now"},
                "execution_arn": {"S": "arn:last"},
            },
            "ConditionExpression": (
                "attribute_not_exists(payload_id) OR execution_arn = :execution_arn"
            ),
            "ExpressionAttributeValues": {":execution_arn": {"S": "arn:older"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "dynamodb",
        "put_item",  # WaitsTable.continue_later
        {
            "TableName": "sim-callbacks",
            "Item": {
                "payload_id": {"S": "p1"},
                "task_token": {"S": "#continue"},
                "settled_at": {"S": "now"},
                "execution_arn": {"S": "arn:last"},
            },
            "ConditionExpression": "attribute_not_exists(payload_id) OR settled_at = :settled_at",
            "ExpressionAttributeValues": {":settled_at": {"S": "now"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "dynamodb",
        "put_item",  # WaitsTable.postpone
        {
            "TableName": "sim-callbacks",
            "Item": {
                "payload_id": {"S": "p1"},
                "task_token": {"S": "#continue"},
                "settled_at": {"S": "later"},
            },
            "ConditionExpression": "settled_at = :settled_at",
            "ExpressionAttributeValues": {":settled_at": {"S": "now"}},
        },
    ),
    (
        "dynamodb",
        "delete_item",  # WaitsTable.finish
        {
            "TableName": "sim-callbacks",
            "Key": {"payload_id": {"S": "p1"}, "task_token": {"S": "#continue"}},
            "ConditionExpression": "settled_at = :settled_at",
            "ExpressionAttributeValues": {":settled_at": {"S": "later"}},
        },
    ),
    (
        "dynamodb",
        "batch_get_item",
        {
            "RequestItems": {
                "sim-callbacks": {
                    "Keys": [{"payload_id": {"S": "p1"}, "task_token": {"S": "t1"}}],
                    "ConsistentRead": True,
                },
            },
        },
    ),
]

OTHERS: Calls = [
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE, "name": "n", "input": "1"}),
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE, "name": "n", "input": "2"}),
    (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": f"{MACHINE}-gone", "name": "n", "input": "1"},
    ),
    ("stepfunctions", "describe_execution", {"executionArn": f"{EXECUTION}:n"}),
    ("stepfunctions", "describe_execution", {"executionArn": f"{EXECUTION}:never"}),
    (
        "stepfunctions",
        "list_executions",
        {"stateMachineArn": MACHINE, "statusFilter": "RUNNING", "maxResults": 1000},
    ),
    (
        "stepfunctions",
        "list_executions",
        {"stateMachineArn": f"{MACHINE}-gone", "statusFilter": "RUNNING", "maxResults": 1000},
    ),
    ("stepfunctions", "send_task_success", {"taskToken": "nobody", "output": "{}"}),
    ("stepfunctions", "send_task_failure", {"taskToken": "nobody", "error": "E", "cause": "c"}),
    ("stepfunctions", "send_task_success", {"taskToken": "TOKEN", "output": "{}"}),
    ("stepfunctions", "send_task_success", {"taskToken": "TOKEN", "output": "{}"}),
    ("stepfunctions", "send_task_failure", {"taskToken": "TOKEN", "error": "E", "cause": "c"}),
    ("stepfunctions", "send_task_heartbeat", {"taskToken": "TOKEN"}),
    ("stepfunctions", "send_task_heartbeat", {"taskToken": "nobody"}),
    ("s3", "get_object", {"Bucket": NAMES.payload_bucket, "Key": "known.json"}),
    ("s3", "get_object", {"Bucket": NAMES.payload_bucket, "Key": "unknown.json"}),
    (
        "sqs",
        "get_queue_url",
        {"QueueName": NAMES.process_queue, "QueueOwnerAWSAccountId": NAMES.account},
    ),
    (
        "sns",
        "publish_batch",
        {
            "TopicArn": NAMES.event_topic_arn,
            "PublishBatchRequestEntries": [{"Id": "0", "Message": "{}"}],
        },
    ),
]
"""Step Functions and the rest; TOKEN stands for one that an execution waits with."""

_J = "join:0123456789abcdef0123456789abcdef"
_UNANSWERED = "attribute_exists(payload_id) AND attribute_not_exists(answered_at)"


def _join_put(token: str, condition: str | None = None, **more: Any) -> tuple[str, str, Answers]:
    request: Answers = {
        "TableName": "sim-callbacks",
        "Item": {"payload_id": {"S": _J}, "task_token": {"S": token}, **more},
    }
    if condition is not None:
        request["ConditionExpression"] = condition
    return "dynamodb", "put_item", request


def _join_update(token: str, expression: str, **more: Any) -> tuple[str, str, Answers]:
    key = {"payload_id": {"S": _J}, "task_token": {"S": token}}
    request = {"TableName": "sim-callbacks", "Key": key, "UpdateExpression": expression, **more}
    return "dynamodb", "update_item", request


def _tell(answer: str) -> tuple[str, str, Answers]:
    return _join_update(  # JoinsTable.tell
        "#member:00000",
        "SET #0 = if_not_exists(#0, :0), #1 = :1, #2 = if_not_exists(#2, :2)",
        ConditionExpression="attribute_not_exists(answer)",
        ExpressionAttributeNames={"#0": "member_payload_id", "#1": "answer", "#2": "expires"},
        ExpressionAttributeValues={":0": {"S": "p2"}, ":1": {"S": answer}, ":2": {"N": "9"}},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


def _count(succeeded: str) -> tuple[str, str, Answers]:
    return _join_update(  # JoinsTable.count
        "#join",
        "ADD #s :succeeded, #f :failed",
        ConditionExpression=_UNANSWERED,
        ExpressionAttributeNames={"#s": "succeeded", "#f": "failed"},
        ExpressionAttributeValues={":succeeded": {"N": succeeded}, ":failed": {"N": "0"}},
        ReturnValues="ALL_NEW",
    )


def _change(condition: str, sent: str, values: Answers | None = None) -> tuple[str, str, Answers]:
    return _join_update(
        "#join",
        "SET #0 = :0, #1 = :1",
        ConditionExpression=condition,
        ExpressionAttributeNames={"#0": "sent", "#1": "sent_at"},
        ExpressionAttributeValues={":0": {"N": sent}, ":1": {"S": "now"}, **(values or {})},
        ReturnValues="ALL_NEW",
    )


def _send(name: str, size: int) -> Answers:
    attribute = {"DataType": "String", "StringValue": f"#{_J}:0"}
    return {"MessageBody": name * size, "MessageAttributes": {"cirrus-task-token": attribute}}


_ABSENT = "attribute_not_exists(payload_id)"
_QUEUE = NAMES.process_queue_url
_LIST = {"Bucket": NAMES.payload_bucket, "Key": "list.json"}
JOINS: Calls = [
    _join_put("#definition", _ABSENT, members={"B": b"\x1f\x8b"}),
    _join_put("#join", _ABSENT, waiting={"S": "0"}, registered_at={"S": "now"}),
    _join_put("#expand", settled_at={"S": "now"}),
    _join_put("#member:00000", _ABSENT, member_payload_id={"S": "p1"}),
    (
        "dynamodb",
        "batch_get_item",
        {
            "RequestItems": {
                "sim-callbacks": {
                    "Keys": [{"payload_id": {"S": _J}, "task_token": {"S": "#definition"}}],
                    "ConsistentRead": True,
                },
            },
        },
    ),
    _change(f"{_UNANSWERED} AND attribute_not_exists(#0)", "0"),  # JoinsTable.begin
    _change(f"{_UNANSWERED} AND attribute_not_exists(#0)", "2"),
    _change(f"{_UNANSWERED} AND #0 = :before", "2", {":before": {"N": "0"}}),
    _change(f"{_UNANSWERED} AND #0 = :before", "4", {":before": {"N": "0"}}),
    _change(f"{_UNANSWERED} AND attribute_not_exists(#0)", "2"),
    _change(f"{_UNANSWERED} AND #0 = :before", "3", {":before": {"N": "2"}}),
    _join_put("#expand", _ABSENT, settled_at={"S": "never"}),
    _tell("failure"),
    _tell("success"),
    _count("1"),
    _count("2"),
    (
        "dynamodb",
        "query",  # JoinsTable.members
        {
            "TableName": "sim-callbacks",
            "ConsistentRead": True,
            "KeyConditionExpression": (
                "payload_id = :join_id AND begins_with(task_token, :member)"
            ),
            "ExpressionAttributeValues": {":join_id": {"S": _J}, ":member": {"S": "#member:"}},
        },
    ),
    (
        "dynamodb",
        "delete_item",  # WaitsTable.finish
        {
            "TableName": "sim-callbacks",
            "Key": {"payload_id": {"S": _J}, "task_token": {"S": "#expand"}},
            "ConditionExpression": "settled_at = :settled_at",
            "ExpressionAttributeValues": {":settled_at": {"S": "now"}},
        },
    ),
    ("sqs", "send_message", {"QueueUrl": _QUEUE, **_send("a", 10)}),
    ("sqs", "send_message", {"QueueUrl": _QUEUE, **_send("a", 3000)}),
    (
        "sqs",
        "send_message_batch",
        {
            "QueueUrl": _QUEUE,
            "Entries": [{"Id": str(number), **_send("a", 900)} for number in range(3)],
        },
    ),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": _QUEUE, "Entries": [{"Id": "0", **_send("a", 3000)}]},
    ),
    (
        "sqs",
        "send_message_batch",
        {
            "QueueUrl": _QUEUE,
            "Entries": [{"Id": str(number), **_send("a", 400_000)} for number in range(3)],
        },
    ),
    ("s3", "put_object", {**_LIST, "Body": b"[]", "ContentType": "application/json"}),
    ("s3", "get_object", _LIST),
    ("s3", "get_object", {**_LIST, "IfMatch": '"d751713988987e9331980363e24189ce"'}),
    ("s3", "get_object", {**_LIST, "IfMatch": '"0000000000000000000000000000000"'}),
]
"""What only joins call; the queue takes messages of 2,048 bytes."""

_KEPT = (
    "Item",
    "Items",
    "Responses",
    "UnprocessedKeys",
    "Count",
    "executionArn",
    "status",
    "input",
    "name",
    "stateMachineArn",
    "Successful",
    "Failed",
    "Attributes",
    "ETag",
    "ContentLength",
)


def _told(clients: Clients, service: str, operation: str, request: Answers) -> Answers:
    """What a call answers, without times and what no caller looks at."""
    try:
        response = getattr(clients(service), operation)(**request)
    except ClientError as error:
        told = {"error": error.response["Error"]["Code"]}
        if "Item" in error.response:
            told["Item"] = error.response["Item"]
        return told
    told = {name: response[name] for name in _KEPT if name in response}
    if "executions" in response:
        told["executions"] = [
            {name: each[name] for name in ("executionArn", "status")}
            for each in response["executions"]
        ]
    if "Body" in response:
        told["Body"] = response["Body"].read()
    if "Successful" in told:
        told["Successful"] = [each["Id"] for each in told["Successful"]]
    if "QueueUrl" in response:
        told["QueueUrl"] = response["QueueUrl"].rpartition("/")[2]
    return told


def _compare(calls: Calls, times: int) -> None:
    """Make every call on moto and on the fake, each so many times, and compare the answers."""
    repeated = [call for call in calls for _ in range(times)]
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}), corrected():
        deployed = parts.create(NAMES)
        parts.create_state_machine(deployed, "child", WAITS_FOR_A_TOKEN)
        deployed.client("s3").put_object(Bucket=NAMES.payload_bucket, Key="known.json", Body=b"{}")
        deployed.client("sqs").set_queue_attributes(
            QueueUrl=NAMES.process_queue_url, Attributes={"MaximumMessageSize": str(MOST_BYTES)}
        )
        token = _token(deployed)
        moto_says = [_told(deployed.client, *_with(call, token)) for call in repeated]
        deployed.client("stepfunctions").stop_execution(executionArn=f"{EXECUTION}:waiting")
    sfn = StepFunctions(lambda: START, machines={MACHINE}, tokens={token})
    sfn.call(
        "StartExecution",
        {"stateMachineArn": MACHINE, "name": "waiting", "input": "{}"},
        "ok",
    )
    services: Any = {
        "dynamodb": DynamoDB(
            {
                NAMES.state_table: Table(("collections_workflow", "itemids")),
                NAMES.callbacks_table: Table(("payload_id", "task_token"), has_stream=True),
            },
        ),
        "stepfunctions": sfn,
        "sqs": Queue(NAMES.process_queue_arn, NAMES.process_queue_url, most_bytes=MOST_BYTES),
        "s3": Bucket({"known.json": b"{}"}),
        "sns": Topic(),
    }
    with installed():
        handle_with(lambda _, service, name, told: services[service].call(name, told, "ok"))
        fake_says = [
            _told(
                lambda service: boto3.client(service, region_name="us-west-2"),
                *_with(call, token),
            )
            for call in repeated
        ]
    for call, theirs, ours in zip(repeated, moto_says, fake_says, strict=True):
        assert ours == theirs, call


def _token(deployed: parts.LocalDeployment) -> str:
    deployed.client("stepfunctions").start_execution(
        stateMachineArn=MACHINE,
        name="waiting",
        input="{}",
    )
    while True:
        for message in (
            deployed.client("sqs")
            .receive_message(
                QueueUrl=NAMES.process_queue_url,
            )
            .get("Messages", [])
        ):
            return str(message["Body"])


def _with(call: tuple[str, str, Answers], token: str) -> tuple[str, str, Answers]:
    service, operation, request = call
    if request.get("taskToken") == "TOKEN":
        request = {**request, "taskToken": token}
    return service, operation, request


@pytest.mark.parametrize("times", [1, 2], ids=["once", "each twice"])
def test_dynamodb_call_by_call(times: int) -> None:
    """Reads, conditional writes and both their branches are answered as moto answers them."""
    _compare(DYNAMODB, times)


def test_other_services_call_by_call() -> None:
    """Starts, descriptions, lists, answers and their errors are as moto's (corrected)."""
    _compare(OTHERS, 1)


@pytest.mark.parametrize("times", [1, 2], ids=["once", "each twice"])
def test_batches_of_updates(times: int) -> None:
    """Each statement's condition and error, and what makes no batch, are as moto's (corrected)."""
    _compare(BATCHES, times)


@pytest.mark.parametrize("times", [1, 2], ids=["once", "each twice"])
def test_what_joins_call(times: int) -> None:
    """Counts, both branches of each condition, lists, refused messages are as moto's."""
    _compare(JOINS, times)


def test_the_product_makes_no_call_that_was_not_compared() -> None:
    """A new operation, condition or error fails here until it is compared with moto."""
    fake_client.shapes_seen.clear()
    for calls, times in ((DYNAMODB, 2), (OTHERS, 1), (JOINS, 2), (BATCHES, 2)):
        _compare(calls, times)
    compared = set(fake_client.shapes_seen)
    compared |= _COMPARED_ELSEWHERE
    fake_client.shapes_seen.clear()
    batched = (*batch_scenarios(), *batch_join_scenarios())
    worlds = (*larger_scenarios(), *join_scenarios(), *batched)
    with Simulator() as running:
        for seed in range(6):
            for scenario in worlds:
                running.at_random(scenario, seed)
    faults = {each for each in fake_client.shapes_seen if each.endswith(_FAULTS)}
    assert fake_client.shapes_seen - faults <= compared


_FAULTS = ("error ProvisionedThroughputExceededException", "error ThrottlingException")
"""What the scheduler makes up; moto throttles nobody."""

_COMPARED_ELSEWHERE = {
    # Deleting from the queue needs receipts that moto gave: tests/functional/test_batches.py.
    "sqs | DeleteMessageBatch",
}


def test_an_unknown_shape_is_refused() -> None:
    """The fake guesses nothing: an expression or operation that it does not know fails."""
    with pytest.raises(NotCovered):
        condition("contains(a, :b)")
    with pytest.raises(NotCovered):
        update({}, "SET a = b + :c", {}, {":c": {"N": "1"}})
    with pytest.raises(NotCovered):
        StepFunctions(lambda: START).call("RedriveExecution", {}, "ok")
    with pytest.raises(NotCovered):
        DynamoDB({}).call("TransactWriteItems", {}, "ok")
