"""The protocol's judgements: each guard alone decides a case."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.cirrus.generations import V0_15, V2, Generation
from cirrus_callbacks_plugin.cirrus.observe import FinalState
from cirrus_callbacks_plugin.protocol import error_names
from cirrus_callbacks_plugin.protocol.error_names import NEVER_STARTED
from cirrus_callbacks_plugin.protocol.rules import (
    Attempt,
    Ended,
    LeaveOpen,
    after_cirrus,
    after_end,
    at_registration,
    displaces,
    invalid_payload,
    run_to_note,
    wait_for_itself,
)
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Wait
from support.judged import record
from support.judgements import outcome_in

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.state_table import Record


def url(arn: str) -> str:
    return f"s3://b/{arn}"


def row(state: str | None = None, execution: str | None = None, **more: object) -> Wait:
    return Wait("p", "t", seen_state=state, seen_execution=execution, **more)  # type: ignore[arg-type]


# --- at registration ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "replaces", "expected"),
    [
        (None, False, None),
        (record("CLAIMED", "a"), False, None),
        (record("PROCESSING", "a"), False, None),
        (record("FAILED", "a"), False, None),
        (record("ABORTED", "a"), False, None),
        (record("SUCCEEDED", "a"), False, Outcome("SUCCEEDED", "a", None, "s3://b/a")),
        (record("COMPLETED", "a"), False, Outcome("COMPLETED", "a", None, "s3://b/a")),
        (record("INVALID", "a", error="E"), False, Outcome("INVALID", "a", "E")),
        (record("SUCCEEDED"), False, Outcome("SUCCEEDED")),
        # Which of several runs ended so, the record does not say.
        (record("SUCCEEDED", "a", "b"), False, Outcome("SUCCEEDED")),
        (record("INVALID", "a", "b", error="E"), False, Outcome("INVALID", None, "E")),
        (record("SUCCEEDED", "a", "a"), False, Outcome("SUCCEEDED", "a", None, "s3://b/a")),
        (record("SUCCEEDED", "a"), True, None),
        (record("INVALID", "a"), True, None),
    ],
)
def test_at_registration(seen: Record | None, replaces: bool, expected: Outcome | None) -> None:
    """Only what no cirrus runs again is settled with the first write."""
    assert outcome_in(at_registration(seen, replace=replaces, output_url=url)) == expected


# --- after cirrus ---------------------------------------------------------------------

FAILED_START = FinalState("FAILED", "no state machine")

# What this invocation itself wrote; one run more than at its first read is its own claim.
WROTE = Attempt(None, record("FAILED", "a"), FAILED_START, returned=True)


@pytest.mark.parametrize(
    ("attempt", "generation", "is_settled"),
    [
        (WROTE, V2, True),
        (replace(WROTE, returned=False), V2, False),
        (replace(WROTE, after=None), V2, False),
        (replace(WROTE, after=record("FAILED", "a", "b")), V2, False),
        (replace(WROTE, before=record("FAILED", "x"), after=record("FAILED", "x", "a")), V2, True),
        (replace(WROTE, after=record("PROCESSING", "a")), V2, True),
        (replace(WROTE, after=record("FAILED")), V0_15, True),
        (replace(WROTE, after=record("FAILED", "a")), V0_15, False),
        (replace(WROTE, wrote=None), V2, False),
    ],
)
def test_what_this_invocation_wrote(
    attempt: Attempt,
    generation: Generation,
    is_settled: bool,
) -> None:
    """It settles where cirrus returned and no run but its own was listed meanwhile."""
    outcome = outcome_in(after_cirrus(row(), attempt, generation, url))
    assert outcome == (Outcome("FAILED", error="no state machine") if is_settled else None)


# A record as the row saw it: nobody ran the payload, and cirrus returned.
AS_SEEN = Attempt(record("FAILED", "a"), record("FAILED", "a"), None, returned=True)
SEEN = row("FAILED", "a")


@pytest.mark.parametrize(
    ("wait", "attempt", "is_settled"),
    [
        (SEEN, AS_SEEN, True),
        (replace(SEEN, seen_state="ABORTED"), AS_SEEN, False),
        (replace(SEEN, seen_execution="b"), AS_SEEN, False),
        (replace(SEEN, seen_execution=None), AS_SEEN, False),
        (SEEN, replace(AS_SEEN, returned=False), False),
        (SEEN, replace(AS_SEEN, after=record("FAILED", "a", updated="2")), False),
        (SEEN, replace(AS_SEEN, before=None), False),
        (SEEN, replace(AS_SEEN, after=record("FAILED", "a", "b")), False),
        # The late event of another run may have written the state.
        (SEEN, replace(AS_SEEN, after=record("FAILED", "x", "a")), False),
        (
            row("PROCESSING", "a"),
            Attempt(record("PROCESSING", "a"), record("PROCESSING", "a"), None, returned=True),
            False,
        ),
    ],
)
def test_a_record_that_is_as_the_row_saw_it(
    wait: Wait,
    attempt: Attempt,
    is_settled: bool,
) -> None:
    """Same state, same only run, untouched, final, returned: nobody else will settle it."""
    outcome = outcome_in(after_cirrus(wait, attempt, V2, url))
    assert outcome == (Outcome("FAILED", "a") if is_settled else None)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ((), Outcome("FAILED", error="E")),
        (("a",), Outcome("FAILED", "a", "E")),
        (("a", "a"), Outcome("FAILED", "a", "E")),
        (("a", "b"), None),
    ],
)
def test_at_most_one_run_is_listed(listed: tuple[str, ...], expected: Outcome | None) -> None:
    """Without a run (its start failed) nobody but cirrus itself wrote the state: it is told."""
    seen = record("FAILED", *listed, error="E")
    wait = row("FAILED", seen.last_execution)
    judgement = after_cirrus(wait, Attempt(seen, seen, None, returned=True), V2, url)
    assert outcome_in(judgement) == expected
    if isinstance(judgement, LeaveOpen):
        assert judgement.why.startswith("several runs are listed")


def test_a_replacement_that_cirrus_declined_is_never_started() -> None:
    """What it asked to replace is not an answer; the row's own state stays."""
    outcome = outcome_in(after_cirrus(replace(SEEN, replace=True), AS_SEEN, V2, url))
    assert outcome is not None
    assert (outcome.workflow_state, outcome.answer_error) == (None, NEVER_STARTED)
    assert "FAILED before" in (outcome.error or "")


