"""How each scenario of the demo must have ended, judged from what is on record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.demo import story
from cirrus_callbacks_plugin.protocol import error_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.local.report import Report
    from cirrus_callbacks_plugin.local.timeline import Execution
    from cirrus_callbacks_plugin.waits.row import Wait


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a judgement looks at.

    Attributes:
        report: executions and waits.
        records: cirrus's records of the children, by scene.
        parents: the payload ids of what was sent, by the names of the files.
    """

    report: Report
    records: dict[str, Record | None]
    parents: dict[str, str]

    @classmethod
    def of(cls, played: story.Story) -> Evidence:
        """Collect it from a story's stack."""
        scenes = (
            *(story.COMPLETED, story.IN_PROGRESS, story.NEW, story.SHARED, story.FAILING),
            *story.OTHER_DATES,
            story.NEVER_UPLOADED,
        )
        return cls(
            played.stack.report(),
            {scene: played.stack.record(story.child_id(scene)) for scene in scenes},
            {name: run.payload_id for name, run in played.runs.items()},
        )

    def execution(self, name: str) -> Execution | None:
        """The last execution of a parent."""
        runs = [e for e in self.report.executions if e.payload_id == self.parents.get(name, "")]
        return runs[-1] if runs else None

    def waits(self, name: str) -> list[Wait]:
        """A parent's waits, in the order of registration."""
        return [w for w in self.report.waits if w.waiter_payload_id == self.parents.get(name, "")]

    def runs(self, scene: str) -> int:
        """How often cirrus ran a child."""
        record = self.records[scene]
        return 0 if record is None else len(record.executions)


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """A scenario, and what of it did not end as it must.

    Attributes:
        scenario: its letter.
        title: what it shows.
        problems: empty where all is well.
    """

    scenario: str
    title: str
    problems: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """True where the scenario ended as it must."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The verdict as ``--json`` prints it."""
        return {
            "scenario": self.scenario,
            "title": self.title,
            "ok": self.is_good,
            "problems": list(self.problems),
        }


def check_scenarios(evidence: Evidence) -> tuple[ScenarioResult, ...]:
    """Judge every scenario; what has another shape than it must is a problem, too."""
    return tuple(
        ScenarioResult(letter, title, tuple(_found(problems, evidence)))
        for letter, (title, problems) in _SCENARIOS.items()
    )


def _found(problems: Callable[[Evidence], Iterator[str]], evidence: Evidence) -> Iterator[str]:
    try:
        yield from problems(evidence)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        yield f"what is on record cannot be read: {type(error).__name__}: {error}"


def _three_dependencies(evidence: Evidence) -> Iterator[str]:
    yield from _mosaic_of(
        evidence,
        story.THREE_SCENES,
        [story.COMPLETED, story.IN_PROGRESS, story.NEW],
    )
    waits = evidence.waits(story.THREE_SCENES)
    seen = {wait.payload_id: wait.seen_state for wait in waits}
    wanted = {
        story.child_id(story.COMPLETED): "SUCCEEDED",
        story.child_id(story.IN_PROGRESS): "PROCESSING",
        story.child_id(story.NEW): None,
    }
    if seen != wanted:
        yield f"the children were {seen} when the parent began to wait, not {wanted}"
    yield from _answers(waits, [None, None, None])
    for scene in (story.COMPLETED, story.IN_PROGRESS, story.NEW):
        yield from _runs(evidence, scene, 1)


def _two_parents(evidence: Evidence) -> Iterator[str]:
    for name in (story.FIRST_PARENT, story.SECOND_PARENT):
        yield from _mosaic_of(evidence, name, [story.SHARED])
        yield from _answers(evidence.waits(name), [None])
    yield from _runs(evidence, story.SHARED, 1)


def _failure(evidence: Evidence) -> Iterator[str]:
    yield from _mosaic_of(evidence, story.WITH_A_GAP, [story.COMPLETED])
    caught = _missing(evidence.execution(story.WITH_A_GAP))
    if [(entry.get("scene"), entry.get("error")) for entry in caught] != [
        (story.FAILING, error_names.FAILED),
    ]:
        yield f"the parent's Catch saw {caught}, not one {error_names.FAILED} of {story.FAILING}"
        return
    text = str(caught[0].get("cause", {}).get("error"))
    if not (text.startswith("AssetMissing") and story.FAILING in text):
        yield f"the cause's error is {text!r}, not the child's own"


