"""What a repair does to a row: every case that is left alone, and what goes wrong on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.config import ReconcilerSettings
from cirrus_callbacks_plugin.operations.deployment import Deployment
from cirrus_callbacks_plugin.operations.reasons import Code, Reason
from cirrus_callbacks_plugin.operations.repairs import (
    Act,
    Repairer,
    Step,
    cancelling,
    repairing,
    resending,
    settling,
)
from cirrus_callbacks_plugin.operations.survey import ExplainedWait
from cirrus_callbacks_plugin.reconcile.judge import Verdict
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, Wait

OPEN = Wait("c/workflow-w/i", "t", workflow="w", registered_at="2024-06-01T12:00:00.000000+00:00")
SETTLED = replace(OPEN, settled_at=OPEN.registered_at, workflow_state="SUCCEEDED")
ANSWERED = replace(SETTLED, answered_at=OPEN.registered_at, answer="success")
STALE = replace(ANSWERED, answer="stale")


def explained(row: Wait, code: Code = Code.RUNNING) -> ExplainedWait:
    return ExplainedWait(row, None, Verdict(), Reason(code, "why"))


@pytest.mark.parametrize(
    ("step", "act", "told"),
    [
        (settling(explained(SETTLED)), Act.LEAVE, "settled already"),
        (settling(explained(OPEN)), Act.LEAVE, "why"),
        (repairing(explained(SETTLED, Code.NOT_ANSWERED)), Act.ANSWER, "send success"),
        (resending(OPEN), Act.LEAVE, "not settled"),
        (resending(ANSWERED), Act.LEAVE, "it was answered: success"),
        (resending(STALE), Act.ANSWER, "send success again"),
        (cancelling(ANSWERED, None), Act.LEAVE, "it was answered: success"),
        (cancelling(SETTLED, None), Act.LEAVE, "settled as success already"),
        (cancelling(OPEN, None), Act.CANCEL, "cancelled by an operator"),
    ],
)
def test_what_is_done_to_a_row(step: Step, act: Act, told: str) -> None:
    """And why, where nothing is."""
    assert step.act is act
    assert told in step.what


class Table:
    """One row, as the table module shows it."""

    def __init__(self, *rows: Wait | None) -> None:
        self.rows = list(rows)
        self.noted: list[str] = []

    def read(self, keys: list[Key]) -> dict[Key, Wait]:
        """The next version of the row; the last one stays."""
        row = self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]
        return {} if row is None else {keys[0]: row}

    def read_items(self, keys: list[Key]) -> list[tuple[Key, Any]]:
        """The same, as DynamoDB holds it."""
        return [(key, row.to_item()) for key, row in self.read(list(keys)).items()]

    def note(self, _: Key, entry: dict[str, str]) -> bool:
        """A history entry."""
        self.noted.append(entry["action"])
        return True

    def settle(self, *_: Any, **__: Any) -> bool:
        """Somebody else is never first."""
        return True

    def mark_answered(self, *_: Any, **__: Any) -> bool:
        """Whatever is marked."""
        return True

    def now(self) -> str:
        """A time."""
        return "now"


class Refusing:
    """Clients whose every call is refused with a code."""

    region = "us-west-2"

    def __init__(self, code: str) -> None:
        self.code = code

    def client(self, _: str) -> Any:
        """Any client."""
        return self

    def _refuse(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": self.code}}, "Call")

    get_caller_identity = send_task_success = send_task_failure = _refuse


def repairer(table: Table, code: str = "AccessDeniedException") -> Repairer:
    aws: Any = Refusing(code)
    deployment = Deployment("x", aws, config.Tables("state", "callbacks"), "x")
    deployment.__dict__["waits"] = table
    settings = ReconcilerSettings(timedelta(0), timedelta(0))
    return Repairer(deployment, settings, "resend", sleep=lambda _: None)


def test_a_refused_answer_names_the_calls() -> None:
    """The row stays open for the reconciler."""
    table = Table(SETTLED)
    (done,) = repairer(table).carry_out([resending(SETTLED)])
    assert "states:SendTaskSuccess" in (done.problem or "")
    assert table.noted == ["resend"]


def test_an_answer_that_the_sender_gave_meanwhile_is_no_problem() -> None:
    """Step Functions takes the token once; the row tells that somebody did."""
    (done,) = repairer(Table(SETTLED, ANSWERED), "TaskTimedOut").carry_out([resending(SETTLED)])
    assert (done.problem, done.row) == (None, ANSWERED)


def test_a_row_that_is_gone() -> None:
    """Said, wherever it is noticed."""
    (done,) = repairer(Table(None)).carry_out([resending(SETTLED)])
    assert (done.problem, done.row) == ("its row is gone", None)
    cancel = cancelling(OPEN, "why")
    (done,) = repairer(Table(None)).carry_out([cancel])
    assert done.problem == "it changed meanwhile; look at it again"
    (done,) = repairer(Table(OPEN, None)).carry_out([cancel])
    assert done.problem == "its row is gone"


def test_the_sender_is_waited_for() -> None:
    """Its answer is the one that is told; some seconds are enough."""
    slept: list[float] = []
    works = repairer(Table(OPEN, SETTLED, SETTLED, ANSWERED))
    works.sleep = slept.append
    step = Step(OPEN, Act.CANCEL, "cancel", Outcome(None, answer_error="CirrusCallback.Cancelled"))
    (done,) = works.carry_out([step])
    assert (done.problem, done.row, slept) == (None, ANSWERED, [0.5, 0.5])