# A run that was in progress at registration and has ended since.
RUNNING = row("PROCESSING", "a")
MEANWHILE = Attempt(record("PROCESSING", "a"), record("SUCCEEDED", "a"), None, returned=True)


@pytest.mark.parametrize(
    ("wait", "attempt", "state"),
    [
        (RUNNING, MEANWHILE, "SUCCEEDED"),
        (RUNNING, replace(MEANWHILE, returned=False), "SUCCEEDED"),
        (RUNNING, replace(MEANWHILE, after=record("INVALID", "a"), returned=False), "INVALID"),
        (RUNNING, replace(MEANWHILE, after=record("FAILED", "a")), "FAILED"),
        (RUNNING, replace(MEANWHILE, after=record("FAILED", "a"), returned=False), None),
        (RUNNING, replace(MEANWHILE, after=record("ABORTED", "a"), returned=False), None),
        (RUNNING, replace(MEANWHILE, after=record("SUCCEEDED", "a", "b")), None),
        (RUNNING, replace(MEANWHILE, after=record("SUCCEEDED", "x", "a")), None),
        (RUNNING, replace(MEANWHILE, after=record("SUCCEEDED", "b")), None),
        (RUNNING, replace(MEANWHILE, after=record("SUCCEEDED")), None),
        (row("CLAIMED", "a"), MEANWHILE, "SUCCEEDED"),
        (row(None, None), MEANWHILE, None),
    ],
)
def test_a_run_that_ended_around_registration(
    wait: Wait,
    attempt: Attempt,
    state: str | None,
) -> None:
    """Seen in progress, the only run and still that one: its end is the answer."""
    outcome = outcome_in(after_cirrus(wait, attempt, V2, url))
    assert (outcome.workflow_state if outcome else None) == state


def test_what_ended_around_registration_tells_its_output() -> None:
    """As the record says it; what an older run of a completed payload met is not an error."""
    attempt = replace(MEANWHILE, after=record("SUCCEEDED", "a", error="of an older run"))
    assert outcome_in(after_cirrus(RUNNING, attempt, V2, url)) == Outcome(
        "SUCCEEDED", "a", None, "s3://b/a"
    )
    seen = record("SUCCEEDED", "a")
    attempt = Attempt(seen, seen, None, returned=True)
    outcome = outcome_in(after_cirrus(row("SUCCEEDED", "a"), attempt, V2, url))
    assert outcome == Outcome("SUCCEEDED", "a", None, "s3://b/a")


