"""The demo's judgement: what must be on record, and that each thing amiss is found."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.demo import story
from cirrus_callbacks_plugin.demo.scenarios import Evidence, check_scenarios
from cirrus_callbacks_plugin.joins.rows import Join, MemberRow, join_id_of
from cirrus_callbacks_plugin.local.join_progress import JoinProgress
from cirrus_callbacks_plugin.local.report import Report
from cirrus_callbacks_plugin.local.timeline import Execution
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import FAILURE, SUCCESS, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

JOIN_ID = join_id_of("token")
FAILED = "CirrusCallback.Failed"
REFUSED = "CirrusCallback.NotEnabled"
PARENTS = {
    name: f"sentinel-2-l2a/workflow-mosaic/{name}"
    for name in (
        story.THREE_SCENES,
        story.FIRST_PARENT,
        story.SECOND_PARENT,
        story.WITH_A_GAP,
        story.WITHOUT_A_GAP,
        story.NOT_ENABLED,
        story.OF_TWELVE,
    )
}
ELEVEN = [story.COMPLETED, story.IN_PROGRESS, *story.OTHER_DATES]


def _wait(parent: str, scene: str, seen: str | None = None, error: str | None = None) -> Wait:
    number = f"{parent}-{scene}-{error}"
    return Wait(
        story.child_id(scene),
        task_token=f"token-{number}",
        seen_state=seen,
        waiter_payload_id=PARENTS[parent],
        execution_arn=f"run-{number}",
        registered_at="2023-06-28T07:24:41.000000+00:00",
        answered_at="2023-06-28T07:24:42.000000+00:00",
        answer="success" if error is None else "failure",
        answer_error=error,
    )


def _parent(name: str, scenes: list[str], missing: list[Any] | None = None) -> Execution:
    properties = {"mosaic:scenes": sorted(scenes), "mosaic:missing": missing or []}
    return Execution(
        arn=name,
        name=name,
        workflow="mosaic",
        status="SUCCEEDED",
        payload_id=PARENTS[name],
        output={"features": [{"properties": properties}]},
    )


def _gap(error: str = FAILED, text: str = f"AssetMissing: {story.FAILING} ...") -> list[Any]:
    return [{"scene": story.FAILING, "error": error, "cause": {"error": text}}]


def _evidence() -> Evidence:
    three = [story.COMPLETED, story.IN_PROGRESS, story.NEW]
    executions = (
        _parent(story.THREE_SCENES, three),
        _parent(story.FIRST_PARENT, [story.SHARED]),
        _parent(story.SECOND_PARENT, [story.SHARED]),
        _parent(story.WITH_A_GAP, [story.COMPLETED], _gap()),
        _parent(story.WITHOUT_A_GAP, [story.FAILING]),
        replace(
            _parent(story.NOT_ENABLED, []),
            status="FAILED",
            error=REFUSED,
            cause=json.dumps({"error": "not enabled for 'sentinel-2-footprint'"}),
        ),
        _parent(story.OF_TWELVE, ELEVEN, [{"scene": story.child_id(story.NEVER_UPLOADED)}]),
    )
    waits = (
        _wait(story.THREE_SCENES, story.COMPLETED, "SUCCEEDED"),
        _wait(story.THREE_SCENES, story.IN_PROGRESS, "PROCESSING"),
        _wait(story.THREE_SCENES, story.NEW),
        _wait(story.FIRST_PARENT, story.SHARED),
        _wait(story.SECOND_PARENT, story.SHARED),
        _wait(story.WITHOUT_A_GAP, story.FAILING, "FAILED", FAILED),
        _wait(story.WITHOUT_A_GAP, story.FAILING, "FAILED"),
        _wait(story.NOT_ENABLED, story.COMPLETED, None, REFUSED),
        replace(_wait(story.OF_TWELVE, "join"), payload_id=JOIN_ID),
    )
    told = [(index, SUCCESS) for index in range(11)]
    members = tuple(_member(*each) for each in [*told, (11, FAILURE)])
    joins = {JOIN_ID: JoinProgress(Join(waits[-1], total=12), members)}
    once = Record("SUCCEEDED", "SUCCEEDED_now", ("one",))
    scenes = [*three, story.SHARED, story.FAILING, *ELEVEN]
    records: dict[str, Record | None] = dict.fromkeys(scenes, once)
    return Evidence(Report(executions, waits, joins=joins), records, PARENTS)


def _member(index: int, answer: str) -> MemberRow:
    return MemberRow(MemberToken(JOIN_ID, index), answer=answer)


def _with_execution(name: str, **changes: Any) -> Callable[[Evidence], Evidence]:
    def change(evidence: Evidence) -> Evidence:
        executions = tuple(
            replace(each, **changes) if each.name == name else each
            for each in evidence.report.executions
        )
        return replace(evidence, report=replace(evidence.report, executions=executions))

    return change


def _with_composition(
    name: str, scenes: list[str], missing: list[Any] | None = None
) -> Callable[[Evidence], Evidence]:
    return _with_execution(name, output=_parent(name, scenes, missing).output)


def _with_wait(index: int, **changes: Any) -> Callable[[Evidence], Evidence]:
    def change(evidence: Evidence) -> Evidence:
        waits = list(evidence.report.waits)
        waits[index] = replace(waits[index], **changes)
        return replace(evidence, report=replace(evidence.report, waits=tuple(waits)))

    return change


def _with_record(scene: str, record: Record | None) -> Callable[[Evidence], Evidence]:
    return lambda evidence: replace(evidence, records={**evidence.records, scene: record})


def _with_joins(evidence: Evidence, joins: dict[str, JoinProgress]) -> Evidence:
    return replace(evidence, report=replace(evidence.report, joins=joins))


def _pending(evidence: Evidence) -> dict[str, JoinProgress]:
    return {each: replace(join, rows=()) for each, join in evidence.report.joins.items()}


def test_what_must_be_is_good() -> None:
    """All six scenarios as they must end have no problem."""
    assert [(each.scenario, each.problems) for each in check_scenarios(_evidence())] == [
        (letter, ()) for letter in "abcdef"
    ]


@pytest.mark.parametrize(
    ("bad", "change", "names"),
    [
        ("a", _with_execution(story.THREE_SCENES, status="RUNNING"), "RUNNING"),
        ("a", _with_wait(1, seen_state="SUCCEEDED"), "PROCESSING"),
        ("a", _with_wait(2, answered_at=None), "none"),
        ("a", _with_record(story.NEW, None), "ran 0 time(s)"),
        ("a", _with_execution(story.THREE_SCENES, payload_id="other"), "None"),
        ("a", _with_composition(story.THREE_SCENES, [story.NEW]), "composed of"),
        (
            "b",
            _with_record(story.SHARED, Record("SUCCEEDED", "SUCCEEDED_now", ("one", "two"))),
            "ran 2 time(s)",
        ),
        ("b", _with_wait(4, answer="stale"), "stale"),
        (
            "c",
            _with_composition(story.WITH_A_GAP, [story.COMPLETED], _gap("CirrusCallback.Invalid")),
            "CirrusCallback.Invalid",
        ),
        (
            "c",
            _with_composition(story.WITH_A_GAP, [story.COMPLETED], _gap(text="unknown")),
            "unknown",
        ),
        (
            "c",
            _with_composition(
                story.WITH_A_GAP,
                [story.COMPLETED],
                [{"scene": story.FAILING, "error": FAILED, "cause": None}],
            ),
            "cannot be read",
        ),
        ("a", _with_execution(story.THREE_SCENES, output="a text"), "cannot be read"),
        ("d", _with_wait(6, answer="failure", answer_error=FAILED), FAILED),
        ("d", _with_wait(6, execution_arn=_evidence().report.waits[5].execution_arn), "1 time(s)"),
        ("d", _with_wait(6, task_token=_evidence().report.waits[5].task_token), "same token"),
        ("e", _with_wait(7, answer="success", answer_error=None), "success"),
        ("e", _with_execution(story.NOT_ENABLED, error=FAILED), FAILED),
        ("e", _with_execution(story.NOT_ENABLED, cause="{}"), "does not name"),
        (
            "f",
            _with_execution(story.OF_TWELVE, output=_parent(story.OF_TWELVE, ELEVEN).output),
            "lacks []",
        ),
        ("f", _with_wait(8, answer="failure", answer_error=FAILED), FAILED),
        ("f", _with_record(story.OTHER_DATES[0], None), "ran 0 time(s)"),
        ("f", lambda evidence: _with_joins(evidence, {}), "0 join(s)"),
        ("f", lambda evidence: _with_joins(evidence, _pending(evidence)), "12 pending"),
    ],
)
def test_what_is_amiss_is_found(
    bad: str,
    change: Callable[[Evidence], Evidence],
    names: str,
) -> None:
    """Each thing that is not as it must be fails its own scenario, and is named."""
    verdicts = {each.scenario: each for each in check_scenarios(change(_evidence()))}
    assert [letter for letter, verdict in verdicts.items() if not verdict.is_good] == [bad]
    assert names in " ".join(verdicts[bad].problems)
    assert verdicts[bad].to_json()["ok"] is False
