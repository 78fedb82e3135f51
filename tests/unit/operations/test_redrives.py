"""Which parents of a repaired child can go on, why others cannot, and what is done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.operations import redrives
from cirrus_callbacks_plugin.operations.redrives import Parent, Redriver
from cirrus_callbacks_plugin.waits.row import Wait
from support.aws_calls import aws_error

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2024, 6, 1, tzinfo=timezone.utc)
CHILD = "c/workflow-child/i"
PARENT = "c/workflow-parent/i"
RUN = "arn:aws:states:us-west-2:1:execution:x-parent:run"


@dataclass
class Deployment:
    """A deployment of a few rows, records and executions."""

    rows: dict[str, list[Wait]] = field(default_factory=dict)
    records: dict[str, tuple[str, str]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[str] = field(default_factory=lambda: ["TaskStateEntered", "ExecutionFailed"])
    machine: dict[str, Any] | Exception = field(default_factory=lambda: {"status": "ACTIVE"})
    meets: Exception | None = None
    redriven: list[str] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """It is its own table, and its own Step Functions."""
        self.queries = SimpleNamespace(rows_of=lambda about: [self.rows.get(about, [])])
        self.states = SimpleNamespace(of_payload=self._record)
        self.waits = SimpleNamespace(note=self._note, now=NOW.isoformat)

    def clock(self) -> datetime:
        """It is always the same time."""
        return NOW

    def client(self, service: str) -> Any:
        """Step Functions."""
        return self if service == "stepfunctions" else None

    def _record(self, payload_id: str) -> Record | None:
        found = self.records.get(payload_id)
        return None if found is None else Record(found[0], "", (found[1],))

    def _note(self, key: Any, entry: dict[str, str]) -> bool:
        self.noted.append((key.task_token, entry["action"]))
        return True

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        """One run."""
        if executionArn not in self.runs:
            raise aws_error("ExecutionDoesNotExist")
        return self.runs[executionArn]

    def describe_state_machine(self, **_: Any) -> dict[str, Any]:
        """The only one."""
        if isinstance(self.machine, Exception):
            raise self.machine
        return self.machine

    def get_execution_history(self, **_: Any) -> dict[str, Any]:
        """The last events, latest first."""
        events = [{"id": number, "type": name} for number, name in enumerate(self.events)]
        return {"events": events[::-1]}

    def redrive_execution(self, executionArn: str, clientToken: str) -> None:  # noqa: N803
        """Redrive it."""
        assert clientToken
        if self.meets is not None:
            raise self.meets
        self.redriven.append(executionArn)


def failed(child: str = CHILD, run: str | None = RUN, about: str | None = PARENT) -> Wait:
    """A wait that was told of a failure."""
    return Wait(
        child,
        f"token-{run}-{child}",
        answer="failure",
        answer_error="CirrusCallback.Failed",
        waiter_execution_arn=run,
        waiter_payload_id=about,
    )


def ended(status: str = "FAILED", **more: Any) -> dict[str, Any]:
    stopped = more.pop("stopDate", NOW - timedelta(hours=1))
    return {"status": status, "stopDate": stopped, "redriveStatus": "REDRIVABLE", **more}


@pytest.fixture
def where() -> Deployment:
    """A parent that failed with its child, which has succeeded since."""
    return Deployment(
        rows={CHILD: [failed()]},
        records={CHILD: ("SUCCEEDED", "arn:child"), PARENT: ("FAILED", RUN)},
        runs={RUN: ended()},
    )


@pytest.fixture(autouse=True)
def nobody_is_asked_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrives, "operator", lambda _: "somebody")


def redriver(where: Deployment) -> Redriver:
    pace: Any = SimpleNamespace(wait=lambda: None)
    return Redriver(where, pace=pace, sleep=lambda _: None)  # type: ignore[arg-type]


def test_a_parent_that_failed_with_its_child_is_redriven(where: Deployment) -> None:
    """And its wait's history says so."""
    made = redriver(where)
    assert made.why_not(CHILD) is None
    ((parent,),) = made.levels(CHILD, all_levels=True)
    assert parent.why_not is None
    assert [each.why_not for each in made.redrive([parent])] == [None]
    assert where.redriven == [RUN]
    assert where.noted == [(failed().task_token, "redrive")]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda where: where.runs.update({RUN: ended("RUNNING")}), "running already"),
        (lambda where: where.runs.update({RUN: ended("SUCCEEDED")}), "is SUCCEEDED"),
        (lambda where: where.runs.clear(), "does not know its execution any more"),
        (
            lambda where: where.runs.update({RUN: ended(stopDate=NOW - timedelta(days=15))}),
            "over 14 days ago",
        ),
        (
            lambda where: where.runs.update(
                {RUN: ended(redriveStatus="NOT_REDRIVABLE", redriveStatusReason="24,999 events")}
            ),
            "24,999 events",
        ),
        (lambda where: where.records.update({PARENT: ("FAILED", "newer")}), "run again since"),
        (lambda where: where.records.update({PARENT: ("SUCCEEDED", RUN)}), "as SUCCEEDED"),
        (
            lambda where: setattr(where, "machine", aws_error("StateMachineDoesNotExist")),
            "its state machine was deleted",
        ),
        (lambda where: where.machine.update(status="DELETING"), "is being deleted"),
        (lambda where: where.events.append("FailStateEntered"), "caught the error"),
        (
            lambda where: where.rows.update({CHILD: [failed(run=None, about=None)]}),
            "which execution waited is not known",
        ),
    ],
)
def test_why_a_parent_cannot_be_redriven(
    where: Deployment, change: Callable[[Deployment], Any], why: str
) -> None:
    """It is said before anything is done, each reason in words."""
    change(where)
    (parent,) = redriver(where).parents(CHILD)
    assert why in (parent.why_not or "")


