"""What a run tells of a join: one wait, its quarters, its answer; and how a report holds it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cirrus_callbacks_plugin.joins.members import Attached, pack
from cirrus_callbacks_plugin.joins.rows import Definition, Join, MemberRow, join_id_of
from cirrus_callbacks_plugin.local.events import stream_event
from cirrus_callbacks_plugin.local.happenings import EventKind, Happening
from cirrus_callbacks_plugin.local.join_progress import JoinProgress
from cirrus_callbacks_plugin.local.report import Report
from cirrus_callbacks_plugin.local.timeline import Timeline
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import Wait, serialize, token_name

TOKEN = "AQCEAAAAKgAAAAMAAAAAAAAAAWUZnXvh"
JOIN_ID = join_id_of(TOKEN)
STREAM = "arn:aws:dynamodb:us-west-2:123456789012:table/t/stream/1"
JOIN = Join(
    Wait(
        JOIN_ID,
        TOKEN,
        workflow="#join",
        registered_at="2023-06-28T07:24:41.000000+00:00",
        waiter_payload_id="sentinel-2-l2a/workflow-mosaic/summer",
    ),
    succeed_on=10,
    name="summer",
)
READ = replace(JOIN, total=12, sent=12)
SETTLED = replace(
    READ,
    wait=replace(
        READ.wait, workflow_state="SUCCEEDED", settled_at="2023-06-28T07:24:43.000000+00:00"
    ),
)
ANSWERED = replace(
    SETTLED,
    wait=replace(SETTLED.wait, answer="success", answered_at="2023-06-28T07:24:43.500000+00:00"),
)


def _id(index: int) -> str:
    return f"sentinel-2-l2a/workflow-cog/scene-{index}"


def _row(index: int, answer: str | None = "success", error: str | None = None) -> MemberRow:
    is_run = answer is not None and error != "CirrusCallback.NotEnabled"
    return MemberRow(
        MemberToken(JOIN_ID, index),
        _id(index),
        workflow_state="SUCCEEDED" if answer == "success" else None,
        execution_arn=f"run-{index}" if is_run else None,
        answer=answer,
        answer_error=error,
        error=None if error is None else "because",
    )


def _image(row: Any) -> dict[str, Any]:
    if isinstance(row, MemberRow):
        attributes = {name: serialize(value) for name, value in row.attributes().items()}
        return {**attributes, **row.key.to_item()}
    item: dict[str, Any] = row.to_item()
    return item


def _record(row: Any) -> dict[str, Any]:
    change = {"NewImage": _image(row)}
    records = [{"eventID": "1", "eventName": "MODIFY", "dynamodb": change}]
    (record,) = stream_event(records, STREAM)["Records"]
    return dict(record)


def _listed(count: int) -> Definition:
    return Definition(JOIN_ID, pack(tuple(Attached(_id(each)) for each in range(count))), None, 1)


def _told(*rows: Any) -> list[Happening]:
    told: list[Happening] = []
    timeline = Timeline(told.append, "local")
    for row in rows:
        timeline.record(_record(row))
    return told


def test_a_join_is_told_once_with_its_progress_and_its_answer() -> None:
    """Twelve members end one by one: one wait, a line at each quarter, one answer."""
    rows: list[Any] = [_listed(12), JOIN, READ]
    for index in range(12):
        wait = Wait(_id(index), f"#{JOIN_ID}:{index}", registered_at=JOIN.wait.registered_at)
        failed = index == 3
        answer, error = ("failure", "CirrusCallback.Failed") if failed else ("success", None)
        rows += [_row(index, None), wait, _row(index, answer, error), READ]
    told = _told(*rows, SETTLED, ANSWERED)
    assert [(each.kind, each.text) for each in told] == [
        (
            EventKind.WAIT,
            f"mosaic/summer waits for 12 members, 10 must succeed, token {token_name(TOKEN)}",
        ),
        (EventKind.SETTLE, "mosaic/summer: 3 of 12 have ended"),
        (EventKind.SETTLE, "mosaic/summer: 6 of 12 have ended, 1 failed"),
        (EventKind.SETTLE, "mosaic/summer: 9 of 12 have ended, 1 failed"),
        (
            EventKind.SETTLE,
            "the join of mosaic/summer is SUCCEEDED: 12 of 12 have ended, 1 failed",
        ),
        (EventKind.ANSWER, "mosaic/summer is told success about 12 members after 2.5 s"),
    ]
    assert not any(each.is_bad for each in told)
    assert not any(TOKEN in each.text for each in told)


def test_many_members_at_once_are_one_line() -> None:
    """A batch of tellings moves the progress on by several quarters: the last is told."""
    told = _told(_listed(12), READ, *map(_row, range(7)), READ, READ)
    assert [each.text for each in told[1:]] == ["mosaic/summer: 7 of 12 have ended"]


@pytest.mark.parametrize(
    ("succeed_on", "words"),
    [("all", "all must succeed"), (12, "all must succeed"), ("any", "1 must succeed")],
)
def test_how_many_must_succeed_is_told(succeed_on: str | int, words: str) -> None:
    """As people say it, whatever form the request has."""
    (wait,) = _told(_listed(12), replace(JOIN, succeed_on=succeed_on))
    assert f"waits for 12 members, {words}," in wait.text


def test_a_list_in_s3_is_told_by_its_place() -> None:
    """How many members it has is not known when the parent begins to wait."""
    listed = Definition(JOIN_ID, None, "s3://bucket/list.json", 1)
    (wait,) = _told(listed, JOIN)
    assert "waits for the members listed in s3://bucket/list.json, 10 must" in wait.text


def test_a_request_that_breaks_a_rule_is_told_with_what_is_wrong() -> None:
    """It has no list: the rows say why it is answered at once."""
    wait = replace(
        SETTLED.wait,
        workflow_state="INVALID",
        answer_error="CirrusCallback.InvalidPayload",
        error="join has the unknown key 'x'",
    )
    told = _told(replace(JOIN, wait=wait))
    assert told[0].text.startswith("mosaic/summer asks for a join that breaks a rule, token ")
    assert told[1].text == (
        "the join of mosaic/summer is CirrusCallback.InvalidPayload: join has the unknown key 'x'"
    )
    assert told[1].is_bad


def test_a_member_without_a_run_is_told_once_an_error() -> None:
    """No execution would show why it failed; ten thousand of one kind are one line."""
    error = "CirrusCallback.NotEnabled"
    told = _told(_listed(12), READ, *(_row(each, "failure", error) for each in range(3)))
    assert [each.text for each in told[1:]] == [
        "member 0, cog/scene-0, is CirrusCallback.NotEnabled: because"
    ]
    assert told[-1].is_bad


def test_the_rows_of_a_join_are_one_wait() -> None:
    """Its list, its members and their own waits are not shown by themselves."""
    timeline = Timeline(lambda _: None, "local")
    member = Wait(_id(0), f"#{JOIN_ID}:0", registered_at=JOIN.wait.registered_at)
    for row in (_listed(12), READ, _row(0), member):
        timeline.record(_record(row))
    (wait,) = timeline.waits
    assert wait.payload_id == JOIN_ID
    assert timeline.joins[JOIN_ID].counts == "1 of 12 have ended"


def test_progress_counts_members_that_were_never_heard_of() -> None:
    """They are pending; each member stands at its place in the request."""
    join = JoinProgress(READ, (_row(3, "failure", "CirrusCallback.Failed"), _row(1)))
    assert (join.total, join.needed) == (12, 10)
    assert (join.succeeded, join.failed, join.ended, join.pending) == (1, 1, 2, 10)
    assert [row.member.index for row in join.members] == list(range(12))
    assert join.members[1].member_payload_id == _id(1)
    assert join.errors == ("CirrusCallback.Failed",)
    assert join.outcome == "12 members: 1 succeeded, 1 failed, 10 pending"


def test_progress_of_a_list_that_was_not_read_has_no_members() -> None:
    """Nothing is known of it yet."""
    join = JoinProgress(JOIN)
    assert (join.total, join.needed, join.members, join.outcome) == (
        0,
        None,
        (),
        "a list of members",
    )


def test_the_json_has_the_members_under_a_key_of_their_own() -> None:
    """One callback a join, with its counts; members as its answer holds them; no token."""
    progress = JoinProgress(ANSWERED, (_row(0), _row(1, "failure", "CirrusCallback.Failed")))
    report = Report((), (ANSWERED.wait,), joins={JOIN_ID: progress})
    (callback,) = report.to_json()["callbacks"]
    assert (callback["payload_id"], callback["answer"]) == (JOIN_ID, "success")
    join = callback["join"]
    assert {name: join[name] for name in join if name != "members"} == {
        "name": "summer",
        "total": 12,
        "needed": 10,
        "succeeded": 1,
        "failed": 1,
        "pending": 10,
    }
    assert [each["index"] for each in join["members"]] == list(range(12))
    assert join["members"][1]["error"] == {"name": "CirrusCallback.Failed", "cause": "because"}
    assert TOKEN not in str(report.to_json())


def test_the_graph_has_a_node_a_join() -> None:
    """Two joins with the same counts are two nodes; members have none."""
    other = replace(ANSWERED.wait, payload_id=join_id_of("other"))
    joins = {JOIN_ID: JoinProgress(ANSWERED), other.payload_id: JoinProgress(ANSWERED)}
    graph = Report((), (ANSWERED.wait, other), joins=joins).to_mermaid()
    assert graph.splitlines() == [
        "graph LR",
        '  n0["mosaic/summer"]',
        '  n1["12 members: 12 pending"]',
        '  n0 -->|"success 2.5 s"| n1',
        '  n2["12 members: 12 pending"]',
        '  n0 -->|"success 2.5 s"| n2',
    ]
