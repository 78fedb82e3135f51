"""The tracking table's stream: answers what is settled, refuses what is not enabled."""

from __future__ import annotations

from typing import Any

from cirrus_callbacks_plugin.lambda_functions.start_up import (
    build_clients_at_start,
    nothing_collected,
)

with nothing_collected():
    from cirrus_callbacks_plugin import config
    from cirrus_callbacks_plugin.aws.deadline import Deadline
    from cirrus_callbacks_plugin.cirrus.state_table import StateTable
    from cirrus_callbacks_plugin.joins.service import JoinClients, Joins, JoinSettings
    from cirrus_callbacks_plugin.lambda_functions import logs, metrics
    from cirrus_callbacks_plugin.lambda_functions.clients import clients
    from cirrus_callbacks_plugin.protocol.answer import Answerer
    from cirrus_callbacks_plugin.sender.batch import Sender
    from cirrus_callbacks_plugin.sender.stream import StreamRecord
    from cirrus_callbacks_plugin.waits.table import WaitsTable, utc_now

    logs.configure("cirrus-callbacks-sender")
    build_clients_at_start(clients)


def lambda_handler(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Handle a batch of DynamoDB stream records.

    Returns:
        A partial batch response, ``{"batchItemFailures": [{"itemIdentifier": ...}]}``.
        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html

    Raises:
        ConfigurationError: a variable is missing or wrong: the batch is delivered again.
    """
    tables = config.Tables.from_env()
    kept = clients()
    answers = metrics.Answers(utc_now)
    answerer = Answerer(
        client=kept.stepfunctions,
        waits=WaitsTable(kept.dynamodb, tables.callbacks),
        retention_days=config.read_retention_days(),
        on_answer=answers,
    )
    sender = Sender(
        joins=Joins(
            answerer,
            StateTable(kept.dynamodb, tables.state),
            JoinClients(kept.s3, kept.sqs),
            JoinSettings(config.read_joins_url(), config.read_payloads_url()),
        ),
        enabled=config.EnabledWorkflows.from_env(),
        has_time_left=Deadline.of(context).has_time_left,
    )
    failed = sender.send(StreamRecord.from_batch(event["Records"]))
    metrics.emit_batch(tables.callbacks, answers)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
