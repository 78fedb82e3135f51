"""A member's outcome goes to its row, to the join's hints, to the decision; then it is marked."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.joins.rows import MemberRow
from cirrus_callbacks_plugin.joins.telling import Teller
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import Key, MalformedRowError
from support.joins_in_memory import AT_NOON, JOIN_ID, NOON, JoinsInMemory
from support.logged_steps import lines, listen

DAY = 86_400


def teller(there: JoinsInMemory) -> Teller:
    """A teller who keeps answered rows for two days."""
    return Teller(there.table, 2)


def test_told_counted_decided_and_only_then_marked(there: JoinsInMemory) -> None:
    """The order that keeps a join from being lost: a crash in between is made up for."""
    join = there.open(succeed_on="all", total=2, sent=2)
    rows = [there.wait(0), there.wait(1, execution_arn="arn:run")]
    assert teller(there).tell_waits(rows, {JOIN_ID: join}) == ["success", "success"]
    made = [
        (name, request.get("Key", {}).get("task_token", {}).get("S", "")[:8])
        for name, request in there.client.calls
    ]
    assert made == [
        *[("UpdateItem", "#member:")] * 2,
        ("UpdateItem", "#join"),  # one for both
        ("Query", ""),
        ("UpdateItem", "#join"),
        *[("UpdateItem", "#join:01")] * 2,
    ]
    row = there.join_row()
    assert (row["succeeded"], row["failed"], row["workflow_state"]) == (2, 0, "SUCCEEDED")
    member = there.member_row(1)
    assert member is not None
    assert member["answer"] == "success"
    assert (member["told_at"], member["execution_arn"]) == (AT_NOON, "arn:run")


def test_a_members_wait_is_marked_as_its_join_was_told(
    there: JoinsInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """With the answer and its error; the row expires; the log says so without a token."""
    caplog.set_level(logging.INFO)
    join = there.open(succeed_on="any", total=2, sent=2)
    assert teller(there).tell_waits([there.wait(0, "FAILED")], {JOIN_ID: join}) == ["failure"]
    row = there.wait_row(0)
    assert (row["answer"], row["answer_error"]) == ("failure", "CirrusCallback.Failed")
    assert row["expiration_time"] == NOON.timestamp() + 2 * DAY
    assert (there.join_row()["succeeded"], there.join_row()["failed"]) == (0, 1)
    line = json.loads(caplog.records[-1].message)
    assert line["callback"] == "told to its join"
    assert (line["answer"], line["answer_error"]) == ("failure", "CirrusCallback.Failed")
    assert line["workflow_state"] == "FAILED"


@pytest.mark.parametrize(
    "join",
    [
        {"total": 2, "is_answered": True},
        {"total": 1},  # it has no such member
        {"total": None},
        None,  # it is gone
    ],
)
def test_what_nobody_waits_for_is_marked_stale_untold(
    there: JoinsInMemory, join: dict[str, Any] | None
) -> None:
    """Answered, gone, or no member of that index: nothing is told and nothing counted."""
    joins: Any = {} if join is None else {JOIN_ID: there.open(**join)}
    assert teller(there).tell_waits([there.wait(1)], joins) == ["stale"]
    assert there.member_row(1) is None
    assert there.wait_row(1)["answer"] == "stale"
    assert len(there.client.calls) == 1


def test_a_settled_join_is_still_told(there: JoinsInMemory) -> None:
    """Until it is answered: what it is answered with is read from its members' rows."""
    join = there.open(succeed_on="any", total=2, is_settled=True)
    assert teller(there).tell_waits([there.wait(1)], {JOIN_ID: join}) == ["success"]
    assert there.member_row(1) is not None


@pytest.mark.parametrize(
    ("told", "marked"),
    [
        ({"answer": "success", "workflow_state": "SUCCEEDED"}, "success"),
        ({"answer": "failure", "workflow_state": "FAILED"}, "stale"),
        ({"answer": "success", "workflow_state": "COMPLETED"}, "stale"),
        (
            {"answer": "success", "workflow_state": "SUCCEEDED", "execution_arn": "arn:other"},
            "stale",
        ),
    ],
)
def test_an_outcome_that_stands_stays(
    there: JoinsInMemory, told: dict[str, Any], marked: str
) -> None:
    """It is counted once more, as the first teller may have crashed; another one is stale."""
    join = there.open(succeed_on="all", total=2, sent=2)
    there.told(1, **told)
    before = there.member_row(1)
    assert teller(there).tell_waits([there.wait(1)], {JOIN_ID: join}) == [marked]
    assert there.member_row(1) == before
    assert there.wait_row(1)["answer"] == marked
    assert "answer_error" not in there.wait_row(1)
    counts = there.join_row()["succeeded"], there.join_row()["failed"]
    assert counts == ((1, 0) if told["answer"] == "success" else (0, 1))


