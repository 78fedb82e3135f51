"""The operators' commands on a join: one line for the whole, its members where one asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.joins.rows import MemberRow
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.operations import repairs
from cirrus_callbacks_plugin.waits.table import WaitsTable, utc_now
from support.cirrus_world import PREFIX, REGION, payload_id
from support.command_line import CommandLine
from support.joined import WAITER, Joined, ended, ended_as, payloads

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World
    from support.command_line import Run

FAILED = "CirrusCallback.JoinFailed"
LONG_AGO = "2024-06-01T12:00:00.000000+00:00"
ATTACHED = payload_id("of-others")


@pytest.fixture
def join(world: World, aws: AwsCalls) -> Joined:
    """Six members: one succeeded, one failed, two run, one is attached, one is not there yet."""
    join = Joined(world, aws)
    join.ask([*payloads(4), ATTACHED], name="scenes", succeed_on=3, answer="settled")
    join.end("item-0")
    join.end("item-1", error="AssetMissing")
    join.work()
    return join


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line; no sender is waited for, each test lets it work."""
    monkeypatch.setattr(repairs, "SENDER_SECONDS", 0.0)
    cli = CommandLine(capsys)
    return lambda name, *more: cli(name, *more, "--prefix", PREFIX, "--region", REGION)


def test_waits_shows_a_join_once(join: Joined, run: Run) -> None:
    """The parent waits in one line with the counts; --members lists the members' own waits."""
    ran = run("waits", "--json")
    assert ran.status == 0, ran.err
    (wait,) = ran.json["waits"]
    assert wait["payload_id"] == join.join_id
    assert wait["waiter_payload_id"] == WAITER["payload-id"]
    reason = wait["reason"]
    assert reason["code"] == "members-pending"
    assert reason["text"] == (
        "scenes; 2 of 5 ended, 1 failed; 3 must succeed, answered when all have ended"
    )
    assert {name: reason["join"][name] for name in ("total", "needed", "pending")} == {
        "total": 5,
        "needed": 3,
        "pending": 3,
    }
    members = run("waits", "--members", "--json").json["waits"]
    assert {each["payload_id"] for each in members} == {
        join.join_id,
        payload_id("item-2"),
        payload_id("item-3"),
        ATTACHED,
    }
    table = run("waits")
    assert "2 of 5 ended" in table.out
    assert payload_id("item-2") not in table.out


@pytest.fixture
def early(world: World, aws: AwsCalls) -> Joined:
    """Four members of three kinds: one has ended; of the others process has seen one yet."""
    early = Joined(world, aws)
    url = "s3://bucket/third.json"
    early.send([ended(9), *payloads(2), {"url": url}], name="scenes")
    world.process()
    early.stream()
    event = world.receive()
    assert event is not None
    first = [record for record in event["Records"] if "item-0" in record["body"]]
    world.process({"Records": first[:1]})
    early.stream()
    return early


def test_members_that_have_not_arrived_are_named(early: Joined, run: Run) -> None:
    """Each with its index, and its id or its place; the text counts as `pending` does."""
    missing = [
        {"index": 2, "payload_id": payload_id("item-1"), "url": None, "sent": True},
        {"index": 3, "payload_id": None, "url": "s3://bucket/third.json", "sent": True},
    ]
    shown = run("show", early.join_id, "--json").json["join"]
    assert (shown["missing"], shown["not_arrived"], shown["pending"]) == (missing, 2, 3)
    text = run("show", early.join_id, "--members").out
    assert "Not ended (3):" in text
    for name in (payload_id("item-1"), "s3://bucket/third.json"):
        assert f"{name}\n         not arrived: process has not seen its message" in text
    (listed,) = (
        wait["reason"]["join"]["missing"]
        for wait in run("waits", "--members", "--json").json["waits"]
        if wait["payload_id"] == early.join_id
    )
    assert listed == missing
    assert f"missing: 2 ({payload_id('item-1')}), 3 (s3:" in run("waits", "--members").out
    (wait,) = run("waits", "--json").json["waits"]
    assert wait["reason"]["join"]["missing"] is None
    assert "missing" not in run("waits").out


