"""Why a wait still waits: each case of the reconciler's judgement has its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.cirrus.generations import V0_15
from cirrus_callbacks_plugin.operations import reasons
from cirrus_callbacks_plugin.operations.reasons import Code, Reason, reason_of
from cirrus_callbacks_plugin.reconcile.judge import Case, Run, RunStatus, Verdict, judge
from cirrus_callbacks_plugin.waits.row import timestamp
from support.judged import (
    BEFORE_REDELIVERY,
    LOST,
    PAST_REDELIVERY,
    REDELIVERY,
    REGISTERED,
    RUNNING,
    UNKNOWN,
    at,
    ended,
    record,
    row,
)

if TYPE_CHECKING:
    from datetime import datetime

OLD = ended("old", "FAILED", started=-200, stopped=-100, error="Boom")
WAITS_FOR_A_NEW_RUN = replace(
    LOST, row=row("FAILED", "old"), record=record("FAILED", "old"), run=OLD
)


def reason(case: Case) -> Reason:
    return reason_of(case.row, case, judge(case), case.now)


@pytest.mark.parametrize(
    ("case", "code", "repair"),
    [
        (replace(LOST, run=RUNNING), Code.RUNNING, None),
        (LOST, Code.STUCK, "settle"),
        (replace(LOST, record=None), Code.STUCK, "settle"),
        (replace(LOST, record=record("SUCCEEDED", "a")), Code.NOT_SETTLED, "settle"),
        (replace(LOST, record=None, run=None), Code.NOT_STARTED_YET, "settle"),
        (
            replace(LOST, record=None, run=None, now=PAST_REDELIVERY),
            Code.WILL_NOT_START,
            "settle",
        ),
        (replace(LOST, run=UNKNOWN), Code.NOT_STARTED_YET, "settle"),
        (replace(LOST, run=UNKNOWN, now=PAST_REDELIVERY), Code.WILL_NOT_START, "settle"),
        (WAITS_FOR_A_NEW_RUN, Code.NOT_STARTED_YET, "settle"),
        (replace(WAITS_FOR_A_NEW_RUN, now=PAST_REDELIVERY), Code.WILL_NOT_START, "settle"),
        (replace(LOST, now=at(219)), Code.ENDING, "settle"),
        (replace(LOST, now=at(220)), Code.STUCK, "settle"),
        (
            replace(
                LOST,
                row=row("SUCCEEDED", "a"),
                record=record("SUCCEEDED", "a"),
                run=UNKNOWN,
            ),
            Code.NOT_SETTLED,
            "settle",
        ),
    ],
)
def test_each_case(case: Case, code: Code, repair: str | None) -> None:
    """The code, and the command that ends it."""
    found = reason(case)
    assert (found.code, found.repair) == (code, repair)


def test_texts_say_what_is_known() -> None:
    """Results, errors, and what StateDB says."""
    assert reason(LOST).text == "its run ended SUCCEEDED, StateDB says PROCESSING"
    lost = replace(LOST, record=None)
    assert reason(lost).text == "its run ended SUCCEEDED, StateDB has no record"
    assert reason(WAITS_FOR_A_NEW_RUN).text == (
        "no new run was listed yet; the last one before ended FAILED"
    )
    unknown = replace(LOST, run=UNKNOWN, record=record("CLAIMED", "a"))
    assert "(StateDB: CLAIMED)" in reason(unknown).text


@pytest.mark.parametrize("now", [BEFORE_REDELIVERY, PAST_REDELIVERY, at(365 * 86_400)])
def test_nobody_has_started_an_attached_member(now: datetime) -> None:
    """No message of its own is under way, and no time but a year's ends the wait."""
    case = replace(LOST, row=replace(row(), attached=True), record=None, run=None, now=now)
    found = reason(case)
    assert (found.code, found.since) == (Code.NOT_STARTED_YET, REGISTERED)
    assert found.text == (
        "nobody has started the payload yet; its join waits for that up to 366 days"
    )
    assert (found.repair, found.repair_from) == (None, None)
    listed = reason(replace(case, record=record("CLAIMED")))
    assert listed.text.startswith("StateDB says CLAIMED, and no run is listed; its join waits")


def test_an_attached_member_that_was_never_started() -> None:
    """Past that year: in a sentence of its own."""
    attached = replace(row(), attached=True)
    now = at(366 * 86_400)
    found = reason(replace(LOST, row=attached, record=None, run=None, now=now))
    assert (found.code, found.repair) == (Code.WILL_NOT_START, "settle")
    assert found.text == "nobody has started the payload within 366 days"


def test_times() -> None:
    """Since when, and from when on a repair will do something."""
    running = Run("a", RunStatus.RUNNING, started=at(5))
    assert reason(replace(LOST, run=running)).since == at(5)
    assert reason(LOST).since == at(100)
    assert reason(LOST).repair_from is None
    waiting = reason(replace(LOST, record=None, run=None))
    assert (waiting.since, waiting.repair_from) == (REGISTERED, REGISTERED + REDELIVERY)
    ending = reason(replace(LOST, now=at(110)))
    assert ending.repair_from == at(100) + timedelta(seconds=120)


def test_before_cirrus_1_an_end_is_judged_past_the_redelivery_time() -> None:
    """0.x lists a restart only after its start: the end is told, the repair comes later."""
    old = replace(LOST, generation=V0_15, record=record("FAILED", "a"), now=BEFORE_REDELIVERY)
    found = reason(replace(old, run=ended("a", "FAILED")))
    assert (found.code, found.repair_from) == (Code.NOT_SETTLED, REGISTERED + REDELIVERY)


def test_a_settled_row_waits_for_its_answer() -> None:
    """Since it was settled, with what it was settled as."""
    settled = replace(
        LOST.row, settled_at=timestamp(at(50)), workflow_state="FAILED", execution_arn="a"
    )
    found = reason_of(settled, None, Verdict(), at(60))
    assert (found.code, found.since, found.repair) == (Code.NOT_ANSWERED, at(50), "resend")
    assert "CirrusCallback.Failed" in found.text


def test_what_a_further_look_adds() -> None:
    """Chains by the first payload and how many more; dead letters by their queue."""
    running = reason(replace(LOST, run=RUNNING))
    chained = reasons.waits_itself(running, ["p", "q", "r"])
    assert chained.text == "the child runs and itself waits for p and 2 more"
    assert chained.waits_for == ("p", "q", "r")
    dead = reasons.in_dead_letters(running, "x-dlq")
    assert (dead.code, "x-dlq" in dead.text) == (Code.IN_DEAD_LETTERS, True)
    assert reasons.being_settled(running, at(9)).since == at(9)


def test_json_has_texts_for_times() -> None:
    """ISO 8601, or null."""
    told = reason(replace(LOST, now=at(110))).to_json()
    assert told["since"] == at(100).isoformat()
    assert told["repair_from"] == at(220).isoformat()
    assert Reason(Code.RUNNING, "x").to_json()["since"] is None
