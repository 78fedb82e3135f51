"""Joins in the fixture: one wait for many children, and what may happen to each of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import parent, payload

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.testing.results import PayloadRun
    from cirrus_callbacks_plugin.testing.stack import CirrusStack
    from support.command_line import Folder

JOIN_FAILED = "CirrusCallback.JoinFailed"
DAY = 86_400


def child(index: int) -> str:
    """A member's payload id."""
    return f"sentinel-2-l2a/workflow-child/scene-{index}"


def members(count: int) -> list[Any]:
    """Members that the join sends."""
    return [payload("child", f"scene-{index}") for index in range(count)]


@pytest.fixture
def stack(cirrus_stack: CirrusStack, folder: Folder) -> CirrusStack:
    """A parent that sends whatever join its payload asks for, and waits for thirty days."""
    folder.write("workflows/parent.asl.json", joining(TimeoutSeconds=30 * DAY))
    return cirrus_stack.load(folder.root)


def joining(**fields: Any) -> dict[str, Any]:
    """The parent's state machine, its waiting state with some fields of its own."""
    machine = parent(**fields)
    message = machine["States"]["Wait"]["Parameters"]
    message["MessageBody"] = {"join.$": "$.process[0].tasks.join"}
    return machine


def ask(stack: CirrusStack, asked: Any = None, **join: Any) -> PayloadRun:
    """Start a parent with a join."""
    body = payload()
    listed = {} if asked is None else {"members": asked}
    body["process"][0]["tasks"] = {"join": {**listed, **join}}
    return stack.start(body)


def answer(run: PayloadRun) -> dict[str, Any]:
    """What the parent's task returned."""
    run.until_ended()
    assert run.status == "SUCCEEDED", run.cause
    told = run.output["answer"]
    assert isinstance(told, dict)
    return told


def cause(run: PayloadRun) -> dict[str, Any]:
    """What the parent died of."""
    run.until_ended()
    assert run.status == "FAILED"
    told = json.loads(run.cause or "")
    assert isinstance(told, dict)
    return told


def test_a_join_is_one_wait_that_has_its_members(stack: CirrusStack) -> None:
    """Three children, one wait, one answer; members with their outcomes, in order."""
    mosaic = ask(stack, members(3), name="scenes")
    stack.until_done()
    told = answer(mosaic)
    assert [each["payload_id"] for each in told["members"]] == [child(each) for each in range(3)]
    waits = stack.waits(of=mosaic)
    assert (len(waits), waits.answered) == (1, 1)
    assert len(stack.waits()) == 1
    (join,) = waits.joins
    assert join == mosaic.join
    assert (join.id, join.name, join.total) == (told["join_id"], "scenes", 3)
    assert (join.succeeded, join.failed, join.pending) == (3, 0, 0)
    assert [each.workflow_state for each in join.members] == ["SUCCEEDED"] * 3
    assert [each.answer for each in stack.waits(on=child(1))] == ["success"]
    assert sum("waits for" in line for line in stack.timeline_text().splitlines()) == 1
    body = stack.client("s3").get_object(
        Bucket=told["members_at"]["bucket"], Key=told["members_at"]["key"]
    )["Body"]
    assert json.loads(body.read()) == told["members"]


def test_an_early_answer_stops_no_child(stack: CirrusStack) -> None:
    """With "any" the first success answers; the others end, and nobody is told."""
    late = [stack.hold("update-state", child(index)) for index in (1, 2)]
    mosaic = ask(stack, members(3), succeed_on="any")
    told = answer(mosaic)
    assert (told["succeeded"], told["pending"]) == (1, 2)
    stack.until(lambda: all(each.held == 1 for each in late))
    for each in late:
        each.release()
    stack.until_done()
    assert [stack.payload(child(index)).status for index in range(3)] == ["SUCCEEDED"] * 3
    assert [stack.waits(on=child(index))[0].answer for index in range(3)] == [
        "success",
        "stale",
        "stale",
    ]
    assert len(stack.waits(of=mosaic)) == 1


