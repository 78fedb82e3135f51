"""What moto works out again in each call: kept, and the answers stay as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import serialize, utils
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


def _lookups(client: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a scan asks for names: of members, and of a class's methods."""
    asked = 0

    def counting(original: Any) -> Any:
        def count(*given: Any, **named: Any) -> Any:
            nonlocal asked
            asked += 1
            return original(*given, **named)

        return count

    with monkeypatch.context() as patched:
        picker = serialize.XFormedAttributePicker
        patched.setattr(picker, "get_possible_keys", counting(picker.get_possible_keys))
        patched.setattr(utils.inspect, "getmembers", counting(utils.inspect.getmembers))
        client.scan(TableName="t")
    return asked


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


def _parsed(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often two executions of one definition have it parsed."""
    parsed = 0
    original = ASLParser.program_decl

    def count(self: Any) -> Any:
        nonlocal parsed
        parsed += 1
        return original(self)

    monkeypatch.setattr(ASLParser, "program_decl", count)
    states = {"Name": {"Type": "Pass", "Parameters": {"a.$": "$.b"}, "End": True}}
    for given in ({"b": 1}, {"b": 2}):
        ended = interpreter.end(interpreter.start(states, given))
        assert json.loads(ended["output"]) == {"a": given["b"]}
    return parsed


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
    counted = 0
    original = Queue.messages.fget

    def count(self: Any) -> Any:
        nonlocal counted
        counted += 1
        return original(self)

    with mock_aws():
        sqs = kept_clients(region_name="us-west-2").client("sqs")
        url = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "60"})[
            "QueueUrl"
        ]
        for number in range(12):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        monkeypatch.setattr(Queue, "messages", property(count))
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert [each["Body"] for each in received] == [str(number) for number in range(10)]
    return counted


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
