"""One token waits for many payloads: from the request to the answer, on every cirrus."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from support.cirrus_world import payload, payload_id
from support.generation import run_elsewhere, state_db
from support.joined import Joined, ended, ended_as, payloads

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


@pytest.fixture
def join(world: World, aws: AwsCalls) -> Joined:
    return Joined(world, aws)


def test_a_parent_is_answered_once_all_its_members_succeeded(join: Joined) -> None:
    """One message, one token, one answer: the members in order, each with its outcome."""
    join.ask(payloads(3), name="scenes")
    assert join.row["total"] == join.row["sent"] == 3
    assert "#expand" not in join.rows
    assert join.told() == dict.fromkeys(range(3), (None, None))
    with join.aws.recording() as recording:
        for number in (2, 0, 1):
            join.end(f"item-{number}")
            join.work()
    answer = join.answer(recording.calls)
    assert {name: answer[name] for name in ("is", "join_id", "name", "total", "succeeded")} == {
        "is": "success",
        "join_id": join.join_id,
        "name": "scenes",
        "total": 3,
        "succeeded": 3,
    }
    assert (answer["failed"], answer["pending"]) == (0, 0)
    assert [each["payload_id"] for each in answer["members"]] == [
        payload_id(f"item-{number}") for number in range(3)
    ]
    assert [each["index"] for each in answer["members"]] == [0, 1, 2]
    assert join.world.parent_of(join.token)["status"] == "SUCCEEDED"
    assert join.row["answer"] == "success"
    assert {join.member_wait(each)["answer"] for each in range(3)} == {"success"}


def test_members_of_every_kind_in_one_list(join: Joined) -> None:
    """Payloads, references, ids as objects and as texts; each where it stands in the list."""
    bucket = join.world.names.payload_bucket
    body = json.dumps(payload("by-url")).encode()
    join.world.s3.put_object(Bucket=bucket, Key="by-url.json", Body=body)
    join.ask(
        [
            ended(0),
            payload("sent"),
            {"url": f"s3://{bucket}/by-url.json"},
            {"payload_id": ended(1)},
        ]
    )
    assert join.told() == {
        0: ("success", None),
        1: (None, None),
        2: (None, None),
        3: ("success", None),
    }
    assert join.member_wait(0)["attached"] is True
    with join.aws.recording() as recording:
        join.end("by-url")
        join.end("sent")
        join.work()
    answer = join.answer(recording.calls)
    assert [each["payload_id"] for each in answer["members"]] == [
        payload_id(each) for each in ("item-0", "sent", "by-url", "item-1")
    ]


def test_an_attached_payload_is_waited_for_until_its_run_ends(join: Joined) -> None:
    """Nobody starts it again; its own end is told."""
    join.world.deliver((payload("item-0"), None))
    join.ask([payload_id("item-0")])
    assert join.world.messages_left() == 0
    with join.aws.recording() as recording:
        join.end("item-0", error="Broken")
        join.work()
    answer = join.answer(recording.calls)
    assert answer["is"] == "CirrusCallback.JoinFailed"
    (member,) = answer["members"]
    assert member["error"]["name"] == "CirrusCallback.Failed"
    assert member["execution_arn"] == join.world.runs(payload_id("item-0"))[0]
    assert len(join.world.runs(payload_id("item-0"))) == 1


def test_an_attached_payload_that_ends_while_it_is_attached(join: Joined) -> None:
    """Between the read of its record and the put of its wait nobody else would settle it."""
    about = ended(0, "PROCESSING")
    join.send([about])
    join.world.process()
    join.aws.just_before("PutItem", lambda: state_db().set_failed(about, "it broke"))
    with join.aws.recording() as recording:
        join.work()
    assert join.answer(recording.calls)["is"] == "CirrusCallback.JoinFailed"


@pytest.mark.parametrize("runs", [("old", "new"), ()])
def test_a_record_that_does_not_tell_which_run_ended_is_left(
    join: Joined,
    runs: tuple[str, ...],
) -> None:
    """A late event of an older run may have written the state: the reconciler asks."""
    about = ended(0, "FAILED", runs or ("x",)) if runs else payload_id("nobody-knows-it")
    join.ask([about])
    assert join.told() == {0: (None, None)}
    assert "settled_at" not in join.member_wait(0)


@pytest.mark.parametrize(
    ("states", "rule", "told"),
    [
        ("SSS", {}, "success"),
        ("SF.", {}, "CirrusCallback.JoinFailed"),
        ("SS.", {}, None),
        ("FS.", {"succeed_on": "any"}, "success"),
        ("FF", {"succeed_on": "any"}, "CirrusCallback.JoinFailed"),
        ("FSS.", {"succeed_on": 2}, "success"),
        ("FSF.", {"succeed_on": 2.0}, None),
        ("FFF.", {"succeed_on": 2}, "CirrusCallback.JoinFailed"),
        ("S.", {"succeed_on": "any", "answer": "settled"}, None),
        ("F.", {"answer": "settled"}, None),
        ("SF", {"succeed_on": "any", "answer": "settled"}, "success"),
        ("SF", {"answer": "settled"}, "CirrusCallback.JoinFailed"),
        ("", {}, "success"),
        ("", {"succeed_on": "any"}, "CirrusCallback.JoinFailed"),
        ("S", {"succeed_on": "any"}, "success"),
    ],
)
def test_when_a_join_is_answered_and_with_what(
    join: Joined,
    states: str,
    rule: dict[str, Any],
    told: str | None,
) -> None:
    """All, any or so many; early, or once all have ended; of none at once."""
    with join.aws.recording() as recording:
        join.ask(ended_as(states), **rule)
    if told is None:
        assert "settled_at" not in join.row
        return
    answer = join.answer(recording.calls)
    assert answer["is"] == told
    assert answer["total"] == len(states)
    assert answer["pending"] == states.count(".")
    assert "#expand" not in join.rows


def test_one_member_may_stand_without_a_list(join: Joined) -> None:
    """JSONata writes a list of one so."""
    with join.aws.recording() as recording:
        join.ask({"payload_id": ended(0)})
    assert join.answer(recording.calls)["total"] == 1


@pytest.mark.parametrize("form", ["array", "lines", "gz", "two parts"])
def test_a_list_in_s3(join: Joined, form: str) -> None:
    """A JSON array or JSON lines, packed or not, in one part or more; its ETag is noted."""
    lines = [f"{json.dumps(each)}\n".encode() for each in ended_as("SS")]
    body = {
        "array": b"[%b]" % b",".join(lines),
        "lines": b"".join(lines),
        "gz": gzip.compress(b"".join(lines)),
        "two parts": b"".join(map(gzip.compress, lines)),
    }[form]
    url = join.put_list(body)
    with join.aws.recording() as recording:
        join.ask(members_url=url)
    assert join.answer(recording.calls)["succeeded"] == 2
    assert join.row["etag"]


def test_the_whole_list_of_members_lies_in_s3(
    join: Joined,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A JSON array as a Map's ItemReader reads it, where the answer says."""
    bucket = join.world.names.payload_bucket
    monkeypatch.setenv("CIRRUS_CALLBACKS_JOINS_URL", f"s3://{bucket}/joins/")
    with join.aws.recording() as recording:
        join.ask(ended_as("SF."), succeed_on="any")
    answer = join.answer(recording.calls)
    place = answer["members_at"]
    assert place == {"bucket": bucket, "key": f"joins/{join.join_id[5:]}.json"}
    body = join.world.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    assert json.loads(body) == answer["members"]
    assert [each["index"] for each in answer["members"]] == [0, 1, 2]