def test_a_settled_answer_waits_for_every_end(stack: CirrusStack) -> None:
    """The result is certain with the first failure; the parent is told after the last end."""
    stack.function("work").calls(_fails_for(child(0)))
    late = stack.hold("update-state", child(2))
    mosaic = ask(stack, members(3), answer="settled")
    mosaic.until_members_ended(2)
    stack.until(lambda: late.held == 1)
    assert mosaic.status == "RUNNING"
    assert mosaic.join.counts == "2 of 3 have ended, 1 failed"
    late.release()
    told = cause(mosaic)
    assert mosaic.error == JOIN_FAILED
    assert (told["total"], told["succeeded"], told["failed"], told["pending"]) == (3, 2, 1, 0)
    assert told["error"] == told["errorMessage"] == "1 of 3 members failed, 3 had to succeed"
    (failed,) = told["members"]
    assert failed["error"]["name"] == "CirrusCallback.Failed"
    assert mosaic.join.errors == ("CirrusCallback.Failed",)


def _fails_for(payload_id: str) -> Any:
    def work(given: dict[str, Any]) -> dict[str, Any]:
        if given["id"] == payload_id:
            raise LookupError("no such tile")
        return given

    return work


@pytest.mark.parametrize(("needed", "status"), [(1, "SUCCEEDED"), (2, "FAILED")])
def test_a_deadline_hands_over_what_has_ended(stack: CirrusStack, needed: int, status: str) -> None:
    """By the stack's clock, at the reconciler's pass after it: not before."""
    late = stack.hold("process", child(1))
    mosaic = ask(stack, members(2), succeed_on=needed, answer="settled", deadline_seconds=3600)
    mosaic.until_members_ended(1)
    stack.until(lambda: late.held == 1)
    stack.later(minutes=59)
    assert not mosaic.join.wait.is_settled
    stack.later(minutes=2)
    assert mosaic.until_ended().status == status
    assert (mosaic.join.succeeded, mosaic.join.pending) == (1, 1)
    assert mosaic.error in (None, JOIN_FAILED)
    late.release()
    stack.until_done()
    assert stack.waits(on=child(1)).stale == 1


def test_a_lost_end_of_a_member_is_repaired(stack: CirrusStack) -> None:
    """EventBridge loses it: the reconciler settles the member, and the join is told."""
    lost = stack.lose("update-state", child(1))
    mosaic = ask(stack, members(3))
    mosaic.until_members_ended(2)
    stack.until(lambda: lost.happened == 1)
    assert stack.reconcile()["settled"] == 0
    assert stack.later(minutes=16)["settled"] == 1
    assert answer(mosaic)["succeeded"] == 3


def test_a_member_that_comes_late_is_waited_for(stack: CirrusStack) -> None:
    """Its message is held for days: nothing is told of it meanwhile."""
    late = stack.hold("process", child(1))
    mosaic = ask(stack, members(2))
    mosaic.until_members_ended(1)
    stack.until(lambda: late.held == 1)
    stack.later(days=3)
    assert (mosaic.join.pending, mosaic.join.wait.is_settled) == (1, False)
    assert mosaic.join.members[1].member_payload_id is None
    late.release()
    assert answer(mosaic)["succeeded"] == 2


def test_a_member_that_is_lost_is_told_when_no_queue_has_it(stack: CirrusStack) -> None:
    """After fourteen days no queue keeps a message: the member never started."""
    lost = stack.lose("process", child(1))
    mosaic = ask(stack, members(2))
    mosaic.until_members_ended(1)
    stack.until(lambda: lost.happened == 1)
    stack.later(days=13)
    assert (mosaic.join.pending, mosaic.join.wait.is_settled) == (1, False)
    stack.later(days=1, minutes=1)
    assert [each["error"]["name"] for each in cause(mosaic)["members"]] == [
        "CirrusCallback.NeverStarted"
    ]


def test_a_lost_expansion_is_put_again(stack: CirrusStack) -> None:
    """A join's own deliveries are about its id: the sender never hears of the new join."""
    lost = stack.lose("sender", "join:")
    mosaic = ask(stack, members(2))
    stack.until(lambda: lost.happened == 1)
    stack.later(minutes=16)
    assert answer(mosaic)["succeeded"] == 2


def test_a_request_that_comes_late_is_about_its_join(stack: CirrusStack) -> None:
    """Nothing is registered until it comes; then it goes on as ever."""
    late = stack.hold("process", "join:")
    mosaic = ask(stack, members(2))
    stack.until(lambda: late.held == 1)
    assert len(stack.waits()) == 0
    late.release()
    assert answer(mosaic)["succeeded"] == 2
    assert mosaic.join.id.startswith("join:")