# --- after an end ---------------------------------------------------------------------

OUTCOME = Outcome("SUCCEEDED", "b", None, "s3://b/b")
ENDED = Ended("b", OUTCOME)
OF_0_15 = row(cirrus_version="0.15.4")
AT_NOON = row(registered_at="2024-06-01T12:00:00.000000+00:00")


def stopped(at: str) -> Ended:
    """The end that is told, with the time at which the run stopped."""
    return replace(ENDED, stopped_at=f"2024-06-01T{at}.000000+00:00")


NAMELESS = Ended(None, Outcome("COMPLETED"))


@pytest.mark.parametrize(
    ("wait", "listed", "ended", "is_settled"),
    [
        (row(), record("SUCCEEDED", "a", "b"), ENDED, True),
        (row(), record("SUCCEEDED", "b", "c"), ENDED, False),  # a later run decides
        (row(), record("SUCCEEDED", "b", "c", "b"), ENDED, True),  # stands where it is last
        (row(), record("SUCCEEDED", "a"), ENDED, False),  # unlisted: cirrus did not start it
        (OF_0_15, record("COMPLETED", "a"), ENDED, True),  # 0.x lists it after its start
        (row(), None, ENDED, True),
        (row(), record("SUCCEEDED"), ENDED, True),
        (row("FAILED", "b"), record("SUCCEEDED", "b"), ENDED, False),  # ended before
        (row("FAILED", "b"), None, ENDED, False),
        (row("FAILED", "a"), record("SUCCEEDED", "a", "b"), ENDED, True),
        (row("FAILED", "c"), record("SUCCEEDED", "c", "b"), ENDED, True),
        (row("FAILED", "gone"), record("SUCCEEDED", "b"), ENDED, True),
        (row("FAILED", "gone"), record("SUCCEEDED"), ENDED, True),
        (AT_NOON, None, stopped("11:59:59"), False),  # the record was deleted: its event is late
        (AT_NOON, record("SUCCEEDED"), stopped("11:59:59"), False),
        (AT_NOON, record("SUCCEEDED", "b"), stopped("12:00:00"), True),
        (replace(AT_NOON, registered_at=None), None, stopped("11:59:59"), True),
        (replace(AT_NOON, seen_state="PROCESSING"), None, stopped("11:59:59"), True),
        (row("FAILED", None), record("SUCCEEDED", "b"), ENDED, True),
        (row("PROCESSING", "b"), record("SUCCEEDED", "b"), ENDED, True),  # the one waited for
        (row("CLAIMED", "b"), record("SUCCEEDED", "b"), ENDED, True),
        (row("PROCESSING", "b"), record("PROCESSING", "b"), ENDED, True),  # written late
        (row(), record("CLAIMED", "b"), ENDED, True),
        (row(), record("FAILED", "b"), ENDED, False),  # overwritten: cirrus may run it again
        (row("FAILED", "a"), record("ABORTED", "a", "b"), ENDED, False),
        (row(), record("COMPLETED", "b"), ENDED, True),  # the same, as cirrus 1 spells it
        (row("FAILED", "a"), record("COMPLETED", "a"), NAMELESS, False),
        (row("FAILED", "a"), record("COMPLETED", "a", "b"), NAMELESS, True),
        (row(), None, NAMELESS, True),
    ],
)
def test_after_end(wait: Wait, listed: Record | None, ended: Ended, is_settled: bool) -> None:
    """Settle, except for a later run and for a run that had ended before registration."""
    assert (outcome_in(after_end(wait, listed, ended)) is not None) is is_settled


@pytest.mark.parametrize(
    ("wait", "listed", "why"),
    [
        (row(), record("SUCCEEDED", "a", "b"), None),
        (row(), record("FAILED", "b", "c"), "later run"),
        (row(), record("FAILED", "c"), "not listed"),
        (row(), record("FAILED", "a", "b"), "FAILED by now"),
        (row("FAILED", "b"), record("SUCCEEDED", "b"), "had ended"),
    ],
)
def test_why_an_end_leaves_a_row_open(wait: Wait, listed: Record, why: str | None) -> None:
    """The log says which of the reasons it was."""
    judgement = after_end(wait, listed, ENDED)
    left = judgement.why if isinstance(judgement, LeaveOpen) else None
    assert left is None if why is None else why in (left or "")


