"""Batches of conditional updates on moto: with and without the correction."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from cirrus_callbacks_plugin.local.moto_corrections.statements import execute_conditional_updates

# Names are the test's own; values are parameters.
SETTLE = 'UPDATE "t" SET "a"=? REMOVE "b" WHERE "k"=? AND "s" IS MISSING'


def settled() -> tuple[dict[str, Any], list[Any]]:
    """Two items, one of which the condition refuses; what is told, and what is there then."""
    client: Any = boto3.client("dynamodb", region_name="us-west-2")
    client.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
    )
    client.put_item(TableName="t", Item={"k": {"S": "1"}, "b": {"S": "x"}})
    client.put_item(TableName="t", Item={"k": {"S": "2"}, "s": {"S": "before"}})
    told = client.batch_execute_statement(
        Statements=[
            {
                "Statement": SETTLE,
                "Parameters": [{"S": "now"}, {"S": key}],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
            for key in ("1", "2", "3")
        ]
    )
    items = client.scan(TableName="t")["Items"]
    return told, sorted(items, key=lambda item: str(item["k"]["S"]))


def test_each_statement_has_its_condition_and_its_error() -> None:
    """Written, refused with the item that is there, refused where there is none."""
    with mock_aws(), corrected(corrections=(execute_conditional_updates,)):
        told, items = settled()
    written, refused, absent = told["Responses"]
    assert "Error" not in written
    assert refused["Error"]["Code"] == absent["Error"]["Code"] == "ConditionalCheckFailed"
    assert refused["Error"]["Item"] == {"k": {"S": "2"}, "s": {"S": "before"}}
    assert "Item" not in absent["Error"]
    assert items == [
        {"k": {"S": "1"}, "a": {"S": "now"}},
        {"k": {"S": "2"}, "s": {"S": "before"}},
    ]


def test_unpatched_moto_does_not_look_at_what_is_missing() -> None:
    """It reads no ``IS MISSING`` and no second clause: fails once moto has mended that."""
    with mock_aws():
        try:
            told, items = settled()
        except Exception:  # noqa: BLE001 - moto stumbles over the statement, this way or that
            return
    codes = [each.get("Error", {}).get("Code") for each in told["Responses"]]
    is_right = codes == [None, "ConditionalCheckFailed", "ConditionalCheckFailed"]
    assert not (is_right and "b" not in items[0] and "a" not in items[1])


def test_other_statements_are_motos_own() -> None:
    """What is not an UPDATE by parameters goes to moto as it is."""
    told = []
    for corrections in ((), (execute_conditional_updates,)):
        with mock_aws(), corrected(corrections=corrections):
            client: Any = boto3.client("dynamodb", region_name="us-west-2")
            select = {"Statement": 'SELECT * FROM "t" WHERE "k"=?', "Parameters": [{"S": "2"}]}
            told.append(client.batch_execute_statement(Statements=[select])["Responses"])
    assert told[0] == told[1]


@pytest.mark.parametrize("statements", [26, 2])
def test_what_makes_no_batch_is_refused(statements: int) -> None:
    """More than 25 statements; one item twice."""
    with mock_aws(), corrected(corrections=(execute_conditional_updates,)):
        settled()
        client: Any = boto3.client("dynamodb", region_name="us-west-2")
        given = {"Statement": SETTLE, "Parameters": [{"S": "now"}, {"S": "1"}]}
        with pytest.raises(client.exceptions.ClientError) as met:
            client.batch_execute_statement(Statements=[given] * statements)
    assert met.value.response["Error"]["Code"] == "ValidationException"