def test_one_rows_error_stops_no_other_row(there: JoinsInMemory) -> None:
    """What could not be told is not marked, and is told again."""
    join = there.open(succeed_on="all", total=3, sent=3)
    rows = [there.wait(0), there.wait(1)]
    there.client.refuses = lambda _, request: (
        "ThrottlingException" if "member:00000" in str(request.get("Key")) else None
    )
    failed, told = teller(there).tell_waits(rows, {JOIN_ID: join})
    assert isinstance(failed, ClientError)
    assert told == "success"
    assert "answer" not in there.wait_row(0)
    assert there.wait_row(1)["answer"] == "success"
    assert there.join_row()["succeeded"] == 1


def test_nothing_is_marked_before_its_join_was_decided(there: JoinsInMemory) -> None:
    """The count failed: the members' rows say all there is, and their waits come again."""
    join = there.open(succeed_on="all", total=2, sent=2)
    there.client.refuses = lambda _, request: (
        "ThrottlingException" if request.get("UpdateExpression", "").startswith("ADD") else None
    )
    (failed,) = teller(there).tell_waits([there.wait(0)], {JOIN_ID: join})
    assert isinstance(failed, ClientError)
    assert there.member_row(0) is not None
    assert "answer" not in there.wait_row(0)


def test_a_join_that_cannot_be_read(there: JoinsInMemory) -> None:
    """Its members' waits stay open, and the error names the join, not what is in the row."""
    joins: Any = {JOIN_ID: Malformed(Key(JOIN_ID, "#join"), "total is not a whole number")}
    (failed,) = teller(there).tell_waits([there.wait(0)], joins)
    assert isinstance(failed, MalformedRowError)
    assert str(failed) == f"the row of {JOIN_ID} cannot be read: total is not a whole number"
    assert there.client.calls == []


def test_outcomes_of_several_joins_in_their_order(there: JoinsInMemory) -> None:
    """Each join is counted for itself; one that is gone has nothing to decide."""
    there.open(succeed_on="all", total=2, sent=2)
    other = MemberToken("join:" + "f" * 32, 0)
    told = [
        MemberRow(other, answer="failure", told_at=AT_NOON),
        MemberRow(MemberToken(JOIN_ID, 1), answer="failure", told_at=AT_NOON),
        MemberRow(MemberToken(JOIN_ID, 0), answer="success", told_at=AT_NOON),
    ]
    assert teller(there).tell(told) == told
    row = there.join_row()
    assert (row["succeeded"], row["failed"], row["workflow_state"]) == (1, 1, "FAILED")


def test_members_without_a_wait_are_logged(
    there: JoinsInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """By their payload's id, where they have one, else by their join's; one that failed is not."""
    listen(caplog)
    there.open(succeed_on="all", total=3, sent=3)
    told = [
        MemberRow(MemberToken(JOIN_ID, 0), "c/workflow-w/a", answer="failure", answer_error="E"),
        MemberRow(MemberToken(JOIN_ID, 1), answer="success"),
        MemberRow(MemberToken(JOIN_ID, 2), answer="success"),
    ]
    there.client.refuses = lambda _, request: (
        "ThrottlingException" if "member:00002" in str(request.get("Key")) else None
    )
    teller(there).tell_unsent(told)
    found = [line for _, line in lines(caplog) if line["callback"] == "told to its join"]
    assert [(line["payload_id"], line["wait"], line["answer"]) for line in found] == [
        ("c/workflow-w/a", "01234567:0", "failure"),
        (JOIN_ID, "01234567:1", "success"),
    ]
    assert found[0]["answer_error"] == "E"


def test_a_wait_that_could_not_be_marked_is_to_be_told_again(
    there: JoinsInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """What it met is its result; the log says nothing of it, and the others are marked."""
    caplog.set_level(logging.INFO)
    join = there.open(succeed_on="all", total=3, sent=3)
    rows = [there.wait(0), there.wait(1)]

    def refuse(_: str, request: dict[str, Any]) -> str | None:
        of_whom = request.get("Key", {}).get("payload_id", {}).get("S")
        return "AccessDeniedException" if of_whom == rows[0][1].payload_id else None

    there.client.refuses = refuse
    met, marked = teller(there).tell_waits(rows, {JOIN_ID: join})
    assert isinstance(met, ClientError)
    assert marked == "success"
    assert "answer" not in there.wait_row(0)
    steps = [json.loads(each.message) for each in caplog.records]
    assert [each["payload_id"] for each in steps] == [rows[1][1].payload_id]