def test_why_a_late_event_leaves_a_row_open() -> None:
    """A run that stopped before registration is not the one that the row waits for."""
    judgement = after_end(AT_NOON, None, stopped("11:59:59"))
    assert isinstance(judgement, LeaveOpen)
    assert "before the row was registered" in judgement.why


def test_a_run_listed_before_the_seen_one_had_ended_too() -> None:
    """Listed before ``seen_execution``: it ended before registration, whatever is last."""
    listed = record("FAILED", "b", "a")
    assert outcome_in(after_end(row("FAILED", "a"), listed, ENDED)) is None


def test_an_event_without_a_run_is_of_the_last_listed() -> None:
    """Cirrus 0.7's events name none; the row then says which one it was taken for."""
    assert outcome_in(after_end(row(), record("COMPLETED", "a", "b"), NAMELESS)) == Outcome(
        "COMPLETED", "b"
    )
    assert outcome_in(after_end(row(), None, NAMELESS)) == Outcome("COMPLETED")


def test_an_invalid_payload_is_cut_and_named() -> None:
    """A row stays far below DynamoDB's 400 KB, whatever the text."""
    outcome = invalid_payload("x" * 100_000)
    assert outcome.answer_error == "CirrusCallback.InvalidPayload"
    assert len((outcome.error or "").encode()) <= 16_384


def test_the_errors_that_a_waiting_task_may_catch() -> None:
    """Workflows name them in ``Catch`` and ``Retry``: they never change."""
    assert {
        name: getattr(error_names, name)
        for name in dir(error_names)
        if str(getattr(error_names, name)).startswith("CirrusCallback.")
    } == {
        "FAILED": "CirrusCallback.Failed",
        "ABORTED": "CirrusCallback.Aborted",
        "INVALID_RUN": "CirrusCallback.Invalid",
        "INVALID_PAYLOAD": "CirrusCallback.InvalidPayload",
        "NOT_ENABLED": "CirrusCallback.NotEnabled",
        "NEVER_STARTED": "CirrusCallback.NeverStarted",
        "CANCELLED": "CirrusCallback.Cancelled",
        "JOIN_FAILED": "CirrusCallback.JoinFailed",
        "DEPENDENCY_CYCLE": "CirrusCallback.DependencyCycle",
    }


# --- what a row keeps of the run that goes on --------------------------------------------


@pytest.mark.parametrize(
    ("wait", "listed", "run"),
    [
        (row(), None, None),
        (row(), record("FAILED"), None),
        (row(), record("PROCESSING", "a"), "a"),
        (
            row(),
            record("SUCCEEDED", "a"),
            "a",
        ),  # it ended meanwhile: its record may go all the same
        (row("PROCESSING", "a"), record("PROCESSING", "a"), None),
        (row("FAILED", "a"), record("FAILED", "a"), None),
        (row("FAILED", "a"), record("CLAIMED", "a", "b"), "b"),
        (row(execution_arn="a"), record("PROCESSING", "a"), None),
        (row(execution_arn="a"), record("PROCESSING", "a", "b"), "b"),
    ],
)
def test_the_run_that_a_row_does_not_tell_yet(
    wait: Wait,
    listed: Record | None,
    run: str | None,
) -> None:
    """The last listed one, unless it was seen at registration or noted before."""
    assert run_to_note(wait, listed) == run


def test_a_run_that_was_noted_is_waited_for_whenever_it_stopped() -> None:
    """Its event may be late; it went on when the message had been processed."""
    wait = replace(AT_NOON, execution_arn="b")
    assert outcome_in(after_end(wait, None, stopped("11:59:59"))) is not None


@pytest.mark.parametrize(
    ("wait", "listed", "ended", "is_settled"),
    [
        (row("PROCESSING", "c"), None, ENDED, False),
        (row("CLAIMED", "c"), None, ENDED, False),
        (row(execution_arn="c"), None, ENDED, False),
        (row("FAILED", "a", execution_arn="c"), None, ENDED, False),
        (row("PROCESSING", "a", execution_arn="b"), None, ENDED, True),  # noted later than seen
        (row("PROCESSING", "b", execution_arn="c"), None, ENDED, False),
        # An update of cirrus's made the record again; what it lists tells no run.
        (row("PROCESSING", "c"), record("SUCCEEDED"), ENDED, False),
        (replace(OF_0_15, execution_arn="c"), record("COMPLETED"), ENDED, False),
        # The record tells: another run is listed since.
        (row("PROCESSING", "c"), record("SUCCEEDED", "c", "b"), ENDED, True),
        (row("PROCESSING", "c"), record("SUCCEEDED", "b"), ENDED, True),
        # The run that is waited for, or it is not known which one that is.
        (row("PROCESSING", "b"), None, ENDED, True),
        (row(execution_arn="b"), record("SUCCEEDED"), ENDED, True),
        (row(), None, ENDED, True),
        (row("FAILED", "c"), None, ENDED, True),
        (row("PROCESSING", "c"), None, NAMELESS, True),
    ],
)
def test_once_the_record_is_gone_only_the_awaited_run_answers(
    wait: Wait,
    listed: Record | None,
    ended: Ended,
    is_settled: bool,
) -> None:
    """A late event of an older run answers nobody who is known to wait for another one."""
    judgement = after_end(wait, listed, ended)
    assert (outcome_in(judgement) is not None) is is_settled
    if isinstance(judgement, LeaveOpen):
        assert "waits for another" in judgement.why


