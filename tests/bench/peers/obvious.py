"""The obvious design: what one writes first, and what works while nothing goes wrong.

``process`` puts a row for each token once cirrus has started the child; ``update-state`` finds
the payload's rows by an index and updates each; a function on the table's stream answers each
token and marks its row. One call after the other. Nothing in it minds a crash, a restart, a
child that ended before or one that never starts.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[dict[str, Any], Any], Any]

ATTRIBUTE = "cirrus-task-token"
KEYS = ("task_token",)
KEPT = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Obvious:
    """The design's three functions.

    Attributes:
        cirrus_process: cirrus's ``process``.
        cirrus_update_state: cirrus's ``update-state``.
        dynamodb, stepfunctions: clients as boto3 builds them.
    """

    cirrus_process: Handler
    cirrus_update_state: Handler
    dynamodb: Any
    stepfunctions: Any

    def process(self, event: dict[str, Any], context: Any) -> Any:
        """Start the children, then put the tokens."""
        waits = [
            (json.loads(record["body"])["id"], attributes.pop(ATTRIBUTE)["stringValue"])
            for record in event["Records"]
            if ATTRIBUTE in (attributes := record["messageAttributes"])
        ]
        returned = self.cirrus_process(event, context)
        for payload_id, token in waits:
            self.dynamodb.put_item(
                TableName=_table_name(),
                Item={
                    "task_token": {"S": token},
                    "waiting": {"S": payload_id},
                    "registered_at": {"S": _now()},
                    "workflow_state": {"S": "PROCESSING"},
                },
            )
        return returned

    def update_state(self, event: dict[str, Any], context: Any) -> Any:
        """Settle every row of the payload that ended."""
        returned = self.cirrus_update_state(event, context)
        detail = event["detail"]
        payload_id = json.loads(detail["input"])["id"]
        for token in self._waiting(payload_id):
            self.dynamodb.update_item(
                TableName=_table_name(),
                Key={"task_token": token},
                UpdateExpression="SET workflow_state = :state, payload_id = :payload_id, "
                "execution_arn = :arn, settled_at = :now REMOVE waiting",
                ExpressionAttributeValues={
                    ":state": {"S": detail["status"]},
                    ":payload_id": {"S": payload_id},
                    ":arn": {"S": detail["executionArn"]},
                    ":now": {"S": _now()},
                },
            )
        return returned

    def _waiting(self, payload_id: str) -> list[dict[str, str]]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=_table_name(),
            IndexName="waiting",
            KeyConditionExpression="waiting = :payload_id",
            ExpressionAttributeValues={":payload_id": {"S": payload_id}},
        )
        return [item["task_token"] for page in pages for item in page["Items"]]

    def answer(self, event: dict[str, Any], context: Any) -> None:
        """Answer every row that is settled, and mark it."""
        del context
        for record in event["Records"]:
            row = record["dynamodb"]["NewImage"]
            token = row["task_token"]["S"]
            told = {name: row[name]["S"] for name in ("payload_id", "workflow_state")}
            if told["workflow_state"] == "SUCCEEDED":
                self.stepfunctions.send_task_success(taskToken=token, output=json.dumps(told))
            else:
                self.stepfunctions.send_task_failure(
                    taskToken=token,
                    error="CirrusCallback.Failed",
                    cause=json.dumps(told),
                )
            expires = datetime.now(timezone.utc) + KEPT
            self.dynamodb.update_item(
                TableName=_table_name(),
                Key={"task_token": row["task_token"]},
                UpdateExpression="SET answered_at = :now, expiration_time = :expires",
                ExpressionAttributeValues={
                    ":now": {"S": _now()},
                    ":expires": {"N": str(int(expires.timestamp()))},
                },
            )


def _table_name() -> str:
    return os.environ["CIRRUS_CALLBACKS_TABLE"]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()
