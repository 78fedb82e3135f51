"""``settle``, ``cancel``, ``resend`` and ``reconcile``: first said, then asked, done and noted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import pytest

from cirrus_callbacks_plugin.operations import repairs
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, token_name
from support import schemas
from support.open_waits import payload_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.survey import Survey
    from support.aws_calls import AwsCalls
    from support.command_line import Run
    from support.open_waits import OpenWaits

ABOUT = payload_id("repaired")


@pytest.fixture(autouse=True)
def no_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender stands still here: nobody waits ten seconds for it."""
    monkeypatch.setattr(repairs, "SENDER_SECONDS", 0.0)


@pytest.fixture
def parent(waits: OpenWaits, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """An execution that waits for ABOUT, and its token."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    execution, token = waits.waiting_parent(name)
    waits.register(ABOUT, token, execution=execution)
    yield execution, token
    waits.remove((ABOUT, token))
    waits.sfn.stop_execution(executionArn=execution)


def told(waits: OpenWaits, execution: str) -> dict[str, Any]:
    waits.ended(execution)
    return dict(waits.sfn.describe_execution(executionArn=execution))


def stuck(waits: OpenWaits) -> str:
    """Let the payload's run have ended, and StateDB not know it."""
    run = waits.names.state_machine_arn("cog").replace(":stateMachine:", ":execution:")
    waits.record(ABOUT, "PROCESSING", f"{run}:stuck-run")
    return f"{run}:stuck-run"


def test_settle_resumes_the_parent_of_a_stuck_child(
    run: Run,
    waits: OpenWaits,
    parent: tuple[str, str],
) -> None:
    """Its outcome is the run's; the history says who, what and why; exit status 0."""
    execution, token = parent
    child = stuck(waits)
    ran = run("settle", ABOUT, "--yes", "--reason", "alarm at night")
    assert ran.status == 0, ran.err
    assert "settle it as SUCCEEDED" in ran.out
    assert f"wait {token_name(token)}: answered success" in ran.out
    assert token not in ran.out
    found = told(waits, execution)
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"])["answer"]["execution_arn"] == child
    row = waits.row(ABOUT, token)
    assert (row.answer, row.workflow_state) == ("success", "SUCCEEDED")
    (entry,) = row.history
    assert (entry["action"], entry["reason"]) == ("settle", "alarm at night")
    assert entry["by"].startswith("arn:aws:sts::")


def test_settle_leaves_a_child_that_runs(run: Run, waits: OpenWaits) -> None:
    """Said with the reason, nothing done, exit status 1."""
    ran = run("settle", payload_id("running"), "--yes")
    assert ran.status == 1
    assert "Leaves 2 wait(s) as they are:" in ran.out
    assert "the child runs" in ran.out
    assert waits.row(payload_id("running"), "running-token").history == ()


def test_settle_never_ignores_the_redelivery_time(run: Run, waits: OpenWaits) -> None:
    """Within it the queue may still deliver the message: it says from when on."""
    ran = run("settle", payload_id("queued"), "--yes", "--json")
    assert ran.status == 1
    schemas.check("repair", ran.json)
    assert ran.json["planned"] == ran.json["done"] == []
    assert "; settle it from 20" in ran.json["left"][0]["what"]


def test_nothing_is_done_unasked(
    run: Run,
    waits: OpenWaits,
    parent: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without --yes it asks; no is no, and exit status 1."""
    _, token = parent
    stuck(waits)
    asked: list[str] = []

    def confirm(text: str, **_: Any) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr(click, "confirm", confirm)
    ran = run("settle", ABOUT)
    assert (ran.status, asked) == (1, ["Do it to 1 wait(s)?"])
    assert "settle it as SUCCEEDED" in ran.out
    assert "Nothing was done." in ran.out
    assert not waits.row(ABOUT, token).is_settled


def test_a_program_cannot_be_asked(run: Run) -> None:
    """--json needs --yes."""
    ran = run("settle", ABOUT, "--json")
    assert (ran.status, ran.out) == (2, "")
    assert "--yes" in ran.err


def test_cancel_tells_the_waiter(run: Run, waits: OpenWaits, parent: tuple[str, str]) -> None:
    """CirrusCallback.Cancelled with the reason in its cause; the child goes on."""
    execution, token = parent
    ran = run("cancel", ABOUT, "--reason", "scene withdrawn", "--yes", "--json")
    assert ran.status == 0, ran.err
    schemas.check("repair", ran.json)
    assert ran.json["done"][0]["answer_error"] == "CirrusCallback.Cancelled"
    found = told(waits, execution)
    assert found["error"] == "CirrusCallback.Cancelled"
    assert json.loads(found["cause"])["error"] == "scene withdrawn"
    row = waits.row(ABOUT, token)
    assert (row.workflow_state, row.history[-1]["action"]) == ("PROCESSING", "cancel")


def test_cancel_of_one_wait_leaves_the_others(
    run: Run,
    waits: OpenWaits,
    parent: tuple[str, str],
) -> None:
    """--wait names it by its digest."""
    _, token = parent
    other = waits.register(ABOUT, "another-token")
    ran = run("cancel", ABOUT, "--wait", token_name(token), "--yes")
    assert ran.status == 0
    assert not waits.row(ABOUT, "another-token").is_settled
    assert waits.row(ABOUT, token).is_answered
    waits.remove((ABOUT, other.task_token))


def test_what_is_settled_is_not_cancelled(run: Run) -> None:
    """Its outcome is known: resend sends it."""
    ran = run("cancel", payload_id("answerless"), "--yes")
    assert ran.status == 1
    assert "it is settled as success already; `resend` sends that" in ran.out


def test_resend_answers_what_is_settled(
    run: Run,
    waits: OpenWaits,
    parent: tuple[str, str],
) -> None:
    """With the answer that follows from the row."""
    execution, token = parent
    waits.table.settle(Key.of(ABOUT, token), Outcome("FAILED", "arn", "it broke"))
    ran = run("resend", ABOUT, "--yes")
    assert ran.status == 0, ran.out
    assert "Will do:" in ran.out
    assert "send CirrusCallback.Failed" in ran.out
    assert told(waits, execution)["error"] == "CirrusCallback.Failed"
    assert waits.row(ABOUT, token).history[-1]["action"] == "resend"


def test_resend_of_a_stale_wait_that_is_taken_now(
    run: Run,
    waits: OpenWaits,
    parent: tuple[str, str],
) -> None:
    """An accepted answer outranks stale."""
    execution, token = parent
    key = Key.of(ABOUT, token)
    waits.table.settle(key, Outcome("SUCCEEDED", "arn"))
    waits.table.mark_answered(key, "stale", answer_error=None, retention_days=60)
    ran = run("resend", ABOUT, "--yes")
    assert ran.status == 0, ran.out
    assert waits.row(ABOUT, token).answer == "success"
    assert told(waits, execution)["status"] == "SUCCEEDED"


def test_in_an_answered_row_nothing_but_the_history_changes(
    run: Run,
    waits: OpenWaits,
) -> None:
    """A stale one that stays stale; and the history keeps its newest twenty entries."""
    waits.register(ABOUT, "nobodys-token")
    key = Key.of(ABOUT, "nobodys-token")
    waits.table.settle(key, Outcome("SUCCEEDED", "arn"))
    waits.table.mark_answered(key, "stale", answer_error=None, retention_days=60)
    before = waits.row(ABOUT, "nobodys-token")
    for number in range(21):
        entry = {"at": "t", "by": "b", "action": "a", "reason": str(number)}
        assert waits.table.note(key, entry)
    ran = run("resend", ABOUT, "--yes")
    after = waits.row(ABOUT, "nobodys-token")
    waits.remove((ABOUT, "nobodys-token"))
    assert ran.status == 1
    assert "takes the token no more" in ran.out
    assert [entry["reason"] for entry in after.history][:2] == ["2", "3"]
    assert len(after.history) == 20
    assert {name: value for name, value in after.to_item().items() if name != "history"} == (
        before.to_item()
    )
    assert not waits.table.note(key, {"at": "t", "by": "b", "action": "a", "reason": "gone"})


@pytest.mark.parametrize("command", ["settle", "cancel", "resend"])
def test_an_unknown_payload_is_said_to_be_unknown(run: Run, command: str) -> None:
    """Exit status 1: a typing error is not a success. So is a wait that nobody knows."""
    ran = run(command, "c/workflow-w/mistyped", "--yes")
    assert ran.status == 1
    assert ran.out == (
        "Neither the state table nor the tracking table knows c/workflow-w/mistyped.\n"
    )
    ran = run(command, "c/workflow-w/mistyped", "--yes", "--json")
    schemas.check("repair", ran.json)
    assert (ran.status, ran.json["planned"]) == (1, [])
    assert "knows c/workflow-w/mistyped" in ran.err
    ran = run(command, payload_id("running"), "--yes", "--wait", "0badc0de")
    assert (ran.status, "is called 0badc0de" in ran.out) == (1, True)


@pytest.mark.parametrize(
    ("command", "told"),
    [("settle", "Nobody waits"), ("cancel", "Nobody waits"), ("resend", "No wait")],
)
def test_nothing_to_repair(run: Run, waits: OpenWaits, command: str, told: str) -> None:
    """Said, and no error."""
    waits.record("c/workflow-w/unwaited", "SUCCEEDED")
    ran = run(command, "c/workflow-w/unwaited", "--yes")
    assert (ran.status, ran.out.startswith(told)) == (0, True)


def test_a_dry_run_says_what_a_pass_would_do(run: Run, waits: OpenWaits) -> None:
    """Every wait that is to be mended, and nothing is changed."""
    ran = run("reconcile", "--dry-run", "--json")
    assert ran.status == 0, ran.err
    schemas.check("repair", ran.json)
    acts = {each["payload_id"]: each["act"] for each in ran.json["planned"]}
    assert acts[payload_id("stuck")] == "settle"
    assert acts[payload_id("answerless")] == "answer"
    assert payload_id("running") not in acts
    assert payload_id("queued") not in acts
    assert ran.json["done"] == ran.json["left"] == []
    assert not waits.row(payload_id("stuck"), "stuck-token").is_settled


@pytest.fixture
def young(waits: OpenWaits) -> Iterator[OpenWaits]:
    """Seven waits of the last ten minutes, whose message came to nothing."""
    rows = [(payload_id("young", number), "token") for number in range(7)]
    for about, token in rows:
        waits.register(about, token, hours=0.15)
    yield waits
    waits.remove(*rows)


def test_a_dry_run_says_what_it_leaves(run: Run, young: OpenWaits) -> None:
    """How many waits, and why each kind is left: "nothing" would be no answer to a person."""
    ran = run("reconcile", "--dry-run")
    assert ran.status == 0
    (leaves,) = [line for line in ran.out.splitlines() if line.startswith("Leaves")]
    assert "7 younger than the grace period, 15 min 0 s" in leaves
    assert " whose child runs" in leaves
    assert "2 whose child may still start" in leaves
    left = run("reconcile", "--dry-run", "--json").json["left_because"]
    assert left["younger-than-grace"] == 7
    assert leaves.startswith(f"Leaves {sum(left.values())} open wait(s): ")


def test_reconcile_does_what_it_said(
    run: Run,
    waits: OpenWaits,
    parent: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same judgement, row by row; noted as a pass by hand."""
    from cirrus_callbacks_plugin.operations import passes

    execution, token = parent
    stuck(waits)
    due = passes.due

    def of_one(survey: Survey) -> passes.Pass:
        steps = (each for each in due(survey).steps if each.row.payload_id == ABOUT)
        return passes.Pass(tuple(steps), {})

    monkeypatch.setattr(passes, "due", of_one)
    ran = run("reconcile", "--yes")
    assert ran.status == 0, ran.out
    assert told(waits, execution)["status"] == "SUCCEEDED"
    assert waits.row(ABOUT, token).history[-1]["action"] == "reconcile"


def test_a_payload_that_changed_since_it_was_judged_is_left(
    run: Run,
    waits: OpenWaits,
    parent: tuple[str, str],
    aws: AwsCalls,
) -> None:
    """Record and row are read again before the act."""
    _, token = parent
    stuck(waits)
    new = "arn:aws:states:us-west-2:1:execution:x-cog:new"
    aws.just_before("GetItem", lambda: waits.record(ABOUT, "PROCESSING", new))
    ran = run("settle", ABOUT, "--yes")
    assert ran.status == 1
    assert "it changed meanwhile" in ran.out
    assert not waits.row(ABOUT, token).is_settled


def test_an_interrupted_repair_says_how_far_it_came(
    run: Run,
    waits: OpenWaits,
    parent: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C ends it with 130."""
    stuck(waits)

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(repairs, "unchanged", interrupted)
    ran = run("settle", ABOUT, "--yes")
    assert ran.status == 130
    assert "Stopped: 0 of 1 wait(s) were done" in ran.out
