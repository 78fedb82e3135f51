"""Join requests that break a rule: told at once, which member and what to do; other messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.hooks.process import process as hook
from cirrus_callbacks_plugin.joins.table import JoinsTable
from support.cirrus_world import Context, payload, payload_id
from support.generation import IS_OLDEST
from support.joined import Joined, ended_as
from support.later import GRACE, Later

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

INVALID = "CirrusCallback.InvalidPayload"


@pytest.fixture
def join(world: World, aws: AwsCalls) -> Joined:
    return Joined(world, aws)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (None, "join is not an object"),
        ([], "join is not an object"),
        ({}, "one of members and members_url"),
        ({"members": [], "members_url": "s3://b/k"}, "one of members and members_url"),
        ({"members": [], "succed_on": "any"}, "the unknown key 'succed_on'"),
        ({"members": [payload(), 7]}, "member 1 is a number"),
        ({"members": [{"url": "https://x"}]}, "member 0 has a url that is not s3://BUCKET/KEY"),
        ({"members": [{"url": "s3://b"}]}, "member 0 has a url that is not s3://BUCKET/KEY"),
        ({"members": [{"payload_id": "no-id"}]}, "member 0 has a payload_id that is not one of"),
        ({"members": ["c/workflow-w/"]}, "member 0 has a payload_id that is not one of"),
        ({"members": [{"features": []}]}, "member 0 has neither process nor"),
        ({"members": ["c/workflow-w/i"], "succeed_on": 2}, "give at most 1"),
        ({"members": ["c/workflow-w/i"], "succeed_on": 2.0}, "give at most 1"),
        ({"members": [], "succeed_on": 0}, "succeed_on"),
        ({"members": [], "answer": "late"}, '"early" or "settled"'),
        ({"members": [], "deadline_seconds": 59}, "from 60 to 31536000"),
        ({"members": [], "name": "x" * 129}, "a name that is not a text of at most 128 characters"),
        ({"members_url": "s3://bucket"}, "s3://BUCKET/KEY"),
        ({"members_url": "s3://bucket/\ud800"}, "s3://BUCKET/KEY"),
        ({"members": ["c/workflow-w/i"] * 10_001}, "at most 10000: split it"),
    ],
)
def test_a_request_that_breaks_a_rule_is_told_so_at_once(
    join: Joined,
    body: Any,
    cause: str,
) -> None:
    """One row, settled; no member is looked at, and cirrus sees nothing."""
    join.world.send({"join": body}, join.token)
    with join.aws.recording() as recording:
        join.work()
    answer = join.answer(recording.calls)
    assert answer["is"] == INVALID
    assert cause in answer["error"]
    assert set(join.rows) == {"#join"}
    assert join.row["workflow_state"] == "INVALID"
    assert join.world.messages_left() == 0
    assert not recording.of("StartExecution")


@pytest.mark.parametrize(
    ("content", "more", "cause"),
    [
        (None, {}, "the list is missing"),
        (b"[1]", {}, "member 0 is a number"),
        (b'\n{"payload_id"', {}, "member 0 is not JSON: Expecting ':' delimiter"),
        (b"[", {}, "not a JSON array"),
        (b"\xff", {}, "not in UTF-8"),
        (b"[]", {"succeed_on": 1}, "give at most 0"),
    ],
)
def test_a_list_in_s3_that_breaks_a_rule_is_told_so_by_the_sender(
    join: Joined,
    content: bytes | None,
    more: dict[str, Any],
    cause: str,
) -> None:
    """Once it is read."""
    bucket = join.world.names.payload_bucket
    url = f"s3://{bucket}/none.json" if content is None else join.put_list(content)
    with join.aws.recording() as recording:
        join.ask(members_url=url, **more)
    answer = join.answer(recording.calls)
    assert answer["is"] == INVALID
    assert cause in answer["error"]
    assert "#expand" not in join.rows


@pytest.mark.parametrize("is_in_s3", [False, True])
def test_the_parents_own_token_in_a_member_is_refused(join: Joined, is_in_s3: bool) -> None:
    """That payload's end would answer the parent; and the token would stand in more rows."""
    own = payload("b", callback={"task_token": join.token})
    members = [payload("a"), own]
    with join.aws.recording() as recording:
        if is_in_s3:
            join.ask(members_url=join.put_list(json.dumps(members).encode()))
        else:
            join.ask(members=members)
    answer = join.answer(recording.calls)
    assert answer["is"] == INVALID
    assert "member 1 holds the join's own task token" in answer["error"]
    assert join.token not in answer["error"]
    assert not recording.of("SendMessageBatch")
    assert not recording.of("StartExecution")


def test_a_list_that_may_not_be_read_is_told_so(join: Joined) -> None:
    """A repetition does not help."""
    url = join.put_list(b"[]")
    join.aws.fail("GetObject", "AccessDenied")
    with join.aws.recording() as recording:
        join.ask(members_url=url)
    assert "may not read the list (AccessDenied)" in join.answer(recording.calls)["error"]


