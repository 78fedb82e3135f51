"""Joins where messages come twice and functions die: none is lost, none is answered twice."""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient

from cirrus_callbacks_plugin.errors import RegistrationFailed
from cirrus_callbacks_plugin.joins import expanding, service
from support.cirrus_world import payload, payload_id
from support.joined import Joined, ended, ended_as, payloads

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "SendMessageBatch", "SendTaskSuccess", "PutObject")


class Crash(BaseException):
    """The function is gone; nothing of it runs on."""


@pytest.fixture
def join(world: World, aws: AwsCalls) -> Joined:
    return Joined(world, aws)


class Crashing:
    """Dies right after its so-and-so-manieth write; every later call dies too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.is_dead = False
        lock = threading.Lock()
        original = BaseClient._make_api_call

        def make_api_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
            with lock:
                if self.is_dead:
                    raise Crash
                is_last = False
                if self.left is not None and operation in WRITES:
                    self.left -= 1
                    is_last = self.left == 0
                result = original(client, operation, parameters)
                if is_last:
                    self.is_dead, self.left = True, None
                    raise Crash
                return result

        monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)

    def sender(self, join: Joined, records: list[dict[str, Any]], after: int) -> bool:
        """Deliver records to a sender that dies after so many writes; True if it did."""
        self.left = after
        try:
            join.world.send_answers(records)
        except Crash:
            return True
        finally:
            self.left, self.is_dead = None, False
        return False


@pytest.mark.parametrize("kind", ["attached", "payload", "both"])
def test_a_sender_that_dies_after_any_write_loses_nothing(
    join: Joined,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Expanding: what it did is done again, and each member runs once and is told once."""
    crashing = Crashing(monkeypatch)
    for after in range(1, 12):
        each = Joined(join.world, join.aws)
        items = [f"{kind}-{after}-{number}" for number in range(2)]
        members: list[Any] = []
        if kind != "payload":
            members += [ended(1000 + after)]
        if kind != "attached":
            members += [payload(item) for item in items]
        each.send(members)
        each.world.process()
        records = each.world.new_stream_records()
        died = crashing.sender(each, records, after)
        with each.aws.recording() as recording:
            each.stream(records)
            each.work()
            if kind != "attached":
                for item in items:
                    assert len(each.world.runs(payload_id(item))) == 1
                    each.end(item)
                each.work()
        answer = each.answer(recording.calls)
        assert (answer["is"], answer["succeeded"]) == ("success", len(members))
        assert "#expand" not in each.rows
        assert each.row["answer"] == "success"
        if not died:
            assert after > 3
            return
    raise AssertionError("the sender makes more writes than this test tries")