@pytest.mark.parametrize("url", [None, "", "s3://nobodys-bucket/joins/"])
def test_a_place_that_is_unset_or_refused_is_not_named(
    join: Joined,
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
) -> None:
    """The answer is given all the same."""
    monkeypatch.delenv("CIRRUS_CALLBACKS_JOINS_URL", raising=False)
    if url is not None:
        monkeypatch.setenv("CIRRUS_CALLBACKS_JOINS_URL", url)
    with join.aws.recording() as recording:
        join.ask(ended_as("S"))
    answer = join.answer(recording.calls)
    assert answer["is"] == "success"
    assert "members_at" not in answer


def test_what_failed_is_told_with_its_members(join: Joined) -> None:
    """The failed ones alone, and why, in the words that cirrus reads too."""
    with join.aws.recording() as recording:
        join.ask(ended_as("SFFF"), succeed_on=2)
    answer = join.answer(recording.calls)
    assert answer["error"] == answer["errorMessage"] == "3 of 4 members failed, 2 had to succeed"
    assert [each["index"] for each in answer["members"]] == [1, 2, 3]
    assert {each["error"]["name"] for each in answer["members"]} == {"CirrusCallback.Failed"}
    assert join.world.parent_of(join.token)["error"] == "CirrusCallback.JoinFailed"


def test_one_payload_may_be_two_members(join: Joined) -> None:
    """It runs once, and both are told."""
    join.ask([payload("twice"), payload("twice")])
    assert len(join.world.runs(payload_id("twice"))) == 1
    with join.aws.recording() as recording:
        join.end("twice")
        join.work()
    assert join.answer(recording.calls)["succeeded"] == 2


