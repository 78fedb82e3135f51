"""A new join's members: counted once, sent or attached chunk by chunk, in the time there is."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.joins import expanding
from cirrus_callbacks_plugin.joins.expanding import Expander
from cirrus_callbacks_plugin.joins.members import Attached, pack, parse_list
from cirrus_callbacks_plugin.joins.queueing import Message
from cirrus_callbacks_plugin.joins.rows import Definition, Expansion, Join
from cirrus_callbacks_plugin.joins.telling import Teller
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import MalformedRowError
from support.joins_in_memory import AT_NOON, JOIN_ID, JoinsInMemory, index_of
from support.logged_steps import lines, listen

QUEUE = "arn:aws:sqs:us-west-2:123456789012:process"
LONG_AGO = "2024-05-01T00:00:00.000000+00:00"


class Queue:
    """SQS.

    Attributes:
        sent: the indexes of members, call by call.
        refuses: those whose message is refused.
        on_call: called before each.
    """

    meta = SimpleNamespace(endpoint_url="https://sqs.example")

    def __init__(self) -> None:
        self.sent: list[list[int]] = []
        self.urls: set[str] = set()
        self.refuses: set[int] = set()
        self.on_call: Any = lambda: None

    def send_message_batch(self, **given: Any) -> dict[str, Any]:
        """Take all but those."""
        self.on_call()
        self.urls.add(given["QueueUrl"])
        indexes = [index_of(each) for each in given["Entries"]]
        self.sent.append(indexes)
        return {"Failed": [{"Id": str(indexes.index(each))} for each in self.refuses]}

    def send_message(self, **_: Any) -> None:
        """Refuse each."""
        raise ClientError({"Error": {"Code": "MessageTooLong", "Message": ""}}, "SendMessage")


class World:
    """A join, its list, and what it is expanded with.

    Attributes:
        attached: what was attached, call by call.
        times: what the clock says, one after the other; then the last one.
        time_left: what the invocation says of its own time; then True.
        pinned: which list was asked for, read by read.
    """

    def __init__(self) -> None:
        self.there = JoinsInMemory()
        self.queue = Queue()
        self.attached: list[list[tuple[MemberToken, Attached]]] = []
        self.times = [0.0]
        self.time_left = [True]
        self.objects: dict[str, bytes] = {}
        self.pinned: list[str | None] = []

    def open(self, members: Any, **facts: Any) -> Join:
        """Have it there."""
        join = self.there.open(**{"queue_arn": QUEUE, **facts})
        packed = pack(parse_list(members))
        self.there.client.put(Definition(JOIN_ID, packed, None, 7).to_item())
        return self._expansion(join)

    def open_elsewhere(self, body: bytes, **facts: Any) -> Join:
        """Have one there whose list lies in S3."""
        join = self.there.open(**{"queue_arn": QUEUE, **facts})
        self.objects["k"] = body
        self.there.client.put(Definition(JOIN_ID, None, "s3://b/k", 7).to_item())
        return self._expansion(join)

    def _expansion(self, join: Join) -> Join:
        self.there.client.put(Expansion(JOIN_ID, LONG_AGO, 7).to_item())
        return join

    def get_object(self, Key: str, **more: Any) -> dict[str, Any]:  # noqa: N803 - boto3's own
        """S3."""
        self.pinned.append(more.get("IfMatch"))
        body = self.objects[Key]
        return {"ContentLength": len(body), "Body": io.BytesIO(body), "ETag": '"1"'}

    def attach(self, _: Join, members: Any) -> None:
        """Attach some."""
        self.attached.append(list(members))

    def expand(self) -> None:
        """Work off the expansion."""
        self.there.client.calls.clear()
        me: Any = self
        Expander(
            self.there.table,
            Teller(self.there.table, 60),
            attacher=me,
            s3=lambda: me,
            sqs=lambda: self.queue,
            has_time_left=lambda: self.time_left.pop(0) if self.time_left else True,
            clock=lambda: self.times.pop(0) if len(self.times) > 1 else self.times[0],
        ).expand(Expansion(JOIN_ID, LONG_AGO, 7))

    @property
    def row(self) -> dict[str, Any]:
        """The join's row."""
        return self.there.join_row()

    @property
    def expansion(self) -> Any:
        """When the expansion was put; None where it is gone."""
        found = self.there.client.row(JOIN_ID, "#expand")
        return None if found is None else found["settled_at"]


@pytest.fixture
def world() -> World:
    """Nothing."""
    return World()


def references(count: int) -> list[dict[str, str]]:
    """So many members."""
    return [{"url": f"s3://b/{index}"} for index in range(count)]


