"""What the reconciler does for a join's own wait, and when it is too early for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.joins.overdue import Overdue, Patience, Repair
from cirrus_callbacks_plugin.joins.rows import Expansion
from cirrus_callbacks_plugin.joins.telling import Teller
from cirrus_callbacks_plugin.waits.row import timestamp
from support.joins_in_memory import AT_NOON, JOIN_ID, NOON, JoinsInMemory
from support.logged_steps import lines, listen

SECOND = timedelta(seconds=1)
GRACE, REDELIVERY, QUEUE = 900 * SECOND, 5400 * SECOND, 10_000 * SECOND


def repair(there: JoinsInMemory, join: Any, after: timedelta, **patience: timedelta) -> Any:
    """What is done for a join, so long after noon."""
    given = {"grace": GRACE, "redelivery": REDELIVERY, "queue": QUEUE, **patience}
    overdue = Overdue(there.table, Teller(there.table, 60), Patience(**given))
    return overdue.repair(join, NOON + after)


@pytest.mark.parametrize(
    ("after", "is_past"), [(300 * SECOND, True), (301 * SECOND, True), (299 * SECOND, False)]
)
def test_the_deadline(there: JoinsInMemory, after: timedelta, is_past: bool) -> None:
    """From that moment on, young as the join may be; members that are pending did not succeed."""
    deadline = timestamp(NOON + 300 * SECOND)
    join = there.open(succeed_on="all", total=2, sent=2, sent_at=AT_NOON, deadline_at=deadline)
    there.told(0, "success")
    assert repair(there, join, after) == ([Repair.SETTLED] if is_past else [])
    assert there.join_row()["workflow_state"] == ("FAILED" if is_past else "PROCESSING")


def test_a_deadline_by_which_enough_have_succeeded(there: JoinsInMemory) -> None:
    """The members' rows are read for it: those that are pending are waited for no more."""
    facts: dict[str, Any] = {"answer_when": "settled", "deadline_at": AT_NOON}
    join = there.open(succeed_on=1, total=2, **facts)
    there.told(1, "success")
    assert repair(there, join, SECOND) == [Repair.SETTLED]
    assert there.join_row()["workflow_state"] == "SUCCEEDED"


