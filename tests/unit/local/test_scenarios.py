"""The demo's judgement: what must be on record, and that each thing amiss is found."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.local import demo
from cirrus_callbacks_plugin.local.report import Report
from cirrus_callbacks_plugin.local.scenarios import Evidence, check_scenarios
from cirrus_callbacks_plugin.local.timeline import Execution
from cirrus_callbacks_plugin.waits.row import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = "CirrusCallback.Failed"
REFUSED = "CirrusCallback.NotEnabled"
PARENTS = {
    name: f"sentinel-2-l2a/workflow-mosaic/{name}"
    for name in (
        demo.THREE_SCENES,
        demo.FIRST_PARENT,
        demo.SECOND_PARENT,
        demo.WITH_A_GAP,
        demo.WITHOUT_A_GAP,
        demo.NOT_ENABLED,
    )
}


def _wait(parent: str, scene: str, seen: str | None = None, error: str | None = None) -> Wait:
    number = f"{parent}-{scene}-{error}"
    return Wait(
        demo.child_id(scene),
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


def _gap(error: str = FAILED, text: str = f"AssetMissing: {demo.FAILING} ...") -> list[Any]:
    return [{"scene": demo.FAILING, "error": error, "cause": {"error": text}}]


def _evidence() -> Evidence:
    three = [demo.COMPLETED, demo.IN_PROGRESS, demo.NEW]
    executions = (
        _parent(demo.THREE_SCENES, three),
        _parent(demo.FIRST_PARENT, [demo.SHARED]),
        _parent(demo.SECOND_PARENT, [demo.SHARED]),
        _parent(demo.WITH_A_GAP, [demo.COMPLETED], _gap()),
        _parent(demo.WITHOUT_A_GAP, [demo.FAILING]),
        replace(
            _parent(demo.NOT_ENABLED, []),
            status="FAILED",
            error=REFUSED,
            cause=json.dumps({"error": "not enabled for 'sentinel-2-footprint'"}),
        ),
    )
    waits = (
        _wait(demo.THREE_SCENES, demo.COMPLETED, "SUCCEEDED"),
        _wait(demo.THREE_SCENES, demo.IN_PROGRESS, "PROCESSING"),
        _wait(demo.THREE_SCENES, demo.NEW),
        _wait(demo.FIRST_PARENT, demo.SHARED),
        _wait(demo.SECOND_PARENT, demo.SHARED),
        _wait(demo.WITHOUT_A_GAP, demo.FAILING, "FAILED", FAILED),
        _wait(demo.WITHOUT_A_GAP, demo.FAILING, "FAILED"),
        _wait(demo.NOT_ENABLED, demo.COMPLETED, None, REFUSED),
    )
    once = Record("SUCCEEDED", "SUCCEEDED_now", ("one",))
    records: dict[str, Record | None] = dict.fromkeys([*three, demo.SHARED, demo.FAILING], once)
    return Evidence(Report(executions, waits), records, PARENTS)


def _with_execution(name: str, **changes: Any) -> Callable[[Evidence], Evidence]:
    def change(evidence: Evidence) -> Evidence:
        executions = tuple(
            replace(each, **changes) if each.name == name else each
            for each in evidence.report.executions
        )
        return replace(evidence, report=replace(evidence.report, executions=executions))

    return change


def _with_wait(index: int, **changes: Any) -> Callable[[Evidence], Evidence]:
    def change(evidence: Evidence) -> Evidence:
        waits = list(evidence.report.waits)
        waits[index] = replace(waits[index], **changes)
        return replace(evidence, report=replace(evidence.report, waits=tuple(waits)))

    return change


def _with_record(scene: str, record: Record | None) -> Callable[[Evidence], Evidence]:
    return lambda evidence: replace(evidence, records={**evidence.records, scene: record})


def test_what_must_be_is_good() -> None:
    """All five scenarios as they must end have no problem."""
    assert [(each.scenario, each.problems) for each in check_scenarios(_evidence())] == [
        (letter, ()) for letter in "abcde"
    ]


@pytest.mark.parametrize(
    ("bad", "change", "names"),
    [
        ("a", _with_execution(demo.THREE_SCENES, status="RUNNING"), "RUNNING"),
        ("a", _with_wait(1, seen_state="SUCCEEDED"), "PROCESSING"),
        ("a", _with_wait(2, answered_at=None), "none"),
        ("a", _with_record(demo.NEW, None), "ran 0 time(s)"),
        ("a", _with_execution(demo.THREE_SCENES, payload_id="other"), "None"),
        (
            "a",
            _with_execution(
                demo.THREE_SCENES,
                output=_parent(demo.THREE_SCENES, [demo.NEW]).output,
            ),
            "composed of",
        ),
        (
            "b",
            _with_record(demo.SHARED, Record("SUCCEEDED", "SUCCEEDED_now", ("one", "two"))),
            "ran 2 time(s)",
        ),
        ("b", _with_wait(4, answer="stale"), "stale"),
        (
            "c",
            _with_execution(
                demo.WITH_A_GAP,
                output=_parent(
                    demo.WITH_A_GAP,
                    [demo.COMPLETED],
                    _gap("CirrusCallback.Invalid"),
                ).output,
            ),
            "CirrusCallback.Invalid",
        ),
        (
            "c",
            _with_execution(
                demo.WITH_A_GAP,
                output=_parent(demo.WITH_A_GAP, [demo.COMPLETED], _gap(text="unknown")).output,
            ),
            "unknown",
        ),
        (
            "c",
            _with_execution(
                demo.WITH_A_GAP,
                output=_parent(
                    demo.WITH_A_GAP,
                    [demo.COMPLETED],
                    [{"scene": demo.FAILING, "error": FAILED, "cause": None}],
                ).output,
            ),
            "cannot be read",
        ),
        ("a", _with_execution(demo.THREE_SCENES, output="a text"), "cannot be read"),
        ("d", _with_wait(6, answer="failure", answer_error=FAILED), FAILED),
        ("d", _with_wait(6, execution_arn=_evidence().report.waits[5].execution_arn), "1 time(s)"),
        ("d", _with_wait(6, task_token=_evidence().report.waits[5].task_token), "same token"),
        ("e", _with_wait(7, answer="success", answer_error=None), "success"),
        ("e", _with_execution(demo.NOT_ENABLED, error=FAILED), FAILED),
        ("e", _with_execution(demo.NOT_ENABLED, cause="{}"), "does not name"),
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