def test_of_a_list_in_s3_the_indexes_are_told(world: World, aws: AwsCalls, run: Run) -> None:
    """The list itself is not read for it."""
    join = Joined(world, aws)
    join.send(members_url=join.put_list(json.dumps(payloads(2)).encode()))
    world.process()
    join.stream()
    shown = run("show", join.join_id, "--json").json["join"]
    assert [(each["index"], each["payload_id"]) for each in shown["missing"]] == [
        (0, None),
        (1, None),
    ]
    assert "Not ended (2):\n      0  an unknown payload" in run("show", join.join_id).out


def test_show_tells_everything_of_a_join(join: Joined, run: Run) -> None:
    """Failed members first, with their errors; no token anywhere."""
    ran = run("show", join.join_id)
    assert ran.status == 0, ran.err
    assert "CirrusCallback.Failed: AssetMissing" in ran.out
    assert "Not ended (3):" in ran.out
    assert "Succeeded (1):" in ran.out
    found = run("show", join.join_id, "--json").json["join"]
    assert [member["answer"] for member in found["members"]] == [
        "success",
        "failure",
        None,
        None,
        None,
    ]
    assert join.token not in ran.out + str(found)
    unknown = run("show", f"join:{'0' * 32}")
    assert unknown.status == 1
    assert "knows no such join" in unknown.out


def test_show_tells_what_a_parent_and_a_member_wait_for(join: Joined, run: Run) -> None:
    """The parent's own waits, the join as one; a member's row names its join."""
    ran = run("show", WAITER["payload-id"], "--json")
    assert ran.status == 0, ran.err
    assert [each["payload_id"] for each in ran.json["waits_for"]] == [join.join_id]
    assert "Waits itself: 0 of 1 answered\n" in run("show", WAITER["payload-id"]).out
    assert run("show", WAITER["payload-id"], "--quick").status == 1
    assert f"a member of {join.join_id}" in run("show", payload_id("item-2")).out


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_show_of_a_member_whose_join_was_answered(
    join: Joined, run: Run, is_cancelled: bool
) -> None:
    """It runs on for nobody: its wait is open until its end, or a pass, marks it."""
    about = payload_id("item-2")
    assert "its join was answered" not in run("show", about).out
    assert run("show", about, "--json").json["waits"][0]["join_answered_at"] is None
    if is_cancelled:
        assert run("cancel", join.join_id, "--yes").status == 0
        answer = "CirrusCallback.Cancelled"
    else:
        other = Joined(join.world, join.aws)
        other.ask([about, ended(7)], succeed_on="any")
        join, answer = other, "success"
    join.work()
    shown = run("show", about)
    assert f"a member of {join.join_id}, since" in shown.out
    assert f"its join was answered {answer}, " in shown.out
    wait = run("show", about, "--json").json["waits"][-1 if answer == "success" else 0]
    assert wait["join_answered_at"] == join.row["answered_at"]


@pytest.mark.parametrize("is_answered", [True, False])
def test_show_of_a_refused_request(
    world: World, aws: AwsCalls, run: Run, is_answered: bool
) -> None:
    """It says so and why, not that a list were still to be read."""
    join = Joined(world, aws)
    join.send([1], name="scenes")
    world.process()
    if is_answered:
        join.work()
    shown = run("show", join.join_id).out
    assert "its request was refused: join: member 0 is a number" in shown
    assert shown.count("member 0 is a number") == 1
    assert "not been read yet" not in shown


def test_show_of_a_join_that_ended_before_its_list_was_read(
    world: World, aws: AwsCalls, run: Run
) -> None:
    """An operator gave it up: of its members nothing is known."""
    join = Joined(world, aws)
    join.send(payloads(2))
    world.process()
    assert "its list of members has not been read yet" in run("show", join.join_id).out
    assert run("cancel", join.join_id, "--yes").status == 0
    shown = run("show", join.join_id).out
    assert "its list of members was not read before it was settled" in shown
    assert "not been read yet" not in shown


def test_a_list_that_is_refused(world: World, aws: AwsCalls, run: Run) -> None:
    """By the sender, which could not read it."""
    join = Joined(world, aws)
    join.ask(members_url=join.put_list(b"[1]"))
    assert "its request was refused: " in run("show", join.join_id).out


