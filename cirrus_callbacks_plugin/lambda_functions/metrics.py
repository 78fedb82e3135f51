"""Metrics of sender and reconciler, in CloudWatch's embedded metric format.

A metric is a line on standard output, so it costs no call and cannot fail an answer. The
names and dimensions here are those that the Terraform module's alarms and dashboard read:
``service`` tells sender and reconciler apart, ``table`` deployments.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from cirrus_callbacks_plugin.contract import RECONCILER, SENDER
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE, SUCCESS, Wait, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from cirrus_callbacks_plugin.reconcile.summary import Summary
    from cirrus_callbacks_plugin.waits.malformed import Malformed

NAMESPACE = "CirrusCallbacks"

ANSWERED = {
    SUCCESS: "AnsweredSuccess",
    FAILURE: "AnsweredFailure",
    STALE: "AnsweredStale",
    None: "AnswersRefused",
}
"""By what became of an answer; None: a call was refused or the row malformed; it stays open."""
SETTLED_TO_ANSWERED = "SettledToAnsweredSeconds"

OPEN_WAITS = "OpenWaits"
OLDEST_OPEN_WAIT = "OldestOpenWaitSeconds"
REPAIRS = "Repairs"
ROW_ERRORS = "RowErrors"
INCOMPLETE_PASSES = "IncompletePasses"
DESCRIBES_REFUSED = "DescribesRefused"
STUCK_PAYLOADS = "StuckPayloads"
DEPENDENCY_CYCLES = "DependencyCycles"
FAILURE_DESTINATION_OBJECTS = "FailureDestinationObjects"

_Value = tuple[str, MetricUnit, float]


@dataclass(slots=True, eq=False, repr=False)
class Answers:
    """What became of an invocation's answers; several threads may tell it.

    Attributes:
        clock: the current time, aware.
    """

    clock: Callable[[], datetime]
    _values: list[_Value] = field(default_factory=list)

    def __call__(self, row: Wait | Malformed, sent: str | None) -> None:
        """Note one answer: ``success``, ``failure``, ``stale``, or None for one not given.

        None: AWS refused a call, or the row cannot be read.
        """
        self._values.append((ANSWERED[sent], MetricUnit.Count, 1))
        if isinstance(row, Wait) and row.settled_at is not None and sent is not None:
            seconds = (self.clock() - moment(row.settled_at)).total_seconds()
            self._values.append((SETTLED_TO_ANSWERED, MetricUnit.Seconds, max(seconds, 0.0)))

    def values(self) -> list[_Value]:
        """Counts, one value a name, and every duration."""
        counts = dict.fromkeys(ANSWERED.values(), 0)
        durations = []
        for name, unit, value in self._values:
            if name in counts:
                counts[name] += 1
            else:
                durations.append((name, unit, value))
        return [
            *((name, MetricUnit.Count, float(count)) for name, count in counts.items() if count),
            *durations,
        ]


def emit_batch(table: str, answers: Answers) -> None:
    """What the sender did with a batch."""
    _emit(SENDER, table, answers.values())


def emit_pass(table: str, answers: Answers, summary: Summary, failed_objects: int | None) -> None:
    """What the reconciler found and did in a pass.

    ``IncompletePasses`` is 1 where the pass left something: it ran out of time, or a shard
    could not be read. ``RowErrors`` are rows that it could not look at, malformed ones among
    them, and ``DescribesRefused`` runs that Step Functions refused to describe. A repair is
    what an event, a message or a stream record should have brought about: a row settled, with
    an outcome or as ``NeverStarted``, or one answered that had been settled for longer than
    the grace period.

    Args:
        table: the tracking table.
        answers: what became of the pass's answers.
        summary: the pass.
        failed_objects: objects in the failure destination, where somebody counted them.
    """
    values: list[_Value] = [
        (OPEN_WAITS, MetricUnit.Count, summary.open_waits),
        (OLDEST_OPEN_WAIT, MetricUnit.Seconds, summary.oldest_open_seconds),
        (REPAIRS, MetricUnit.Count, summary.repaired),
        (ROW_ERRORS, MetricUnit.Count, summary.row_errors),
        (INCOMPLETE_PASSES, MetricUnit.Count, 0 if summary.is_complete else 1),
        (DESCRIBES_REFUSED, MetricUnit.Count, summary.refused_descriptions),
        (STUCK_PAYLOADS, MetricUnit.Count, len(summary.stuck)),
        (DEPENDENCY_CYCLES, MetricUnit.Count, summary.cycles),
        *answers.values(),
    ]
    if failed_objects is not None:
        values.append((FAILURE_DESTINATION_OBJECTS, MetricUnit.Count, failed_objects))
    _emit(RECONCILER, table, values)


def _emit(service: str, table: str, values: Iterable[_Value]) -> None:
    """Print the metrics in Lambda; elsewhere standard output belongs to the caller."""
    values = list(values)
    if not values or "AWS_LAMBDA_RUNTIME_API" not in os.environ:
        return
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=service)
    # A hundred values of one name make a line of their own, and each line needs this.
    metrics.set_default_dimensions(table=table)
    for name, unit, value in values:
        metrics.add_metric(name=name, unit=unit, value=value)
    metrics.flush_metrics()
