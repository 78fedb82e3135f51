"""The events that AWS would make of what its services return."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.deployment import EVENTBRIDGE_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The SDKs speak of StringValue, Lambda's events of stringValue.
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
_ATTRIBUTE_FIELDS = {
    "StringValue": "stringValue",
    "BinaryValue": "binaryValue",
    "DataType": "dataType",
}


def sqs_event(messages: Sequence[Mapping[str, Any]], queue_arn: str) -> dict[str, Any]:
    """The event of an SQS event source mapping, from ReceiveMessage's messages."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": dict(message.get("Attributes", {})),
                "messageAttributes": {
                    name: _sqs_attribute(value)
                    for name, value in message.get("MessageAttributes", {}).items()
                },
                "md5OfBody": message.get("MD5OfBody", ""),
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": queue_arn.split(":")[3],
            }
            for message in messages
        ],
    }


def _sqs_attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {
        _ATTRIBUTE_FIELDS[name]: each for name, each in value.items() if name in _ATTRIBUTE_FIELDS
    }
    if isinstance(renamed.get("binaryValue"), bytes):
        renamed["binaryValue"] = base64.b64encode(renamed["binaryValue"]).decode()
    return {"stringListValues": [], "binaryListValues": [], **renamed}


def execution_event(execution: Mapping[str, Any]) -> dict[str, Any]:
    """The EventBridge event of an ended execution, from DescribeExecution's answer.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html

    Inputs and outputs that together exceed 248 KiB (as JSON strings within JSON) are left
    out, the input first, as EventBridge does.
    """
    arn, status = str(execution["executionArn"]), execution["status"]
    escaped_input = len(json.dumps(execution.get("input")).encode())
    escaped_output = len(json.dumps(execution.get("output")).encode())
    keeps_input = escaped_input + escaped_output <= EVENTBRIDGE_LIMIT_BYTES
    keeps_output = escaped_output <= EVENTBRIDGE_LIMIT_BYTES
    detail: dict[str, Any] = {
        "executionArn": arn,
        "stateMachineArn": execution["stateMachineArn"],
        "name": execution["name"],
        "status": status,
        "startDate": _milliseconds(execution["startDate"]),
        "stopDate": _milliseconds(execution.get("stopDate")),
        "input": execution.get("input") if keeps_input else None,
        "output": execution.get("output") if keeps_output else None,
        "inputDetails": {"included": True} if keeps_input else None,
        "outputDetails": {"included": True}
        if keeps_output and execution.get("output") is not None
        else None,
        "error": execution.get("error"),
        "cause": execution.get("cause"),
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": execution.get("redriveCount", 0),
        "redriveDate": _milliseconds(execution.get("redriveDate")),
        "redriveStatus": execution.get("redriveStatus"),
        "redriveStatusReason": execution.get("redriveStatusReason"),
    }
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}/{detail['redriveCount']}/{status}")),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": arn.split(":")[4],
        "region": arn.split(":")[3],
        "resources": [arn],
        "detail": detail,
    }


def stream_event(records: Sequence[Mapping[str, Any]], stream_arn: str) -> dict[str, Any]:
    """The event of a DynamoDB stream mapping, from GetRecords' records.

    Lambda writes it as JSON, and so what is binary in Base64.
    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html
    """
    return {
        "Records": [
            {
                "eventID": record["eventID"],
                "eventName": record["eventName"],
                "eventVersion": record.get("eventVersion", "1.1"),
                "eventSource": "aws:dynamodb",
                "awsRegion": stream_arn.split(":")[3],
                "eventSourceARN": stream_arn,
                "dynamodb": {
                    **_with_text(record["dynamodb"]),
                    "ApproximateCreationDateTime": _epoch(
                        record["dynamodb"].get("ApproximateCreationDateTime"),
                    ),
                },
            }
            for record in records
        ],
    }


def _with_text(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _with_text(each) for name, each in value.items()}
    return [_with_text(each) for each in value] if isinstance(value, list) else value


def _epoch(moment: Any) -> Any:
    return moment.timestamp() if hasattr(moment, "timestamp") else moment


def _milliseconds(moment: Any) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