def test_the_graph_has_a_join_as_one_node(join: Joined, run: Run) -> None:
    """Parent and join; members come in where somebody asks about one, or one waits itself."""
    graph = run("graph", "--json").json
    assert {(node["id"], node["kind"]) for node in graph["nodes"]} == {
        (WAITER["payload-id"], "payload"),
        (join.join_id, "join"),
    }
    (node,) = [node for node in graph["nodes"] if node["kind"] == "join"]
    assert node["title"] == "join scenes"
    assert node["state"] == "2 of 5 ended, 1 failed"
    edges = run("graph", "--payload", payload_id("item-2"), "--json").json["edges"]
    assert {(edge["waiter"], edge["payload"]) for edge in edges} == {
        (WAITER["payload-id"], join.join_id),
        (join.join_id, payload_id("item-2")),
    }


def test_a_circle_through_a_join_is_seen(join: Joined, run: Run, world: World) -> None:
    """A member that waits for the join's own parent, on the graph of the whole deployment."""
    parent = payload_id("parent", "mosaic")
    world.send(
        {**payloads(1)[0], "id": parent},
        world.start_parent(),
        {"payload-id": payload_id("item-2")},
    )
    other = Joined(world, join.aws)
    world.send(
        other.request([payload_id("item-2")]),
        other.token,
        {"payload-id": parent},
    )
    other.work()
    graph = run("graph", "--json").json
    assert graph["cycles"], graph["edges"]
    assert {parent, other.join_id, payload_id("item-2")} == set(graph["cycles"][0])


def test_statistics_count_a_join_once(join: Joined, run: Run) -> None:
    """Nobody waits for a member but the join."""
    found = run("stats", "--json").json["workflows"]
    assert [(each["workflow"], each["open"]) for each in found] == [("#join", 1)]


def test_a_cancelled_join_leaves_its_members_to_run(join: Joined, run: Run) -> None:
    """The parent is told Cancelled, once; what runs goes on, and its end finds nobody."""
    with join.aws.recording() as recording:
        ran = run("cancel", join.join_id, "--reason", "withdrawn", "--yes")
        join.work()
    assert ran.status == 0, ran.out + ran.err
    assert "members are left to run" in ran.out
    answer = join.answer(recording.calls)
    assert answer["is"] == "CirrusCallback.Cancelled"
    join.end("item-2")
    join.work()
    assert join.member_wait(2)["answer"] == "stale"


def test_an_attached_member_waits_for_somebody_to_start_it(join: Joined, run: Run) -> None:
    """No message of it is in the queue, and `settle` has nothing to do from any date on."""
    shown = run("show", ATTACHED)
    assert "nobody has started the payload yet; its join waits for that up to 366" in shown.out
    assert "repair:" not in shown.out
    ran = run("settle", ATTACHED, "--yes")
    assert (ran.status, "settle it from" in ran.out) == (1, False)


def test_a_joins_members_are_not_stopped_with_it(join: Joined, run: Run) -> None:
    """The option is refused before anything is done: the join still waits."""
    for more in ([], ["--yes"]):
        ran = run("cancel", join.join_id, "--stop-child", *more)
        assert (ran.status, ran.out) == (2, "")
        assert "leave --stop-child out, and cancel a member by its own id" in " ".join(
            ran.err.split()
        )
    assert "answered_at" not in join.row
    assert "settled_at" not in join.row


def test_settle_leaves_a_join_to_its_members(join: Joined, run: Run) -> None:
    """Nothing is certain yet: the command says how far it is."""
    ran = run("settle", join.join_id, "--yes")
    assert ran.status == 1
    assert "2 of 5 ended" in ran.out


def _passed(join: Joined, **attributes: str) -> None:
    """Have it asked for years ago, in these attributes as well."""
    sets = {"registered_at": LONG_AGO, **attributes}
    join.world.dynamodb.update_item(
        TableName=join.world.names.callbacks_table,
        Key={"payload_id": {"S": join.join_id}, "task_token": {"S": "#join"}},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in sets),
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in sets.items()},
    )


