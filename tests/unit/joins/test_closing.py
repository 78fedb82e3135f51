"""A join is settled by its members' rows, counted only where its hints could decide."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.joins.closing import (
    close_as_invalid,
    close_at_deadline,
    close_if_certain,
    close_if_counted,
    members_text,
    needed_of,
    rule_of,
)
from cirrus_callbacks_plugin.joins.deciding import JoinRule
from support.joins_in_memory import JOIN_ID, JoinsInMemory

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.joins.rows import Join


@pytest.fixture
def there() -> JoinsInMemory:
    """A table with an open join of three members, two of which have to succeed."""
    there = JoinsInMemory()
    there.open(succeed_on=2, total=3, sent=3)
    return there


def steps(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What was logged, a line each."""
    return [json.loads(each.message) for each in caplog.records]


@pytest.mark.parametrize(
    "changes",
    [
        {"total": None, "succeeded": 3},  # the list was not read yet
        {"succeeded": 1, "failed": 1},
        {"succeeded": 2, "is_settled": True},
        {"succeeded": 2, "is_answered": True},
    ],
)
def test_members_are_not_read_where_the_hints_decide_nothing(
    there: JoinsInMemory, changes: dict[str, Any]
) -> None:
    """Hints are never too low: where they would not decide, no count can."""
    join = there.open(**{"succeed_on": 2, "total": 3, **changes})
    assert not close_if_certain(there.table, join)
    assert there.client.calls == []


def test_hints_that_are_too_high_settle_nothing(there: JoinsInMemory) -> None:
    """After a crash they are: the members' rows say what is true."""
    there.told(0, "success")
    join = there.open(succeed_on=2, total=3, succeeded=2)
    assert not close_if_certain(there.table, join)
    assert [name for name, _ in there.client.calls] == ["Query"]
    assert "settled_at" not in there.join_row()


def test_a_certain_success(there: JoinsInMemory, caplog: pytest.LogCaptureFixture) -> None:
    """Settled once, by the first writer; an ordinary row, with neither error nor its name."""
    caplog.set_level(logging.INFO)
    there.told(0, "success")
    there.told(2, "success")
    join = there.open(succeed_on=2, total=3, succeeded=2)
    assert close_if_certain(there.table, join)
    row = there.join_row()
    assert row["workflow_state"] == "SUCCEEDED"
    assert "error" not in row
    assert "answer_error" not in row
    assert not close_if_certain(there.table, join)
    told = [(each["callback"], each["workflow_state"], "why" in each) for each in steps(caplog)]
    assert told == [("settled", "SUCCEEDED", False), ("settled before", "SUCCEEDED", False)]


def test_a_certain_failure_says_how_many(
    there: JoinsInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """The name that a parent catches, and the counts; the line in the log names the error too."""
    caplog.set_level(logging.INFO)
    there.told(0, "failure")
    there.told(1, "failure")
    assert close_if_certain(there.table, there.open(succeed_on=2, total=3, failed=2))
    row = there.join_row()
    assert row["workflow_state"] == "FAILED"
    assert row["error"] == "2 of 3 members failed, 2 had to succeed"
    assert row["answer_error"] == "CirrusCallback.JoinFailed"
    (line,) = steps(caplog)
    assert line["answer_error"] == "CirrusCallback.JoinFailed"
    assert "why" not in line


@pytest.mark.parametrize(
    ("succeed_on", "state", "error"),
    [("all", "SUCCEEDED", None), ("any", "FAILED", "there are no members, 1 had to succeed")],
)
def test_a_join_of_none(
    there: JoinsInMemory, succeed_on: str, state: str, error: str | None
) -> None:
    """All of none have succeeded; any of none has not."""
    join = there.open(succeed_on=succeed_on, total=0)
    assert close_if_counted(there.table, join, [])
    assert there.join_row()["workflow_state"] == state
    assert there.join_row().get("error") == error


def test_counting_decides_nothing_before_the_list_was_read(there: JoinsInMemory) -> None:
    """Nobody knows how many there are; nor is anything settled while the result is open."""
    assert not close_if_counted(there.table, there.open(succeed_on="any", total=None), [])
    assert not close_if_counted(there.table, there.open(succeed_on="any", total=2), [])
    assert there.client.calls == []


@pytest.mark.parametrize(
    ("succeed_on", "total", "state", "error"),
    [
        (1, 2, "SUCCEEDED", None),
        (2, 2, "FAILED", "1 of 2 members had succeeded, 2 had to"),
    ],
)
def test_at_the_deadline_what_is_pending_has_not_succeeded(
    there: JoinsInMemory,
    succeed_on: int,
    total: int,
    state: str,
    error: str | None,
) -> None:
    """Success where enough have succeeded by then."""
    there.told(0, "success")
    join = there.open(succeed_on=succeed_on, total=total, deadline_at=DEADLINE)
    assert close_at_deadline(
        there.table, join, there.table.members(JOIN_ID), repair_level=logging.WARNING
    )
    row = there.join_row()
    assert row["workflow_state"] == state
    expected = None if error is None else f"the deadline {DEADLINE} passed: {error}"
    assert row.get("error") == expected
    assert row.get("answer_error") == (error and "CirrusCallback.JoinFailed")


DEADLINE = "2024-06-01T13:00:00.000000+00:00"


def test_a_deadline_before_the_list_was_read(there: JoinsInMemory) -> None:
    """A failure that says so: there is no count to tell."""
    join = there.open(succeed_on="any", total=None, deadline_at=DEADLINE)
    assert close_at_deadline(there.table, join, [], repair_level=logging.WARNING)
    row = there.join_row()
    assert row["error"] == f"the deadline {DEADLINE} passed before the list of members was read"
    assert row["workflow_state"] == "FAILED"
    assert row["answer_error"] == "CirrusCallback.JoinFailed"


def test_a_list_that_breaks_the_rules(
    there: JoinsInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """The parent and the log are told what is wrong with it."""
    caplog.set_level(logging.INFO)
    join: Join = there.open(succeed_on="all", total=None)
    assert close_as_invalid(there.table, join, "the list is missing")
    row = there.join_row()
    assert (row["answer_error"], row["error"]) == (
        "CirrusCallback.InvalidPayload",
        "the list is missing",
    )
    (line,) = steps(caplog)
    assert line["why"] == "the list is missing"
    assert line["answer_error"] == "CirrusCallback.InvalidPayload"


def test_counts_as_people_say_them(there: JoinsInMemory) -> None:
    """One member is told as one; how many have to succeed is known once the list was read."""
    assert (members_text(0), members_text(1), members_text(2)) == (
        "0 members",
        "1 member",
        "2 members",
    )
    join = there.open(succeed_on="all", total=3, answer_when="settled")
    assert needed_of(join) == 3
    assert needed_of(replace(join, succeed_on=2, total=None)) is None
    assert rule_of(join, 3) == JoinRule("all", "settled", 3)
