"""On a schedule: repairs the rows whose end was lost, and reports what is stuck."""

from __future__ import annotations

import time
from typing import Any

from cirrus_callbacks_plugin.lambda_functions.start_up import (
    build_clients_at_start,
    nothing_collected,
)

with nothing_collected():
    from boto3.session import Session
    from botocore.config import Config

    from cirrus_callbacks_plugin import config
    from cirrus_callbacks_plugin.aws.deadline import seconds_left
    from cirrus_callbacks_plugin.aws.pacing import Pace
    from cirrus_callbacks_plugin.cirrus.state_table import StateTable
    from cirrus_callbacks_plugin.joins.service import JoinClients, Joins, JoinSettings
    from cirrus_callbacks_plugin.lambda_functions import logs, metrics
    from cirrus_callbacks_plugin.lambda_functions.clients import clients
    from cirrus_callbacks_plugin.protocol.answer import Answerer
    from cirrus_callbacks_plugin.reconcile.passes import Paces, Pass
    from cirrus_callbacks_plugin.reconcile.runs import (
        DESCRIBES_PER_SECOND,
        LISTS_PER_SECOND,
        Runs,
    )
    from cirrus_callbacks_plugin.sender.failure_destination import count_objects
    from cirrus_callbacks_plugin.waits.table import WaitsTable, utc_now

    logs.configure("cirrus-callbacks-reconciler")
    build_clients_at_start(clients)

MARGIN_SECONDS = 30
"""A pass ends this long before the lambda does, and before the next one starts."""

RECORD_READS_PER_SECOND = 5.0
"""Of a hundred records each; StateDB keeps a workflow in one partition, shared with cirrus."""

ANSWERS_PER_SECOND = 150.0
"""Half of the SendTask* refill (300 a second) of the smaller regions."""

# A VPC may have no way to S3: counting must not take a pass's time.
_S3_CONFIG = Config(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 2},
)


def _s3() -> Any:
    """S3, for the failure destination."""
    return Session().client("s3", config=_S3_CONFIG)


def lambda_handler(event: Any = None, context: Any = None) -> dict[str, Any]:
    """Make one pass over the open rows; the event is ignored.

    Returns:
        The pass's summary (:class:`reconcile.summary.Summary`).

    Raises:
        ConfigurationError: a variable is missing or wrong.
    """
    del event
    tables = config.Tables.from_env()
    settings = config.ReconcilerSettings.from_env()
    kept = clients()
    ends = time.monotonic() + budget_seconds(context, settings)

    def pace(per_second: float) -> Pace:
        return Pace(per_second, time.monotonic, time.sleep)

    answers = metrics.Answers(utc_now)
    answer_pace = pace(ANSWERS_PER_SECOND)
    answerer = Answerer(
        client=kept.stepfunctions,
        waits=WaitsTable(kept.dynamodb, tables.callbacks, utc_now),
        retention_days=settings.retention_days,
        on_answer=answers,
    )
    one_pass = Pass(
        joins=Joins(
            answerer,
            StateTable(kept.dynamodb, tables.state),
            JoinClients(kept.s3, kept.sqs),
            JoinSettings(settings.joins_url, settings.payloads_url),
        ),
        runs=Runs(kept.stepfunctions, pace(LISTS_PER_SECOND), pace(DESCRIBES_PER_SECOND)),
        paces=Paces(pace(RECORD_READS_PER_SECOND), answer_pace, heartbeats=answer_pace),
        settings=settings,
        clock=utc_now,
        seconds_left=lambda: ends - time.monotonic(),
        number=int(time.time() // settings.interval.total_seconds()),
    )
    summary = one_pass.run()
    url = config.read_failures_url()
    failed_objects = count_objects(_s3(), url) if url else None
    metrics.emit_pass(tables.callbacks, answers, summary, failed_objects)
    return summary.to_json()


def budget_seconds(context: Any, settings: config.ReconcilerSettings) -> float:
    """The smaller of the lambda's time and the schedule's interval, less 30 s."""
    interval = settings.interval.total_seconds()
    return max(min(seconds_left(context, interval), interval) - MARGIN_SECONDS, 1.0)