def test_members_are_sent_or_attached_each_as_what_it_is(world: World) -> None:
    """To the queue that the request came from; then nothing is left."""
    world.open([*references(2), "c/workflow-w/i", {"process": []}])
    world.expand()
    assert world.queue.sent == [[0, 1, 3]]
    assert world.queue.urls == {"https://sqs.example/123456789012/process"}
    assert world.attached == [[(MemberToken(JOIN_ID, 2), Attached("c/workflow-w/i"))]]
    assert (world.row["total"], world.row["sent"], world.row["sent_at"]) == (4, 4, AT_NOON)
    assert world.expansion is None


@pytest.mark.parametrize("members", [["c/workflow-w/i"], references(1)])
def test_what_is_not_needed_is_not_called(world: World, members: Any) -> None:
    """No queue for attached members, no reads for those that are sent."""
    world.open(members)
    world.expand()
    assert (world.queue.sent == []) is bool(world.attached)
    assert world.row["sent"] == 1


def test_a_chunk_is_a_hundred(world: World) -> None:
    """``sent`` moves on after each: a crash repeats one at most."""
    world.open(references(201))
    seen: list[int] = []
    world.queue.on_call = lambda: seen.append(world.row.get("sent", 0))
    world.expand()
    assert sorted(set(seen)) == [0, 100, 200]
    assert sorted(index for call in world.queue.sent for index in call) == [*range(201)]
    assert world.row["sent"] == 201


def test_it_goes_on_where_another_one_ended(world: World) -> None:
    """The list was counted already; what was sent is not sent again."""
    world.open(references(5), total=5, sent=3)
    world.expand()
    assert world.queue.sent == [[3, 4]]
    assert world.row["sent"] == 5


@pytest.mark.parametrize(
    "facts",
    [
        {"total": 5, "sent": 5},
        {"total": 5, "sent": 3, "is_settled": True},
        {"total": 5, "sent": 3, "is_answered": True},
    ],
)
def test_where_nothing_is_left_nothing_is_read(world: World, facts: dict[str, Any]) -> None:
    """The expansion goes."""
    world.open(references(5), **facts)
    world.expand()
    assert world.queue.sent == []
    assert [name for name, _ in world.there.client.calls] == ["BatchGetItem", "DeleteItem"]
    assert world.expansion is None


def test_of_a_join_that_is_gone_nothing_is_sent(world: World) -> None:
    """The expansion goes too."""
    world.open(references(1))
    del world.there.client.table.items[JOIN_ID, "#join"]
    world.expand()
    assert (world.queue.sent, world.expansion) == ([], None)


def test_a_join_that_cannot_be_read_is_met_by_the_caller(world: World) -> None:
    """Its expansion stays: nobody can tell what is left."""
    join = world.open(references(1))
    world.there.client.put({**join.to_item(), "total": {"S": "x"}})
    with pytest.raises(MalformedRowError, match=f"{JOIN_ID} cannot be read: total"):
        world.expand()
    assert world.expansion == LONG_AGO


@pytest.mark.parametrize(
    ("times", "time_left", "sent"),
    [
        ([0.0, 9.9, 10.0], [], 100),
        ([0.0, 10.0], [], 0),
        ([5.0, 14.9, 14.9, 15.0], [], 200),
        ([0.0], [True, True, False], 100),
        ([0.0], [True, False], 0),
        ([0.0], [False], 0),
    ],
)
def test_it_takes_ten_seconds_of_a_batch(
    world: World, times: list[float], time_left: list[bool], sent: int
) -> None:
    """Or what the invocation has left; the rest is put again, behind others' records."""
    world.open(references(301))
    world.times, world.time_left = times, time_left
    world.expand()
    assert world.row.get("sent", 0) == sent
    assert world.expansion == AT_NOON