def test_what_was_done_is_logged_as_every_repair_is(
    there: JoinsInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """A line each, by a warning: the deadline's, and for members that are told or sent again."""
    listen(caplog)
    about = {"payload_id": JOIN_ID, "wait": there.open(total=2).wait.key.name}
    facts: dict[str, Any] = {"succeed_on": "all", "total": 2, "deadline_at": AT_NOON}
    repair(there, there.open(**facts), SECOND)
    ((level, line),) = lines(caplog)
    assert (level, line["callback"], line["workflow_state"]) == ("WARNING", "repaired", "FAILED")
    assert (line["answer_error"], about | line) == ("CirrusCallback.JoinFailed", line)

    repair(there, there.open(succeed_on="all", total=2, sent=1), GRACE)
    again = {"callback": "members to be sent again", **about, "total": 2, "sent": 1}
    assert lines(caplog) == [("WARNING", again)]

    join = there.open(succeed_on=1, total=2, sent=2, sent_at=AT_NOON, answer_when="settled")
    repair(there, join, QUEUE)
    (_, closed), _, (level, line) = lines(caplog)
    assert (closed["callback"], about | closed) == ("settled", closed)
    assert (level, line["callback"], line["payload_id"]) == ("WARNING", "repaired", JOIN_ID)
    assert (line["wait"], line["answer_error"]) == ("01234567:1", "CirrusCallback.NeverStarted")
    assert "never processed" in line["why"]

    join = there.open(succeed_on=1, total=2, sent=2, sent_at=AT_NOON, answer_when="settled")
    repair(there, join, QUEUE)
    ((level, line),) = lines(caplog)
    assert (level, line["callback"], about | line) == ("WARNING", "repaired", line)


def test_a_deadline_at_which_somebody_else_was_first(there: JoinsInMemory) -> None:
    """Then nothing was repaired."""
    join = there.open(succeed_on="all", total=2, deadline_at=AT_NOON)
    there.open(succeed_on="all", total=2, deadline_at=AT_NOON, is_settled=True)
    assert repair(there, join, SECOND) == []


@pytest.mark.parametrize(("after", "is_past"), [(GRACE - SECOND, False), (GRACE, True)])
@pytest.mark.parametrize("sent", [{}, {"total": 2, "sent": 1}, {"total": 0}])
def test_a_join_that_nobody_expands(
    there: JoinsInMemory, after: timedelta, is_past: bool, sent: dict[str, int]
) -> None:
    """Not read, not all sent, or of none and not settled: from the grace period on."""
    join = there.open(succeed_on="all", **sent)
    assert repair(there, join, after) == ([Repair.EXPANDED] if is_past else [])
    assert (there.client.row(JOIN_ID, "#expand") is not None) is is_past


@pytest.mark.parametrize(("age", "is_old"), [(GRACE - SECOND, False), (GRACE, True)])
def test_an_expansion_that_the_sender_was_told_of_lately(
    there: JoinsInMemory, age: timedelta, is_old: bool
) -> None:
    """It is left alone until it is older than the grace period itself."""
    join = there.open(succeed_on="all", total=2, sent=1)
    put = timestamp(NOON + GRACE)
    there.client.put(Expansion(JOIN_ID, put, 1).to_item())
    assert repair(there, join, GRACE + age) == ([Repair.EXPANDED] if is_old else [])
    row = there.client.row(JOIN_ID, "#expand")
    assert row is not None
    assert (row["settled_at"] != put) is is_old


@pytest.mark.parametrize(
    ("redelivery", "queue", "until"),
    [(REDELIVERY, QUEUE, QUEUE), (2 * QUEUE, QUEUE, 2 * QUEUE)],
)
def test_missing_members_may_come_until_no_queue_keeps_them(
    there: JoinsInMemory, redelivery: timedelta, queue: timedelta, until: timedelta
) -> None:
    """Since the last was sent: so long a message may lie unreceived, or be delivered again."""
    sent_at = timestamp(NOON + SECOND)
    join = there.open(succeed_on=1, total=2, sent=2, sent_at=sent_at, answer_when="settled")
    patience = {"redelivery": redelivery, "queue": queue}
    assert repair(there, join, until, **patience) == []
    assert there.client.calls == []
    assert repair(there, join, until + SECOND, **patience) == [Repair.TOLD_MISSING] * 2


def test_missing_members_are_told_as_never_started(there: JoinsInMemory) -> None:
    """Those without a row, and no others; that decides the join."""
    join = there.open(succeed_on=2, total=3, sent=3, sent_at=AT_NOON)
    there.told(1, "success")
    assert repair(there, join, QUEUE) == [Repair.TOLD_MISSING] * 2
    for index in (0, 2):
        row = there.member_row(index)
        assert row is not None
        assert (row["answer"], row["answer_error"]) == ("failure", "CirrusCallback.NeverStarted")
        assert (
            row["error"] == "its message was never processed, and no queue keeps it after 10000 s"
        )
        assert row["told_at"] == AT_NOON
    assert there.join_row()["error"] == "2 of 3 members failed, 2 had to succeed"


@pytest.mark.parametrize(("answers", "done"), [(2, [Repair.SETTLED]), (1, [])])
def test_all_members_have_arrived(there: JoinsInMemory, answers: int, done: list[Repair]) -> None:
    """What their rows say decides; one that is under way is waited for."""
    join = there.open(succeed_on="all", total=2, sent=2, sent_at=AT_NOON)
    for index in range(answers):
        there.told(index, "success")
    for index in range(answers, 2):
        there.table.arrive(there.wait(index)[0], "id")
    assert repair(there, join, QUEUE) == done
    assert ("settled_at" in there.join_row()) is bool(done)


def test_a_missing_member_that_cannot_be_told(there: JoinsInMemory) -> None:
    """The next pass tries again."""
    join = there.open(succeed_on="all", total=2, sent=2, sent_at=AT_NOON)
    there.client.refuses = lambda name, _: "ThrottlingException" if name == "UpdateItem" else None
    with pytest.raises(ClientError):
        repair(there, join, QUEUE)
