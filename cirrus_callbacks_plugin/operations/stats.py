"""How much is waited for, how long, and what came of it; from the tracking table alone."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.protocol.error_names import (
    ABORTED,
    FAILED,
    INVALID_RUN,
    answer_name_of,
)
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE, SUCCESS, moment, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from cirrus_callbacks_plugin.waits.row import Wait

SEGMENTS = 8
FEWEST_MEASURED = 20
"""From fewer waits than this no timeout is proposed."""
HEADROOM = 1.5
"""A proposed timeout is so many times the 99th percentile, and no less than the longest wait."""

_OF_THE_CHILD = frozenset({FAILED, ABORTED, INVALID_RUN})
"""Failures that end with the child's run; the others say nothing of how long a run takes."""


@dataclass
class WorkflowStats:
    """What is known of the waits for one workflow.

    Attributes:
        workflow: its name.
        open: waits without an answer.
        oldest_open_seconds: the age of the oldest of them.
        answers: answered waits by kind: ``success``, an error's name, ``stale``.
        already_done: of them, those whose payload was final when they were registered.
        waited: seconds from registration to answer, of waits for a child's run to end.
    """

    workflow: str
    open: int = 0
    oldest_open_seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    already_done: int = 0
    waited: array[float] = field(default_factory=lambda: array("d"))

    @property
    def answered(self) -> int:
        """How many were answered."""
        return sum(self.answers.values())

    def add(self, row: Wait, now: datetime) -> None:
        """Count a row."""
        if not row.is_answered:
            self.open += 1
            age = (now - moment(row.registered_at)).total_seconds()
            self.oldest_open_seconds = max(self.oldest_open_seconds, age)
            return
        kind = answer_name_of(row)
        self.answers[kind or "unknown"] += 1
        if row.settled_at is not None and row.settled_at == row.registered_at:
            self.already_done += 1
        elif row.answer == SUCCESS or (row.answer == FAILURE and row.answer_error in _OF_THE_CHILD):
            seconds = row.waited_seconds
            if seconds is not None:
                self.waited.append(seconds)

    def percentile(self, share: float) -> float | None:
        """The nearest-rank percentile of the waiting times; None where none was measured."""
        if not self.waited:
            return None
        ordered = sorted(self.waited)
        return ordered[max(math.ceil(share * len(ordered)), 1) - 1]

    @property
    def suggested_timeout(self) -> int | None:
        """Seconds for TimeoutSeconds; None where too few waits were measured."""
        most, usual = self.percentile(1.0), self.percentile(0.99)
        if most is None or usual is None or len(self.waited) < FEWEST_MEASURED:
            return None
        seconds = max(usual * HEADROOM, most)
        step = 60 if seconds < 3600 else 900  # noqa: PLR2004 - an hour
        return max(math.ceil(seconds / step) * step, 60)

    def to_json(self, *, suggest: bool) -> dict[str, Any]:
        """With stable keys."""
        percentiles: dict[str, float | None] = {
            "p50": self.percentile(0.5),
            "p90": self.percentile(0.9),
            "p99": self.percentile(0.99),
            "max": self.percentile(1.0),
        }
        return {
            "workflow": self.workflow,
            "open": self.open,
            "oldest_open_seconds": round(self.oldest_open_seconds, 3),
            "answered": self.answered,
            "already_done": self.already_done,
            "stale": self.answers[STALE],
            "answers": dict(sorted(self.answers.items())),
            "measured": len(self.waited),
            "waited_seconds": percentiles,
            "suggested_timeout_seconds": self.suggested_timeout if suggest else None,
        }


@dataclass(frozen=True)
class Stats:
    """What was found.

    Attributes:
        since, until: the period.
        workflows: by name.
        rows_read: how many rows were read for it.
    """

    since: datetime
    until: datetime
    workflows: Sequence[WorkflowStats]
    rows_read: int

    def to_json(self, *, suggest: bool) -> dict[str, Any]:
        """With stable keys."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "rows_read": self.rows_read,
            "workflows": [each.to_json(suggest=suggest) for each in self.workflows],
        }


def measure(
    deployment: Deployment,
    since: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> Stats:
    """Read the whole table, in parts at once; memory holds one number a measured wait.

    Raises:
        ClientError, BotoCoreError: DynamoDB could not be asked.
    """
    now = deployment.clock()

    def part(segment: int) -> tuple[dict[str, WorkflowStats], int]:
        workflows: dict[str, WorkflowStats] = {}
        read = 0
        pages = deployment.queries.scan_since(timestamp(since), segment=segment, segments=SEGMENTS)
        for rows, scanned in pages:
            read += scanned
            progress(scanned)
            _count(workflows, rows, now)
        return workflows, read

    total: dict[str, WorkflowStats] = {}
    read = 0
    for result in run_side_by_side(part, range(SEGMENTS)):
        if isinstance(result, Exception):
            raise result
        read += result[1]
        _merge(total, result[0].values())
    return Stats(since, now, [total[name] for name in sorted(total)], read)


def _count(workflows: dict[str, WorkflowStats], rows: Iterable[Wait], now: datetime) -> None:
    for row in rows:
        if row.member is not None:
            continue  # nobody waits there but its join, which counts once
        workflows.setdefault(row.workflow, WorkflowStats(row.workflow)).add(row, now)


def _merge(total: dict[str, WorkflowStats], parts: Iterable[WorkflowStats]) -> None:
    for one in parts:
        sums = total.setdefault(one.workflow, WorkflowStats(one.workflow))
        sums.open += one.open
        sums.oldest_open_seconds = max(sums.oldest_open_seconds, one.oldest_open_seconds)
        sums.answers += one.answers
        sums.already_done += one.already_done
        sums.waited.extend(one.waited)