def test_a_teller_that_dies_after_any_write_loses_nothing(
    join: Joined,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told, counted, decided, marked: the next teller goes on, and counts nothing twice."""
    crashing = Crashing(monkeypatch)
    for after in range(1, 20):
        each = Joined(join.world, join.aws)
        # All but the last are settled when they are attached.
        members = ended_as("SF.", first=10 * after)
        each.send(members, succeed_on=2)
        each.world.process()
        each.stream()  # expanded: the members' own rows are in the stream now
        records = each.world.new_stream_records()
        died = crashing.sender(each, records, after)
        each.stream(records)
        each.work()
        # Hints may be too high by now, and must not decide: one has succeeded, one failed.
        assert "settled_at" not in each.row
        assert each.told() == {
            0: ("success", None),
            1: ("failure", "CirrusCallback.Failed"),
            2: (None, None),
        }
        assert [each.member_wait(index).get("answer") for index in range(3)] == [
            "success",
            "failure",
            None,
        ]
        if not died:
            assert after > 4
            return
    raise AssertionError("the sender makes more writes than this test tries")


def test_a_request_that_comes_twice_is_one_join(join: Joined) -> None:
    """Its rows are there, nothing is sent again, and an answered one stays answered."""
    for _ in range(2):
        join.ask(payloads(2))
        assert join.row["sent"] == 2
    assert len(join.world.runs(payload_id("item-0"))) == 1
    for number in range(2):
        join.end(f"item-{number}")
    join.work()
    before = join.rows
    join.ask(payloads(2))
    assert join.rows == before
    assert join.world.messages_left() == 0


def test_a_members_message_that_comes_twice_is_told_once(join: Joined) -> None:
    """The second finds its rows."""
    join.send(payloads(1))
    join.world.process()
    join.stream()
    event = join.world.receive()
    assert event is not None
    for _ in range(2):
        join.world.process(event)
    join.end("item-0")
    join.work()
    assert join.row["answer"] == "success"
    assert join.row["succeeded"] == 1


@pytest.mark.parametrize("key", ["#definition", "#join", "#expand"])
def test_a_put_that_fails_is_a_failed_registration(join: Joined, key: str) -> None:
    """The message comes back alone, and is registered then."""
    join.aws.fail(
        "PutItem",
        when=lambda call: call.parameters["Item"].get("task_token") == {"S": key},
        times=10,
    )
    join.world.send(payload("neighbour"))
    join.send(ended_as("S"))
    event = join.world.receive()
    assert event is not None
    with pytest.raises(RegistrationFailed):
        join.world.process(event)
    assert len(join.world.runs(payload_id("neighbour"))) == 1
    assert join.world.messages_left() == 1
    join.aws.heal()
    join.work()
    assert join.row["answer"] == "success"


def test_a_members_row_that_cannot_be_put_is_a_failed_registration(join: Joined) -> None:
    """The wait alone is not enough: its end could be told before the row is there."""
    join.send(payloads(1))
    join.world.process()
    join.stream()
    join.aws.fail(
        "PutItem",
        when=lambda call: call.parameters["Item"]["task_token"]["S"].startswith("#member:"),
        times=10,
    )
    with pytest.raises(RegistrationFailed):
        join.world.process()
    join.aws.heal()
    join.work()
    assert join.told() == {0: (None, None)}


def test_the_hints_alone_never_decide(join: Joined) -> None:
    """A crash left them too high: the members' rows are counted."""
    members = ended_as("S.")
    join.ask(members)
    join.world.dynamodb.update_item(
        TableName=join.world.names.callbacks_table,
        Key={"payload_id": {"S": join.join_id}, "task_token": {"S": "#join"}},
        UpdateExpression="ADD succeeded :many",
        ExpressionAttributeValues={":many": {"N": "7"}},
    )
    join.work()
    other = Joined(join.world, join.aws)
    other.ask([members[0]])  # somebody tells another join: nothing changes here
    assert "settled_at" not in join.row


def test_a_member_that_is_too_large_for_the_queue_has_failed(join: Joined) -> None:
    """It is told so, with what to do; its neighbours in the call are sent."""
    large = payload("large", extra="x" * 1_100_000)
    url = join.put_list(json.dumps([payload("small"), large]).encode())
    with join.aws.recording() as recording:
        join.ask(members_url=url, answer="settled")
        join.end("small")
        join.work()
    answer = join.answer(recording.calls)
    assert answer["is"] == "CirrusCallback.JoinFailed"
    (member,) = answer["members"]
    assert member["index"] == 1
    assert member["error"]["name"] == "CirrusCallback.InvalidPayload"
    assert "put the payload into S3" in member["error"]["cause"]


def test_a_queue_that_refuses_a_call_is_asked_for_each(join: Joined) -> None:
    """What it takes by itself is sent."""
    join.aws.fail("SendMessageBatch", "InvalidParameterValue")
    join.ask(payloads(3))
    assert join.row["sent"] == 3
    assert len(join.told()) == 3


def test_a_sender_that_may_not_send_blocks_no_shard(join: Joined) -> None:
    """The reconciler lets it try again."""
    join.send(payloads(1))
    join.world.process()
    for operation in ("SendMessageBatch", "SendMessage"):
        join.aws.fail(operation, "AccessDeniedException")
    join.work()
    assert join.row.get("sent") is None
    assert "#expand" in join.rows


def test_an_expansion_without_time_is_put_again(
    join: Joined,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A later invocation goes on where it stopped: each chunk once."""
    monkeypatch.setattr(expanding, "CHUNK", 2)
    ticks = iter(range(0, 100_000, 6))  # a chunk takes six seconds
    monkeypatch.setattr(service, "Expander", partial(expanding.Expander, clock=ticks.__next__))
    with join.aws.recording() as recording:
        join.ask(ended_as("SSSSS"))
    assert join.answer(recording.calls)["succeeded"] == 5
    puts = [
        call
        for call in recording.of("PutItem")
        if call.parameters["Item"]["task_token"] == {"S": "#expand"}
    ]
    assert len(puts) > 1
