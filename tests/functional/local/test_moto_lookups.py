"""What moto works out again in each call: kept, and the answers stay as they are."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from botocore.exceptions import ClientError
from moto import backends, mock_aws
from moto.core import serialize, utils
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.sqs.models import Queue
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser

from cirrus_callbacks_plugin.local.moto_corrections.corrected import lookups_kept
from support.kept_clients import kept_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.interpreter import Interpreter

ITEM = {
    "id": {"S": "a"},
    "count": {"N": "3"},
    "is_open": {"BOOL": False},
    "nothing": {"NULL": True},
    "listed": {"L": [{"M": {"at": {"S": ""}, "raw": {"B": b"\x00"}}}, {"SS": ["x", "y"]}]},
}
ITEMS = 20


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A table with items of every kind of attribute."""
    with mock_aws():
        client = kept_clients(region_name="us-west-2").client("dynamodb")
        client.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for number in range(ITEMS):
            client.put_item(TableName="t", Item={**ITEM, "id": {"S": str(number)}})
        yield client


def _answers(client: Any) -> list[dict[str, Any]]:
    return [
        {**answer, "ResponseMetadata": None}
        for answer in (
            client.scan(TableName="t"),
            client.get_item(TableName="t", Key={"id": {"S": "none"}}),
            client.describe_table(TableName="t"),
        )
    ]


class Counter:
    """Counts calls of functions; ``calls`` of them so far."""

    def __init__(self) -> None:
        self.calls = 0

    def of(self, original: Any) -> Any:
        """The same function, counted."""

        def counted(*given: Any, **named: Any) -> Any:
            self.calls += 1
            return original(*given, **named)

        return counted


