"""The tracking table's definition: what the local stack creates and Terraform must equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TimeToLiveSpecificationTypeDef

PARTITION_KEY = "payload_id"
SORT_KEY = "task_token"
TTL_ATTRIBUTE = "expiration_time"
WAITING_INDEX = "waiting"
WAITING_SORT_KEY = "registered_at"
STREAM_VIEW = "NEW_IMAGE"
SHARDS = 8
"""Partitions of the index: a busy hour's registrations spread over eight of them."""


def table_definition(name: str) -> dict[str, Any]:
    """The arguments of CreateTable for the tracking table.

    On demand, stream ``NEW_IMAGE``, sparse index ``waiting`` with keys only: a settle
    changes no key of it and so costs the index nothing.
    """
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"}
            for attribute in (PARTITION_KEY, SORT_KEY, WAITING_INDEX, WAITING_SORT_KEY)
        ],
        "KeySchema": [
            {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
            {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": WAITING_INDEX,
                "KeySchema": [
                    {"AttributeName": WAITING_INDEX, "KeyType": "HASH"},
                    {"AttributeName": WAITING_SORT_KEY, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": STREAM_VIEW},
    }


def ttl_specification() -> TimeToLiveSpecificationTypeDef:
    """The ``TimeToLiveSpecification`` of UpdateTimeToLive."""
    return {"Enabled": True, "AttributeName": TTL_ATTRIBUTE}


def create_table(client: DynamoDBClient, name: str) -> str:
    """Create the table with its TTL, wait until it is there, and return its stream's ARN."""
    created = client.create_table(**table_definition(name))["TableDescription"]
    if created["TableStatus"] != "ACTIVE":  # moto's tables are active at once
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    client.update_time_to_live(
        TableName=name,
        TimeToLiveSpecification=ttl_specification(),
    )
    return created["LatestStreamArn"]