@pytest.mark.parametrize("function", ["process", "sender"])
def test_a_join_that_is_delivered_twice_is_answered_once(stack: CirrusStack, function: str) -> None:
    """Requests, expansions and members that come twice meet the rows that are there."""
    stack.repeat(function, "join:")
    mosaic = ask(stack, members(3))
    assert answer(mosaic)["succeeded"] == 3
    stack.until_done()
    assert [len(stack.payload(child(index)).executions) for index in range(3)] == [1, 1, 1]
    assert stack.waits(of=mosaic).answered == 1


def test_somebody_elses_payload_is_waited_for(stack: CirrusStack) -> None:
    """One has ended before, the other is started by somebody else later."""
    stack.run(payload("child", "scene-0"))
    mosaic = ask(stack, [child(0), {"payload_id": child(1)}])
    mosaic.until_members_ended(1)
    assert mosaic.join.pending == 1
    stack.start(payload("child", "scene-1"))
    assert answer(mosaic)["succeeded"] == 2
    assert [len(stack.payload(child(index)).executions) for index in range(2)] == [1, 1]


def test_a_list_in_s3_is_read(stack: CirrusStack) -> None:
    """JSON lines of a payload and an id."""
    stack.run(payload("child", "scene-1"))
    bucket = "cirrus-test-payloads"
    lines = "\n".join(json.dumps(each) for each in [*members(1), child(1)])
    stack.client("s3").put_object(Bucket=bucket, Key="list.jsonl", Body=lines.encode())
    mosaic = ask(stack, members_url=f"s3://{bucket}/list.jsonl")
    assert answer(mosaic)["total"] == 2


def test_a_member_of_a_workflow_that_is_off_is_a_failed_one(
    cirrus_stack: CirrusStack, folder: Folder
) -> None:
    """The flag is judged for each member; the timeline says why, since nothing failed to run."""
    folder.write("workflows/parent.asl.json", joining(TimeoutSeconds=DAY))
    cirrus_stack.load(folder.root, workflows="parent")
    mosaic = ask(cirrus_stack, members(2))
    told = cause(mosaic)
    assert {each["error"]["name"] for each in told["members"]} <= {"CirrusCallback.NotEnabled"}
    assert "is CirrusCallback.NotEnabled: " in cirrus_stack.timeline_text()


def test_a_request_that_breaks_a_rule_is_told_so(stack: CirrusStack) -> None:
    """At once, with what is wrong; it has no members."""
    mosaic = ask(stack, [*members(1), 7])
    told = cause(mosaic)
    assert mosaic.error == "CirrusCallback.InvalidPayload"
    assert "member 1 is a number" in told["error"]
    assert stack.waits(of=mosaic).errors == ("CirrusCallback.InvalidPayload",)
    assert mosaic.join.members == ()
    assert stack.payload(child(0)).executions == ()


@pytest.mark.parametrize(("succeed_on", "status"), [("all", "SUCCEEDED"), ("any", "FAILED")])
def test_a_join_of_none_ends_at_once(stack: CirrusStack, succeed_on: str, status: str) -> None:
    """All of none have succeeded; not one of none has."""
    mosaic = ask(stack, [], succeed_on=succeed_on)
    assert mosaic.until_ended().status == status
    assert mosaic.error in (None, JOIN_FAILED)
    assert mosaic.join.total == 0


def test_a_retry_joins_anew(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """What completed counts at once, what failed runs again; each try is a join of its own."""
    retry = [{"ErrorEquals": [JOIN_FAILED], "IntervalSeconds": 1, "MaxAttempts": 2}]
    folder.write("workflows/parent.asl.json", joining(TimeoutSeconds=DAY, Retry=retry))
    cirrus_stack.load(folder.root)
    cirrus_stack.function("work").fails("AssetMissing", "no such tile", times=1)
    mosaic = ask(cirrus_stack, members(3), answer="settled")
    assert answer(mosaic)["succeeded"] == 3
    cirrus_stack.until_done()
    runs = [len(cirrus_stack.payload(child(index)).executions) for index in range(3)]
    assert sorted(runs) == [1, 1, 2]
    waits = cirrus_stack.waits(of=mosaic)
    assert [wait.answer for wait in waits] == ["failure", "success"]
    assert [join.failed for join in waits.joins] == [1, 0]
    assert mosaic.join == waits.joins[-1]


def test_a_run_without_a_join_has_none(stack: CirrusStack) -> None:
    """The failure says so, and shows what happened."""
    run = stack.run(payload("child", "scene-0"))
    with pytest.raises(AssertionError, match="has no join yet"):
        _ = run.join