@pytest.mark.parametrize(
    ("succeed_on", "told", "answer"),
    [(1, "settle it as SUCCEEDED", "success"), (2, f"settle it as {FAILED}", FAILED)],
)
def test_settle_does_not_wait_for_the_pass_after_a_deadline(
    join: Joined, run: Run, succeed_on: int, told: str, answer: str
) -> None:
    """What the members' rows say decides, and the parent is told it; waits and show say so."""
    other = Joined(join.world, join.aws)
    other.ask(ended_as("SF.", 5), deadline_seconds=60, succeed_on=succeed_on, answer="settled")
    _passed(other, deadline_at=LONG_AGO)
    listed = {wait["payload_id"]: wait["reason"] for wait in run("waits", "--json").json["waits"]}
    assert listed[other.join_id]["text"].endswith("; its deadline has passed")
    assert (listed[other.join_id]["repair"], listed[join.join_id]["repair"]) == ("settle", None)
    assert "its deadline has passed; repair: settle" in run("show", other.join_id).out
    with join.aws.recording() as recording:
        ran = run("settle", other.join_id, "--yes", "--reason", "no time left")
    assert (ran.status, told in ran.out) == (0, True), ran.out + ran.err
    assert other.answer(recording.calls)["is"] == answer
    shown = run("show", other.join_id).out
    assert "no time left" in shown
    assert "repair:" not in shown


def test_settle_has_members_sent(world: World, aws: AwsCalls, run: Run) -> None:
    """The record that would have had the sender send them is lost; a young join is left alone."""
    join = Joined(world, aws)
    join.send(payloads(2))
    world.process()
    world.new_stream_records()
    assert "repair" not in run("waits").out
    _passed(join)
    assert "its list of members is still to be read; repair: settle" in run("waits").out
    planned = run("reconcile", "--dry-run", "--json").json["planned"]
    assert [(each["act"], each["payload_id"]) for each in planned] == [("expand", join.join_id)]
    ran = run("settle", join.join_id, "--yes")
    assert (ran.status, "done, and open: its members decide" in ran.out) == (1, True), ran.out
    join.work()
    assert (join.row["total"], join.row["sent"]) == (2, 2)
    assert join.row["history"][0]["action"] == "settle"


def test_settle_tells_of_members_that_no_queue_keeps(early: Joined, run: Run) -> None:
    """Those without a row never started; those that run are waited for."""
    _passed(early, sent_at=LONG_AGO)
    ran = run("settle", early.join_id, "--yes", "--json")
    assert ran.status == 0, ran.err
    assert [each["act"] for each in ran.json["planned"]] == ["tell-missing"]
    assert early.told()[2] == ("failure", "CirrusCallback.NeverStarted")
    assert early.row["answer_error"] == FAILED
    assert run("settle", early.join_id, "--yes").out == f"Nobody waits for {early.join_id}.\n"


def test_settle_sees_members_that_have_decided(join: Joined, run: Run) -> None:
    """Their join was not settled when the last of them was told."""
    other = Joined(join.world, join.aws)
    other.ask([ended(7), payload_id("item-2")], answer="settled")
    row = MemberRow(MemberToken(other.join_id, 1), answer="success", told_at=LONG_AGO)
    waits = WaitsTable(other.world.dynamodb, other.world.names.callbacks_table, utc_now)
    JoinsTable(waits).tell(row)
    assert run("settle", other.join_id, "--yes").status == 1
    _passed(other, sent_at=LONG_AGO)
    ran = run("settle", other.join_id, "--yes")
    assert (ran.status, "settle it as SUCCEEDED: 2 of 2 ended" in ran.out) == (0, True), ran.out
    assert other.row["answer"] == "success"


def test_a_members_own_wait_is_cancelled_towards_its_join(join: Joined, run: Run) -> None:
    """A member that is given up is a failed member; no member's token reaches Step Functions."""
    join.end("item-2")
    join.end("item-3")
    join.work()
    with join.aws.recording() as recording:
        assert run("cancel", ATTACHED, "--yes").status == 0
        join.work()
    answer = join.answer(recording.calls)
    assert (answer["is"], answer["succeeded"], answer["failed"]) == ("success", 3, 2)
    assert len(recording.of("SendTaskSuccess") + recording.of("SendTaskFailure")) == 1


def test_resend_answers_a_settled_join(join: Joined, run: Run) -> None:
    """The record that would have had the sender answer is lost: the command does it."""
    join.end("item-2")
    join.end("item-3")
    join.work()
    assert run("cancel", ATTACHED, "--yes").status == 0
    assert join.row["workflow_state"] == "SUCCEEDED"
    join.world.new_stream_records()
    with join.aws.recording() as recording:
        ran = run("resend", join.join_id, "--yes")
    assert ran.status == 0, ran.out
    assert join.answer(recording.calls)["succeeded"] == 3