def test_reading_a_long_list_takes_nothing_of_the_ten_seconds(world: World) -> None:
    """Where it takes longer, no pass would ever send a member otherwise."""
    world.open_elsewhere(json.dumps(references(150)).encode())
    read = world.get_object

    def read_slowly(**asked: Any) -> dict[str, Any]:
        world.times = [60.0, 60.0, 60.1, 70.1]
        return read(**asked)

    world.get_object = read_slowly  # type: ignore[method-assign]
    world.expand()
    assert world.row["sent"] == 100 + 50
    assert world.expansion is None


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_chunk_of_large_members_is_smaller(
    world: World, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Its messages are held together; one member at least is sent."""
    monkeypatch.setattr(expanding, "CHUNK_BYTES", 2500)
    members = [{"process": [], "x": "y" * size} for size in (1000, 1000, 1000, 9000, 10)]
    texts = [json.dumps(each) for each in members]
    body = f"[{', '.join(texts)}]" if form == "array" else "\n".join(texts)
    world.open_elsewhere(body.encode())
    world.expand()
    assert world.queue.sent == [[0, 1], [2], [3], [4]]


def test_without_time_the_list_is_not_even_read(world: World) -> None:
    """Several long ones in a batch would take all that the invocation has."""
    world.open_elsewhere(json.dumps(references(3)).encode())
    world.time_left = [False]
    world.expand()
    assert (world.pinned, world.expansion) == ([], AT_NOON)


@pytest.mark.parametrize("escaped", ["the parent's token", r"the parent\u0027s token"])
def test_a_list_in_s3_that_holds_the_joins_own_token_settles_it(world: World, escaped: str) -> None:
    """However it is written: the member's payload would answer the parent. Nothing is sent."""
    own = f'{{"process": [{{"callback": {{"task_token": "{escaped}"}}}}]}}'
    world.open_elsewhere(f'{{"url": "s3://b/k"}}\n{own}'.encode())
    world.expand()
    assert world.row["answer_error"] == "CirrusCallback.InvalidPayload"
    assert "member 1 holds the join's own task token" in world.row["error"]
    assert world.queue.sent == []
    assert world.expansion is None


def test_a_list_that_was_read_before_is_not_judged_again(world: World) -> None:
    """It is the same one, by its ETag: what is left is sent."""
    own = {"process": [{"callback": {"task_token": "the parent's token"}}]}
    world.open_elsewhere(
        json.dumps([own, {"url": "s3://b/k"}]).encode(), total=2, sent=1, etag='"1"'
    )
    world.expand()
    assert world.queue.sent == [[1]]


def test_a_list_that_an_older_sender_accepted_settles_its_join(world: World) -> None:
    """It had fewer rules: what breaks one of today's is said, and blocks no shard."""
    members = [{"url": "s3://b/k"}, {"url": "s3://b"}]
    world.open_elsewhere(json.dumps(members).encode(), total=2, sent=1, etag='"1"')
    world.expand()
    assert world.row["answer_error"] == "CirrusCallback.InvalidPayload"
    assert "member 1 has a url that is not s3://BUCKET/KEY" in world.row["error"]
    assert world.expansion is None


def test_a_member_that_no_message_can_hold_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python could read it and cannot write it: the others are sent."""
    original = Message.of

    def of(member: MemberToken, content: Any, join: Join) -> Message:
        if member.index == 1:
            raise RecursionError
        return original(member, content, join)

    monkeypatch.setattr(Message, "of", of)
    world.open(references(3))
    world.expand()
    assert world.queue.sent == [[0, 2]]
    row = world.there.member_row(1)
    assert row is not None
    assert (row["answer_error"], row["error"]) == (
        "CirrusCallback.InvalidPayload",
        "it is nested too deeply for a message",
    )
    assert world.row["sent"] == 3


def test_of_none_the_join_is_settled(world: World) -> None:
    """Nothing will ever be told of it."""
    world.open([])
    world.expand()
    assert (world.row["total"], world.row["workflow_state"]) == (0, "SUCCEEDED")
    assert world.expansion is None


def test_of_none_though_it_was_counted_before(world: World) -> None:
    """Who counted it may have crashed."""
    world.open([], total=0)
    world.expand()
    assert world.row["workflow_state"] == "SUCCEEDED"


@pytest.mark.parametrize("total", [1, None])
def test_nobody_else_is_settled_by_it(world: World, total: int | None) -> None:
    """Members that are there decide once they were told."""
    world.open(references(1), total=total)
    world.expand()
    assert world.row["workflow_state"] == "PROCESSING"


@pytest.mark.parametrize(
    ("facts", "body", "said"),
    [
        ({}, b"[7]", "member 0 is a number"),
        ({"succeed_on": 2}, b'["c/workflow-w/i"]', "succeed_on 2 and 1 member"),
    ],
)
def test_a_list_that_breaks_the_rules_settles_the_join(
    world: World, facts: dict[str, Any], body: bytes, said: str
) -> None:
    """Nothing is sent of it."""
    world.open_elsewhere(body, **facts)
    world.expand()
    assert world.row["answer_error"] == "CirrusCallback.InvalidPayload"
    assert said in world.row["error"]
    assert (world.queue.sent, world.attached, world.expansion) == ([], [], None)
    assert "total" not in world.row


def test_a_definition_that_somebody_spoiled_settles_the_join(world: World) -> None:
    """It would block a shard for ever."""
    world.open([])
    del world.there.client.table.items[JOIN_ID, "#definition"]["members"]
    world.expand()
    assert "no list of members" in world.row["error"]


def test_a_list_is_pinned_when_it_is_counted(world: World) -> None:
    """What it was then is what is sent."""
    world.open_elsewhere(json.dumps(references(2)).encode())
    world.expand()
    assert (world.row["etag"], world.row["total"]) == ('"1"', 2)
    assert world.queue.sent == [[0, 1]]
    world.open_elsewhere(json.dumps(references(2)).encode(), etag='"1"', total=2, sent=1)
    world.expand()
    assert world.queue.sent == [[0, 1], [1]]
    assert world.pinned == [None, '"1"']


@pytest.mark.parametrize(
    ("facts", "is_invalid", "sent"),
    [
        ({"total": 2, "etag": '"1"'}, False, [[0, 1]]),  # the same object
        ({"total": 2, "etag": '"2"'}, True, []),
        ({"total": 2, "etag": '"2"', "is_settled": True}, False, []),
        ({"total": 2, "etag": '"1"', "sent": 1}, False, [[1]]),
        (None, False, []),
    ],
)
def test_two_may_count_a_list_at_once(
    world: World, facts: dict[str, Any] | None, is_invalid: bool, sent: Any
) -> None:
    """What the first one counted counts: members keep their places in it."""
    world.open_elsewhere(json.dumps(references(2)).encode())

    def first(operation: str, _: Any) -> None:
        if operation == "UpdateItem":
            world.there.client.refuses = lambda *_: None
            if facts is None:
                del world.there.client.table.items[JOIN_ID, "#join"]
            else:
                world.there.open(queue_arn=QUEUE, **facts)

    world.there.client.refuses = first
    world.expand()
    assert world.queue.sent == sent
    assert world.expansion is None
    if facts is not None:
        assert ("answer_error" in world.row) is is_invalid
    if is_invalid:
        assert "changed while it was first read" in world.row["error"]


@pytest.mark.parametrize(
    ("facts", "sent"),
    [
        ({"total": 150, "sent": 120}, [100, 30]),
        ({"total": 150, "sent": 100, "is_settled": True}, [100]),
        (None, [100]),
    ],
)
def test_somebody_else_may_have_moved_on(
    world: World, facts: dict[str, Any] | None, sent: list[int]
) -> None:
    """The join is read again, and what it says now is gone on from."""
    world.open(references(150))

    def meanwhile() -> None:
        world.queue.on_call = lambda: None
        if facts is None:
            del world.there.client.table.items[JOIN_ID, "#join"]
        else:
            world.there.open(queue_arn=QUEUE, **facts)

    world.queue.on_call = meanwhile
    world.expand()
    chunks = [each for call in world.queue.sent for each in call]
    assert len(chunks) == sum(sent)
    assert sorted(set(chunks)) == [*range(100), *range(120, 150)][: sum(sent)]
    assert world.expansion is None


def test_a_member_that_cannot_be_sent_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No wait of its own will ever tell of it; the id is the one that it names itself."""
    listen(caplog)
    monkeypatch.setattr(expanding, "CHUNK", 2)
    members = [*references(3), {"process": [], "id": "c/workflow-w/i"}]
    world.open(members, succeed_on=1, total=4, sent=2)
    world.queue.refuses = {3}
    world.expand()
    row = world.there.member_row(3)
    assert row is not None
    assert row["member_payload_id"] == "c/workflow-w/i"
    assert (row["workflow_state"], row["answer"]) == ("INVALID", "failure")
    assert (row["answer_error"], row["told_at"]) == ("CirrusCallback.InvalidPayload", AT_NOON)
    assert row["error"].startswith("SQS refused the message")
    assert (world.row["failed"], world.row["sent"]) == (1, 4)
    (line,) = [line for _, line in lines(caplog) if line["payload_id"] == "c/workflow-w/i"]
    assert (line["callback"], line["wait"]) == ("told to its join", "01234567:3")
    assert line["answer_error"] == "CirrusCallback.InvalidPayload"
    assert line["why"] == row["error"]


def test_why_a_member_cannot_be_sent_is_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """To what a member's row holds: ten thousand are read for one answer."""
    monkeypatch.setattr(expanding, "MAX_ERROR_BYTES", 20)
    world.open(references(1))
    world.queue.refuses = {0}
    world.expand()
    row = world.there.member_row(0)
    assert row is not None
    assert len(row["error"].encode()) == 20


def test_a_member_that_could_not_be_told_is_met_by_the_caller(world: World) -> None:
    """``sent`` stays behind it: the chunk is sent again."""
    world.open(references(1), total=1)
    world.queue.refuses = {0}

    def refuse(_: str, request: Any) -> str | None:
        told = request.get("Key", {}).get("task_token", {}).get("S", "")
        return "AccessDeniedException" if told.startswith("#member:") else None

    world.there.client.refuses = refuse
    with pytest.raises(ClientError, match="AccessDenied"):
        world.expand()
    assert "sent" not in world.row
    assert world.expansion == LONG_AGO


def test_the_expansion_of_the_lambda_counts_real_seconds(world: World) -> None:
    """The clock never goes back."""
    nothing: Any = None
    expander = Expander(
        world.there.table, nothing, nothing, nothing, nothing, has_time_left=lambda: True
    )
    assert expander.clock() <= replace(expander).clock()
