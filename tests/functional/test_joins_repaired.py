"""What the reconciler and operators do for joins: nothing where nothing is wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.config import ReconcilerSettings, Tables
from cirrus_callbacks_plugin.joins import expanding
from cirrus_callbacks_plugin.joins.rows import Join
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from cirrus_callbacks_plugin.operations import repairs
from cirrus_callbacks_plugin.operations.deployment import Deployment
from cirrus_callbacks_plugin.operations.survey import Survey
from cirrus_callbacks_plugin.reconcile.walk import RepairWalk
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key
from cirrus_callbacks_plugin.waits.table import utc_now
from support.cirrus_world import payload, payload_id
from support.generation import state_db
from support.joined import Joined, ended, ended_as, payloads
from support.later import GRACE, REDELIVERY, Later

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

DAY = 86_400
QUEUE = 14 * DAY
DONE = ("settled", "never_started", "answered", "stale", "expanded", "failed", "heartbeats")


@pytest.fixture
def join(world: World, aws: AwsCalls) -> Joined:
    return Joined(world, aws)


@pytest.fixture
def later(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Later]:
    with corrected():
        yield Later(monkeypatch)


def done(summary: dict[str, Any]) -> dict[str, int]:
    """What a pass did."""
    return {name: summary[name] for name in DONE if summary[name]}


def test_without_faults_a_pass_does_nothing_after_a_join_of_200(
    join: Joined,
    later: Later,
) -> None:
    """J6: it was answered, and all its members' rows are marked, without the reconciler."""
    members = [*ended_as("S" * 196), *(payload(f"run-{number}") for number in range(4))]
    join.ask(members)
    for number in range(4):
        join.end(f"run-{number}")
    join.work()
    assert join.row["answer"] == "success"
    assert join.row["succeeded"] == 200
    summary = later(QUEUE + DAY)
    assert done(summary) == {}
    assert summary["open_waits"] == 0


def test_a_pass_counts_an_open_join_once(join: Joined, later: Later) -> None:
    """Its members' waits are not open waits, and the oldest of them is not the oldest wait."""
    join.ask(payloads(3))
    assert later(GRACE + 60)["open_waits"] == 1
    other = Joined(join.world, join.aws)
    other.ask([payload_id("nobody-starts-it"), ended(9)], succeed_on="any")
    join.world.dynamodb.delete_item(
        TableName=join.world.names.callbacks_table,
        Key={"payload_id": {"S": join.join_id}, "task_token": {"S": "#join"}},
    )
    summary = later(0)
    assert summary["open_waits"] == 0, "members of joins that are gone, and answered"
    assert summary["oldest_open_seconds"] == 0