def test_a_list_that_was_changed_after_it_was_first_read_is_refused(join: Joined) -> None:
    """Its ETag is pinned: a member's index must mean the same member always."""
    url = join.put_list(json.dumps(ended_as("S.")).encode())
    join.send(members_url=url)
    join.world.process()
    join.aws.fail("UpdateItem", when=lambda call: "sent_at" in str(call.parameters), times=10)
    join.world.send_answers()  # the list is read; nothing is noted as sent
    join.aws.heal()
    assert join.row["etag"]
    JoinsTable(join.world.waits()).expand(join.join_id)
    join.put_list(json.dumps(ended_as("SSS", first=10)).encode())
    with join.aws.recording() as recording:
        join.work()
    assert "was changed after it was first read" in join.answer(recording.calls)["error"]


@pytest.mark.skipif(IS_OLDEST, reason="cirrus 0.7 takes SQS messages only")
def test_a_request_that_came_through_no_queue_is_refused(join: Joined) -> None:
    """No queue is known to which its members could be sent."""
    from cirrus_callbacks_plugin.lambda_functions import process

    event = {**join.request(ended_as("S")), "callback": {"task_token": join.token}}
    with join.aws.recording() as recording:
        assert process.lambda_handler(event, Context()) is None
        join.work()
    assert "came through no queue" in join.answer(recording.calls)["error"]


def test_an_event_of_join_requests_alone_is_not_given_to_cirrus(join: Joined) -> None:
    """The handler returns, so Lambda deletes the batch."""
    join.send(ended_as("S"))
    assert join.world.process() in (None, 0)
    assert join.world.messages_left() == 0


def test_a_neighbour_runs_and_is_deleted_once(join: Joined) -> None:
    """Cirrus sees the others only."""
    join.world.send(payload("neighbour"))
    join.send(ended_as("S"))
    assert join.world.process() == 1
    assert join.world.messages_left() == 0
    join.work()
    assert len(join.world.runs(payload_id("neighbour"))) == 1
    assert join.row["answer"] == "success"


def test_where_cirrus_raises_for_the_others_join_requests_leave_the_queue(join: Joined) -> None:
    """Nothing is left to be done with them."""
    join.world.send("no JSON")
    join.send(ended_as("S"))
    event = join.world.receive()
    assert event is not None
    with pytest.raises(Exception, match=r".") as raised:
        join.world.process(event)
    assert "RegistrationFailed" not in type(raised.value).__name__
    assert join.world.messages_left() <= 1
    join.stream()
    join.stream()
    join.stream()
    assert join.row["answer"] == "success"


@pytest.mark.parametrize("token", ["#join:abc:0", "#joint", "#continue", f"#join:{'0' * 32}:01"])
def test_other_reserved_tokens_are_removed_as_before(join: Joined, token: str) -> None:
    """No row comes of them; the message is not a request, then, and cirrus gets it."""
    join.world.send(payload(), token)
    join.work()
    assert join.world.rows() == []
    assert len(join.world.runs(payload_id())) == 1


def test_a_members_token_makes_no_join(join: Joined, world: World, aws: AwsCalls) -> None:
    """A list names payloads: a request in a member's place is a failed member, told so."""
    join.ask(["c/workflow-w/i", "c/workflow-w/j"], answer="settled")
    inner = Joined(world, aws)
    world.send(inner.request(ended_as("S")), f"#{join.join_id}:0")
    join.work()
    assert join.told()[0] == ("failure", INVALID)
    assert "a join's member cannot be a join" in join.rows["#member:00000"]["error"]
    assert "settled_at" not in join.row


def test_a_members_request_that_the_stream_lost_is_told_by_the_reconciler(
    join: Joined,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As every settled row is: the join's member is not lost for it."""
    join.ask(["c/workflow-w/i", "c/workflow-w/j"], answer="settled")
    join.world.send(join.request([]), f"#{join.join_id}:0")
    join.world.process()
    join.world.new_stream_records()  # lost
    assert Later(monkeypatch)(GRACE + 60)["answered"] == 1
    assert join.told()[0] == ("failure", INVALID)


def test_a_request_without_a_token_reaches_cirrus_as_it_is(join: Joined) -> None:
    """It is not a join request: the very same event, and no call."""
    join.world.send(join.request(["c/workflow-w/i"]))
    event = join.world.receive()
    seen: list[Any] = []
    with join.aws.recording() as recording:
        hook(lambda given, _: seen.append(given))(event, Context())
    (given,) = seen
    assert given is event
    assert recording.calls == []


def test_a_payload_may_not_have_a_joins_id(join: Joined) -> None:
    """It makes no key, and its row is named by its message."""
    join.world.send({**payload(), "id": join.join_id}, join.token)
    event = join.world.receive()
    assert event is not None
    try:
        join.world.process(event)
    except Exception:  # noqa: BLE001 - what this cirrus does with such an id is its own
        join.world.delete(event)
    join.work()
    (row,) = join.world.rows()
    assert row["payload_id"].startswith("invalid:")
    assert row["answer_error"] == INVALID