# --- an outcome that waits for the sender ----------------------------------------------------


def end_of(run: str | None) -> Ended:
    return Ended(run, OUTCOME)


@pytest.mark.parametrize(
    ("listed", "newer", "older", "lists_at_claim", "is_displaced"),
    [
        (record("PROCESSING", "a", "b"), "b", "a", True, True),
        (record("PROCESSING", "a", "b"), "a", "b", True, False),
        (record("PROCESSING", "a", "b"), "a", "a", True, True),  # told again, or redriven
        (record("PROCESSING", "a", "b", "a"), "a", "b", True, True),  # stands where it is last
        (record("PROCESSING", "a", "b"), None, "a", True, True),  # nameless: the last listed
        (record("PROCESSING", "a", "b"), None, "b", True, True),
        (record("PROCESSING", "a", "b"), "a", None, True, False),
        (record("PROCESSING", "a"), "by-hand", "a", True, False),
        (record("PROCESSING", "a"), "a", "by-hand", True, True),
        (record("PROCESSING", "a"), "unlisted", "a", False, True),  # 0.x: the latest
        (record("PROCESSING", "a"), "a", "unlisted", False, False),
        (record("PROCESSING"), "a", "b", True, True),  # nothing tells which came first
        (None, "a", "b", True, True),
    ],
)
def test_which_outcome_may_take_the_place_of_which(
    listed: Record | None,
    newer: str | None,
    older: str | None,
    *,
    lists_at_claim: bool,
    is_displaced: bool,
) -> None:
    """One whose run is listed before the other's settles no row: it stays away."""
    found = displaces(listed, end_of(newer), end_of(older), lists_run_at_claim=lists_at_claim)
    assert found is is_displaced


def test_an_attached_member_takes_the_last_run_whenever_it_stopped() -> None:
    """Somebody else started it, perhaps before the wait was put; its event may come later yet.

    A run that is not listed came, for all that is known, before the record was deleted.
    """
    wait = replace(AT_NOON, attached=True)
    listed = record("PROCESSING", "b")
    ended = stopped("11:59:59")
    assert outcome_in(after_end(AT_NOON, listed, ended)) is None
    assert outcome_in(after_end(wait, listed, ended)) is not None
    assert outcome_in(after_end(wait, None, ended)) is None


@pytest.mark.parametrize(
    ("told", "is_own"),
    [
        ({"waiter_payload_id": "p"}, True),
        ({"waiter_payload_id": "p", "waiter_execution_arn": "run-1"}, True),
        ({"waiter_execution_arn": "run-1"}, True),
        ({"waiter_execution_arn": "another"}, False),
        ({"waiter_payload_id": "q"}, False),
        ({"waiter_payload_id": "q", "waiter_execution_arn": "run-1"}, False),
        ({"waiter_payload_id": "p", "replace": True}, False),
        ({}, False),
    ],
)
def test_a_parent_that_waits_for_its_own_payload_is_told_so(
    told: dict[str, object], is_own: bool
) -> None:
    """By the id that it told, else by its execution, which the payload's record lists.

    A replacement is another run than the one that waits for it.
    """
    outcome = wait_for_itself(row(**told), record("PROCESSING", "run-1"))
    assert (outcome is not None) == is_own
    if outcome is not None:
        assert outcome.answer_error == error_names.DEPENDENCY_CYCLE
        assert outcome.workflow_state is None


def test_without_a_record_an_execution_alone_is_nobody_s_own() -> None:
    """Nothing tells whose run it is."""
    assert wait_for_itself(row(waiter_execution_arn="run-1"), None) is None