def test_a_pass_without_time_counts_an_open_join_once(
    join: Joined,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a walk does not come to is counted by the same rule."""
    join.ask(payloads(3))
    monkeypatch.setattr(RepairWalk, "run", lambda walk: None)
    summary = later(60)
    assert summary["open_waits"] == 1
    assert summary["oldest_open_seconds"] >= 60


def test_a_joins_answer_is_counted_once(
    join: Joined,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Members are told, and are not answers: neither of the sender nor of the reconciler."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    join.ask([*ended_as("SS"), *payloads(5)[3:]])
    join.end("item-3")
    join.end("item-4")
    join.world.new_stream_records()  # lost: the reconciler tells these two
    assert later(GRACE + 60)["answered"] == 2
    join.work()
    printed = capsys.readouterr().out.splitlines()
    lines = [json.loads(line) for line in printed if "AnsweredSuccess" in line]
    assert [line["AnsweredSuccess"] for line in lines] == [[1.0]]


def test_a_deadline_is_answered_with_what_has_ended(join: Joined, later: Later) -> None:
    """Success if enough succeeded by then; the grace period does not hold it back."""
    join.ask(ended_as("SS."), succeed_on=2, answer="settled", deadline_seconds=600)
    assert done(later(300)) == {}
    with join.aws.recording() as recording:
        assert done(later(601)) == {"settled": 1}
        join.work()
    answer = join.answer(recording.calls)
    assert (answer["is"], answer["succeeded"], answer["pending"]) == ("success", 2, 1)


def test_a_deadline_fails_what_has_not_succeeded_by_then(join: Joined, later: Later) -> None:
    """What is pending has not succeeded; the cause says that it was the deadline."""
    join.ask(ended_as("S."), deadline_seconds=60)
    with join.aws.recording() as recording:
        assert done(later(61)) == {"settled": 1}
        join.work()
    answer = join.answer(recording.calls)
    assert answer["is"] == "CirrusCallback.JoinFailed"
    assert answer["error"].startswith("the deadline ")
    assert answer["error"].endswith("passed: 1 of 2 members had succeeded, 2 had to")


def test_an_expansion_whose_record_was_lost_is_put_again(join: Joined, later: Later) -> None:
    """Past the grace period, and once in it."""
    join.send(ended_as("S"))
    join.world.process()
    join.world.new_stream_records()  # lost
    assert done(later(GRACE - 60)) == {}
    assert done(later(GRACE + 60)) == {"expanded": 1}
    join.work()
    assert join.row["answer"] == "success"


def test_members_are_told_where_the_stream_lost_their_end(join: Joined, later: Later) -> None:
    """As every settled row is answered; the join is decided by it.

    The same pass answers the join where its shard comes after the members'.
    """
    join.ask(payloads(2))
    for number in range(2):
        join.end(f"item-{number}")
    join.world.new_stream_records()  # lost
    assert done(later(GRACE + 60)) in ({"answered": 2}, {"answered": 3})
    join.work()
    assert join.row["answer"] == "success"
    assert done(later(2 * GRACE)) == {}


def test_a_members_lost_end_is_found(join: Joined, later: Later) -> None:
    """Its row is repaired as every other one."""
    join.ask(payloads(1))
    join.world.end(join.world.runs(payload_id("item-0"))[-1])  # and no event
    assert done(later(REDELIVERY + 60)) == {"settled": 1}
    join.work()
    assert join.row["answer"] == "success"


def test_an_answer_that_was_lost_is_given(join: Joined, later: Later) -> None:
    """A settled join is answered by the reconciler with its members."""
    join.send(ended_as("SS"), name="n")
    join.world.process()
    join.stream()
    join.stream()  # told, decided: the settled join's record is lost
    assert join.row["settled_at"]
    join.world.new_stream_records()
    with join.aws.recording() as recording:
        assert done(later(GRACE + 60)) == {"answered": 1}
    assert join.answer(recording.calls)["succeeded"] == 2


def test_members_of_which_no_message_came_are_missing_after_the_queues_time(
    join: Joined,
    later: Later,
) -> None:
    """Not by the redelivery time: under a backlog a message lies for days unreceived."""
    join.send([ended(0), payload("lost")])
    join.world.process()
    join.stream()
    join.stream()
    lost = join.world.receive()
    assert lost is not None
    join.world.delete(lost)
    assert done(later(QUEUE - DAY)) == {}
    with join.aws.recording() as recording:
        assert done(later(QUEUE + DAY)) == {"never_started": 1}
        join.work()
    answer = join.answer(recording.calls)
    (member,) = answer["members"]
    assert member["index"] == 1
    assert member["error"]["name"] == "CirrusCallback.NeverStarted"


def test_a_member_that_may_be_sent_again_has_not_failed_to_start(
    join: Joined,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``NeverStarted`` only once ``sent`` is beyond it."""
    register_unsent(join)
    monkeypatch.setattr(expanding, "CHUNK", 100)
    assert "never_started" not in done(later(REDELIVERY + 60))
    join.work()
    assert join.row["sent"] == 1


def test_nor_is_it_settled_so_by_hand(join: Joined, later: Later) -> None:
    """``settle`` and ``waits`` judge by the reconciler's rule, and say what is to come."""
    register_unsent(join)
    key = Key(payload_id("item-0"), f"#{join.join_id}:0")
    row = join.world.waits().read([key])[key]
    clock = utc_now() + timedelta(seconds=REDELIVERY + 60)
    survey = Survey(deployment_of(join, clock), ReconcilerSettings())
    step = repairs.settling(survey.explain(row))
    assert step.act is repairs.Act.LEAVE
    assert "its join may send the child's message again" in step.what
    later(GRACE + 60)  # expands again
    join.stream()
    assert join.row["sent"] == 1
    step = repairs.settling(survey.explain(row))
    assert step.outcome is not None
    assert step.outcome.answer_error == "CirrusCallback.NeverStarted"


def register_unsent(join: Joined) -> None:
    """One member: its message was sent and registered, and ``sent`` does not say so."""
    join.send(payloads(1))
    join.world.process()
    join.aws.fail("UpdateItem", when=lambda call: "sent_at" in str(call.parameters), times=10)
    join.world.send_answers()  # sent, and not noted
    join.aws.heal()
    event = join.world.receive()
    assert event is not None
    join.world.dynamodb.put_item(  # registered; cirrus itself never came to it
        TableName=join.world.names.callbacks_table,
        Item={
            "payload_id": {"S": payload_id("item-0")},
            "task_token": {"S": f"#{join.join_id}:0"},
            "registered_at": {"S": join.row["registered_at"]},
            "waiting": {"S": "0"},
        },
    )


def deployment_of(join: Joined, clock: datetime | None = None) -> Deployment:
    """What commands read of the world; now, or at a time."""
    return Deployment(
        "x",
        SimpleNamespace(client=join.world.deployment.client),  # type: ignore[arg-type]
        Tables(join.world.names.state_table, join.world.names.callbacks_table),
        "x",
        clock=utc_now if clock is None else lambda: clock,
    )


def test_the_members_of_a_join_that_is_over_are_given_up(join: Joined, later: Later) -> None:
    """Answered early: those that never end become stale."""
    join.ask([ended(0), payload_id("nobody-starts-it")], succeed_on="any")
    assert done(later(GRACE + 60)) == {"stale": 1}
    assert join.member_wait(1)["answer"] == "stale"


def test_an_attached_payload_that_nobody_starts_is_left_for_a_year(
    join: Joined,
    later: Later,
) -> None:
    """Somebody else may start it late; no execution lasts longer."""
    join.ask([payload_id("nobody-starts-it")])
    assert done(later(365 * DAY)) == {}
    assert done(later(367 * DAY)) == {"never_started": 1}
    join.work()
    assert join.row["answer_error"] == "CirrusCallback.JoinFailed"


def test_an_attached_payload_with_several_runs_is_asked_for(join: Joined, later: Later) -> None:
    """Every listed run is a new one for it, however long ago that ended."""
    join.world.deliver((payload("item-0"), None))
    run = join.world.runs(payload_id("item-0"))[0]
    join.world.end(run, error="Broken")
    join.world.update_state(run)
    join.world.deliver((payload("item-0"), None))
    run = join.world.runs(payload_id("item-0"))[-1]
    join.world.end(run, error="Broken")
    join.world.update_state(run)
    join.ask([payload_id("item-0")])
    assert join.told() == {0: (None, None)}
    assert done(later(REDELIVERY + 60)) == {"settled": 1}
    join.work()
    assert join.told()[0][0] == "failure"


def test_no_heartbeat_goes_to_a_member(
    join: Joined,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The join's own task has one, whatever the number of members."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_HEARTBEAT", "true")
    join.ask(payloads(2))
    with join.aws.recording() as recording:
        assert later(0)["heartbeats"] == 1
    (beat,) = recording.of("SendTaskHeartbeat")
    assert beat.parameters["taskToken"] == join.token


def test_no_call_of_a_whole_life_gives_step_functions_a_members_token(
    join: Joined,
    later: Later,
) -> None:
    """Not the sender, not the reconciler: each would lose the join."""
    with join.aws.recording() as recording:
        join.ask([ended(0), payload("ends"), payload_id("stays")])
        join.end("ends")
        join.world.new_stream_records()
        later(GRACE + 60)
        state_db().set_failed(payload_id("item-0"), "later")
        later(367 * DAY)
        join.work()
        later(368 * DAY)
    tokens = {
        call.parameters["taskToken"]
        for call in recording.calls
        if call.operation.startswith("SendTask") and call.parameters["taskToken"].startswith("#")
    }
    assert tokens == set()


@pytest.mark.parametrize("act", ["settle", "cancel", "resend"])
def test_a_repair_by_hand_tells_a_member_and_sends_nothing(
    join: Joined,
    act: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the sender does not do it in time, the command tells the join itself."""
    monkeypatch.setattr(repairs, "SENDER_SECONDS", 0.0)
    join.ask([payload_id("nobody-starts-it")])
    token = f"#{join.join_id}:0"
    waits = join.world.waits()
    key = Key(payload_id("nobody-starts-it"), token)
    outcome = Outcome("FAILED", error="by hand")
    row = waits.read([key])[key]
    if act == "resend":
        waits.settle(key, outcome)
        step = repairs.resending(waits.read([key])[key])
    elif act == "settle":
        step = repairs.Step(row, repairs.Act.SETTLE, "settle it", outcome)
    else:
        step = repairs.cancelling(row, "enough")
    deployment = deployment_of(join)
    with join.aws.recording() as recording:
        (done_,) = repairs.HandRepairer(deployment, ReconcilerSettings(), act).carry_out([step])
    assert done_.problem is None
    assert not [call for call in recording.calls if call.operation.startswith("SendTask")]
    assert join.told()[0][0] == "failure"
    assert join.member_wait(0)["answer"] == "failure"
    assert join.row["answer_error"] == "CirrusCallback.JoinFailed"


def test_an_answered_join_is_not_advanced(join: Joined) -> None:
    """A sender that is slow to say what it sent changes no row that has been answered."""
    join.ask(ended_as("S"))
    assert join.row["answer"] == "success"
    table = JoinsTable(join.world.waits())
    before = join.row
    read = table.joins([join.join_id])[join.join_id]
    assert isinstance(read, Join)
    assert table.advance(read, 2) is None
    assert join.row == before