def _retry(evidence: Evidence) -> Iterator[str]:
    yield from _mosaic_of(evidence, story.WITHOUT_A_GAP, [story.FAILING])
    waits = evidence.waits(story.WITHOUT_A_GAP)
    yield from _answers(waits, [error_names.FAILED, None])
    if len({wait.task_token for wait in waits}) != len(waits):
        yield "the retry waited with the same token"
    runs = {wait.execution_arn for wait in waits}
    if len(runs) != len(waits):
        yield f"cirrus ran the failed child {len(runs)} time(s) for it, not {len(waits)}"


def _not_enabled(evidence: Evidence) -> Iterator[str]:
    yield from _answers(evidence.waits(story.NOT_ENABLED), [error_names.NOT_ENABLED])
    execution = evidence.execution(story.NOT_ENABLED)
    ended = None if execution is None else (execution.status, execution.error)
    if execution is None or ended != ("FAILED", error_names.NOT_ENABLED):
        yield f"the parent ended as {ended}, not FAILED with {error_names.NOT_ENABLED}"
        return
    cause = json.loads(execution.cause or "{}")
    if "sentinel-2-footprint" not in str(cause.get("error")):
        yield f"the cause does not name the workflow: {cause}"


def _twelve_by_one_token(evidence: Evidence) -> Iterator[str]:
    there = [story.COMPLETED, story.IN_PROGRESS, *story.OTHER_DATES]
    yield from _mosaic_of(evidence, story.OF_TWELVE, there)
    missing = [entry["scene"] for entry in _missing(evidence.execution(story.OF_TWELVE))]
    if missing != [story.child_id(story.NEVER_UPLOADED)]:
        yield f"the mosaic lacks {missing}, not {story.NEVER_UPLOADED} alone"
    waits = evidence.waits(story.OF_TWELVE)
    yield from _answers(waits, [None])
    ids = {wait.payload_id for wait in waits}
    outcomes = [join.outcome for each, join in evidence.report.joins.items() if each in ids]
    wanted = "12 members: 11 succeeded, 1 failed"
    if outcomes != [wanted]:
        yield f"the parent has {len(outcomes)} join(s): {outcomes}, not one of {wanted}"
    for scene in there:
        yield from _runs(evidence, scene, 1)


def _mosaic_of(evidence: Evidence, name: str, scenes: list[str]) -> Iterator[str]:
    execution = evidence.execution(name)
    if execution is None or execution.status != "SUCCEEDED":
        yield f"{name} is {execution and execution.status}, not SUCCEEDED"
        return
    composed = execution.output["features"][0]["properties"]["mosaic:scenes"]
    if composed != sorted(scenes):
        yield f"{name} was composed of {composed}, not of {sorted(scenes)}"


def _missing(execution: Execution | None) -> list[dict[str, Any]]:
    if execution is None or execution.output is None:
        return []
    return list(execution.output["features"][0]["properties"]["mosaic:missing"])


def _answers(waits: list[Wait], wanted: list[str | None]) -> Iterator[str]:
    """Each wait's answer: an error's name, or None for a success."""
    given = [
        f"{wait.answer} {wait.answer_error or ''}".strip() if wait.is_answered else "none"
        for wait in waits
    ]
    expected = ["success" if error is None else f"failure {error}" for error in wanted]
    if given != expected:
        yield f"the answers were {given}, not {expected}"


def _runs(evidence: Evidence, scene: str, wanted: int) -> Iterator[str]:
    runs = evidence.runs(scene)
    if runs != wanted:
        yield f"{scene} ran {runs} time(s), not {wanted}"


_SCENARIOS: dict[str, tuple[str, Callable[[Evidence], Iterator[str]]]] = {
    "a": (
        "dependencies completed, in progress and never seen: the parent resumed with three results",
        _three_dependencies,
    ),
    "b": ("two parents waited for one payload: it ran once, and both resumed", _two_parents),
    "c": (
        f"a child failed: its parent's Catch saw {error_names.FAILED} with the child's error",
        _failure,
    ),
    "d": (
        "a parent retried with a fresh token: cirrus restarted the failed child, which succeeded",
        _retry,
    ),
    "e": (f"a token for a workflow whose flag is off: {error_names.NOT_ENABLED}", _not_enabled),
    "f": (
        (
            "one token for twelve scenes, ten of which must succeed: one was done, one somebody "
            "else's, one failed; the parent resumed once, with eleven"
        ),
        _twelve_by_one_token,
    ),
}