def test_a_waiter_that_told_its_payload_alone_is_its_last_run(where: Deployment) -> None:
    """And one that told its execution alone is the payload that this began with."""
    where.rows = {CHILD: [failed(run=None)]}
    (parent,) = redriver(where).parents(CHILD)
    assert parent.execution_arn == RUN
    where.rows = {CHILD: [failed(about=None)]}
    where.runs[RUN]["input"] = json.dumps({"id": PARENT})
    (parent,) = redriver(where).parents(CHILD)
    assert (parent.payload_id, parent.why_not) == (PARENT, None)


def test_many_failed_waits_of_one_parent_are_one_redrive(where: Deployment) -> None:
    """Those that succeeded, or are open, are left alone."""
    again = Wait(CHILD, "again", answer="stale", waiter_execution_arn=RUN)
    told = Wait(CHILD, "told", answer="success", waiter_execution_arn="other")
    where.rows[CHILD] += [again, told, Wait(CHILD, "open", waiter_execution_arn="third")]
    (parent,) = redriver(where).parents(CHILD)
    assert len(parent.rows) == 2


@pytest.mark.parametrize(
    ("record", "said"), [(None, "does not know"), (("FAILED", "a"), "is FAILED: its parents")]
)
def test_a_child_that_has_not_succeeded_has_nobody_redriven(
    where: Deployment, record: tuple[str, str] | None, said: str
) -> None:
    """One sentence, and nothing is asked besides."""
    where.records = {} if record is None else {CHILD: record}
    assert said in (redriver(where).why_not(CHILD) or "")


def test_where_cirrus_has_restarted_the_payload_meanwhile_nothing_is_redriven(
    where: Deployment,
) -> None:
    """Between the plan and the act somebody may have sent the parent's payload again."""
    made = redriver(where)
    (parent,) = made.parents(CHILD)
    where.records[PARENT] = ("PROCESSING", "newer")
    (left,) = made.redrive([parent])
    assert "run again since" in (left.why_not or "")
    assert not where.redriven
    assert not where.noted


def test_a_refusal_of_step_functions_concerns_one_parent(where: Deployment) -> None:
    """What it says is told; other errors end the command."""
    made = redriver(where)
    (parent,) = made.parents(CHILD)
    where.meets = aws_error("ExecutionNotRedrivable")
    (left,) = made.redrive([parent])
    assert "Step Functions does not redrive it" in (left.why_not or "")
    where.meets = aws_error("AccessDeniedException")
    with pytest.raises(type(where.meets)):
        list(made.redrive([parent]))
    assert not where.noted


def test_levels_go_up_and_end_in_a_cycle(where: Deployment) -> None:
    """Each payload once; only the first level where no more are wanted."""
    top = "c/workflow-top/i"
    top_run = RUN.replace("run", "top")
    where.rows[PARENT] = [failed(PARENT, top_run, top)]
    where.rows[top] = [failed(top, RUN, PARENT)]
    where.records[top] = ("FAILED", top_run)
    where.runs[top_run] = ended()
    made = redriver(where)
    names = [[each.payload_id for each in level] for level in made.levels(CHILD, all_levels=True)]
    assert names == [[PARENT], [top]]
    assert len(made.levels(CHILD, all_levels=False)) == 1


def test_a_level_has_ended_once_cirrus_knows_it(where: Deployment) -> None:
    """Above it a message that came before would have the payload run again."""
    made = redriver(where)
    (parent,) = made.parents(CHILD)
    states = iter([("RUNNING", "FAILED"), ("SUCCEEDED", "FAILED"), ("SUCCEEDED", "SUCCEEDED")])
    looks = []

    def look(_: float = 0) -> None:
        status, state = next(states)
        looks.append(status)
        where.runs[RUN] = ended(status)
        where.records[PARENT] = (state, RUN)

    made.sleep = look
    look()
    (done,) = made.have_ended([parent], 2.0)
    assert (looks, done.why_not) == (["RUNNING", "SUCCEEDED", "SUCCEEDED"], None)
    where.runs[RUN] = ended("FAILED")
    (done,) = made.have_ended([parent], 2.0)
    assert "ended FAILED" in (done.why_not or "")


def test_what_programs_read_has_no_token() -> None:
    """A parent is its payload and execution."""
    parent = Parent(CHILD, (failed(),), RUN, PARENT)
    assert "token" not in json.dumps(parent.to_json())