def test_members_may_be_of_several_workflows(join: Joined) -> None:
    """Each is judged by its own workflow's flag."""
    join.world.add_workflow("other")
    join.ask([payload("a"), payload("b", "other")])
    with join.aws.recording() as recording:
        join.end("a")
        join.end("b", workflow="other")
        join.work()
    assert join.answer(recording.calls)["succeeded"] == 2


def test_a_member_of_a_workflow_that_is_not_enabled_has_failed(
    join: Joined,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The join itself has no flag; its other members are waited for."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_WORKFLOWS", "other")
    with join.aws.recording() as recording:
        join.ask([ended(0)], succeed_on="any")
    answer = join.answer(recording.calls)
    assert answer["is"] == "CirrusCallback.JoinFailed"
    (member,) = answer["members"]
    assert member["error"]["name"] == "CirrusCallback.NotEnabled"
    assert join.member_wait(0)["answer_error"] == "CirrusCallback.NotEnabled"


def test_a_member_may_bring_a_token_of_its_own(join: Joined) -> None:
    """Both who wait for it are told: the join, and the owner of its token."""
    other = join.world.start_parent()
    join.ask([payload("item", callback={"task_token": other})])
    join.end("item")
    join.work()
    assert join.row["answer"] == "success"
    assert join.world.row(other)["answer"] == "success"


def test_the_members_of_an_answered_join_run_on_untold(join: Joined) -> None:
    """An early answer stops no child; what ends later is stale, and told to nobody."""
    join.ask([ended(0), payload("late")], succeed_on="any")
    assert join.row["answer"] == "success"
    join.end("late")
    join.work()
    assert join.member_wait(1)["answer"] == "stale"
    assert join.told()[1] == (None, None)


def test_a_token_that_names_no_member_is_told_to_nobody(join: Joined) -> None:
    """An index beyond the list, or a join that nobody asked for."""
    join.ask([ended(0), payload_id("nobody-starts-it")])
    strange = [f"#{join.join_id}:2", f"#join:{'0' * 32}:0"]
    run_elsewhere(payload_id(), join.world.run_arn("old"), "SUCCEEDED")
    with join.aws.recording() as recording:
        for token in strange:
            join.world.send(payload(), token)
        join.work()
    assert [join.world.row(token)["answer"] for token in strange] == ["stale", "stale"]
    assert not recording.of("SendTaskSuccess") + recording.of("SendTaskFailure")
    assert "settled_at" not in join.row


def test_a_member_may_be_the_first_link_of_a_chain(join: Joined) -> None:
    """Its join waits for that link; the next one's message holds no token."""
    join.world.add_workflow("mosaic")
    (member,) = payloads(1)
    member["process"].append(payload("item-0", "mosaic")["process"][0])
    join.ask([member])
    join.end("item-0")
    join.stream()
    join.stream()
    assert join.told() == {0: ("success", None)}
    event = join.world.receive()
    assert event is not None
    assert join.join_id not in json.dumps(event)
    join.world.process(event)
    assert len(join.world.runs(payload_id("item-0", "mosaic"))) == 1
    join.work()
    assert join.row["answer"] == "success"


def test_the_token_of_a_join_may_travel_in_a_notification(join: Joined) -> None:
    """SNS in SQS: the attributes stand in the body, which is all that 0.7 takes."""
    token = {"Type": "String", "Value": join.token}
    notification = {
        "Type": "Notification",
        "Message": json.dumps(join.request(ended_as("S"))),
        "MessageAttributes": {"cirrus-task-token": token},
    }
    join.world.send("{}")
    event = join.world.receive()
    assert event is not None
    event["Records"][0]["body"] = json.dumps(notification)
    join.world.process(event)
    join.work()
    assert join.row["answer"] == "success"


@pytest.mark.parametrize("carrier", ["beside", "envelope", "envelope around reference"])
def test_the_token_of_a_join_may_travel_as_every_other(join: Joined, carrier: str) -> None:
    """Beside the join as beside a url; in an envelope."""
    body = join.request(ended_as("S"))
    told = {"task_token": join.token, "waiter": {"payload_id": "who"}}
    if carrier == "beside":
        join.world.send({**body, "callback": told})
    elif carrier == "envelope":
        join.world.send({"Payload": body, "TaskToken": join.token})
    else:
        join.world.send({"Payload": {**body, "callback": told}, "TaskToken": join.token})
    join.work()
    assert join.row["answer"] == "success"


def test_every_token_makes_a_join_of_its_own(join: Joined) -> None:
    """Two parents may ask with one message."""
    other = Joined(join.world, join.aws)
    told = {"task_token": other.token}
    join.world.send({**join.request(ended_as("S")), "callback": told}, join.token)
    join.work()
    assert join.row["answer"] == other.row["answer"] == "success"