def _lookups(client: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a scan asks for names: of members, and of a class's methods."""
    counter = Counter()
    with monkeypatch.context() as patched:
        picker = serialize.XFormedAttributePicker
        patched.setattr(picker, "get_possible_keys", counter.of(picker.get_possible_keys))
        patched.setattr(utils.inspect, "getmembers", counter.of(utils.inspect.getmembers))
        client.scan(TableName="t")
    return counter.calls


def test_moto_looks_names_up_in_each_call(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpatched moto asks for the names of each member of each item of each answer."""
    assert _lookups(dynamodb, monkeypatch) > ITEMS * len(ITEM)
    assert _lookups(dynamodb, monkeypatch) > ITEMS * len(ITEM)


def test_names_are_looked_up_once(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been answered once is answered again without another lookup."""
    with lookups_kept():
        dynamodb.scan(TableName="t")
        # What holds the items is an object of moto's own, whose class tells its names.
        assert _lookups(dynamodb, monkeypatch) < ITEMS


def test_answers_stay_as_they_are(dynamodb: Any) -> None:
    """Each answer is that of unpatched moto, the first time and the second."""
    expected = _answers(dynamodb)
    with lookups_kept():
        assert _answers(dynamodb) == expected
        assert _answers(dynamodb) == expected


def _listed(monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the server lists the folders of moto's package for three requests."""
    counter = Counter()
    server = DomainDispatcherApplication(lambda service: service)  # type: ignore[arg-type, return-value]
    with monkeypatch.context() as patched:
        patched.setattr(backends.os, "listdir", counter.of(backends.os.listdir))
        hosts = ("sqs.us-west-2.amazonaws.com", "dynamodb", "moto_api")
        found = [server.get_backend_for_host(host) for host in hosts]
    assert found == ["sqs", "dynamodb", "moto_api"]
    return counter.calls


def test_moto_lists_its_folders_for_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpatched moto's server does, to know its services by name."""
    assert [_listed(monkeypatch), _listed(monkeypatch)] == [2, 2]


def test_folders_are_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the services are the same."""
    with lookups_kept():
        assert [_listed(monkeypatch), _listed(monkeypatch)] == [1, 0]


def _parsed(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often two executions of one definition have it parsed."""
    counter = Counter()
    monkeypatch.setattr(ASLParser, "program_decl", counter.of(ASLParser.program_decl))
    nowhere_else = {"Comment": uuid.uuid4().hex}
    states = {"Name": {"Type": "Pass", "Parameters": {"a.$": "$.b"}, "End": True, **nowhere_else}}
    for given in ({"b": 1}, {"b": 2}):
        ended = interpreter.end(interpreter.start(states, given))
        assert json.loads(ended["output"]) == {"a": given["b"]}
    return counter.calls


def test_moto_parses_a_definition_for_each_execution(
    interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unpatched moto parses it for each state machine and for each execution."""
    assert _parsed(interpreter, monkeypatch) == 4


def test_a_definition_is_parsed_once(
    interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same text is parsed once, and each execution has its own input."""
    with lookups_kept():
        assert _parsed(interpreter, monkeypatch) == 1


def test_a_wrong_definition_is_refused_each_time(interpreter: Interpreter) -> None:
    """What cannot be parsed is not kept: its error is told each time."""
    with lookups_kept():
        for _ in range(2):
            with pytest.raises(ClientError, match="Nonsense"):
                interpreter.start({"Name": {"Type": "Nonsense"}})


def _counted(monkeypatch: pytest.MonkeyPatch) -> int:
    """How often all messages of a queue are gone through while ten are received."""
    counter = Counter()
    with mock_aws():
        sqs = kept_clients(region_name="us-west-2").client("sqs")
        url = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "60"})[
            "QueueUrl"
        ]
        for number in range(12):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        monkeypatch.setattr(Queue, "messages", property(counter.of(Queue.messages.fget)))
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert [each["Body"] for each in received] == [str(number) for number in range(10)]
    return counter.calls


def test_moto_counts_a_queues_messages_for_each_that_is_received(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unpatched moto goes through the whole queue at least thrice a message."""
    assert _counted(monkeypatch) > 30


def test_a_queue_is_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many messages are received."""
    with lookups_kept():
        assert _counted(monkeypatch) == 1


def test_messages_older_than_the_retention_are_not_received() -> None:
    """As in unpatched moto."""
    with lookups_kept(), mock_aws(), time_machine.travel(0, tick=False) as clock:
        sqs = kept_clients(region_name="us-west-2").client("sqs")
        url = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "60"})[
            "QueueUrl"
        ]
        sqs.send_message(QueueUrl=url, MessageBody="old")
        clock.shift(61)
        assert "Messages" not in sqs.receive_message(QueueUrl=url)


INDEXED = {
    "TableName": "x",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [
        {"AttributeName": "id", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("id", "at", "of")
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "of-at",
            "KeySchema": [
                {"AttributeName": "of", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}
OF_TABLE = {
    "KeyConditionExpression": "id = :id",
    "ExpressionAttributeValues": {":id": {"S": "b"}},
}
OF_INDEX = {
    "IndexName": "of-at",
    "KeyConditionExpression": "#of = :of",
    "ExpressionAttributeNames": {"#of": "of"},
    "ExpressionAttributeValues": {":of": {"S": "1"}},
}


@pytest.fixture
def indexed() -> Iterator[Any]:
    """A table of five partitions, and an index; items come in no order."""
    with mock_aws():
        client = kept_clients(region_name="us-west-2").client("dynamodb")
        client.create_table(**INDEXED)
        for number in (7, 3, 14, 0, 9, 2, 11, 5, 1, 13, 8, 4, 12, 6, 10):
            values = {"id": "abcde"[number % 5], "at": f"{number:02}", "of": str(number % 2)}
            item = {name: {"S": value} for name, value in values.items()}
            client.put_item(TableName="x", Item=item)
        yield client


def _pages(client: Any, **query: Any) -> list[list[str]]:
    """The sort keys of each page of a query, two items a page."""
    pages = client.get_paginator("query").paginate(
        TableName="x", PaginationConfig={"PageSize": 2}, **query
    )
    return [[item["at"]["S"] for item in page["Items"]] for page in pages]


def _sorted(client: Any, monkeypatch: pytest.MonkeyPatch, **query: Any) -> int:
    """How often a query asks for the order of two values."""
    counter = Counter()
    with monkeypatch.context() as patched:
        patched.setattr(DynamoType, "__lt__", counter.of(DynamoType.__lt__))
        client.query(TableName="x", **query)
    return counter.calls


def test_moto_sorts_a_table_for_each_query(indexed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpatched moto puts all items in order to find the three of a partition."""
    assert _sorted(indexed, monkeypatch, **OF_TABLE) > 14


def test_a_query_sorts_its_partition(indexed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three items, whatever else the table holds."""
    with lookups_kept():
        assert _sorted(indexed, monkeypatch, **OF_TABLE) < 6


@pytest.mark.parametrize("query", [OF_TABLE, OF_INDEX])
@pytest.mark.parametrize("forward", [True, False])
def test_queries_find_the_same_in_the_same_order(
    indexed: Any, query: dict[str, Any], *, forward: bool
) -> None:
    """Page by page, of the table and of the index, forwards and backwards."""
    expected = _pages(indexed, **query, ScanIndexForward=forward)
    assert sum(map(len, expected)) in (3, 7)
    with lookups_kept():
        assert _pages(indexed, **query, ScanIndexForward=forward) == expected
        nobody = {**OF_TABLE, "ExpressionAttributeValues": {":id": {"S": "z"}}}
        assert _pages(indexed, **nobody) == [[]]
        assert len(indexed.scan(TableName="x")["Items"]) == 15
