"""``cirrus-callbacks show``: everything that is known of one payload."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.protocol.error_names import answer_name_of

if TYPE_CHECKING:
    from datetime import datetime

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.payload import PayloadReport
    from cirrus_callbacks_plugin.waits.row import Wait

UNKNOWN = 1


@click.command(
    "show",
    epilog="Example: cirrus-callbacks show --deployment earth-prod "
    "sentinel-2-l2a/workflow-cog/S2B_39QTA_20230623_0_L2A",
)
@click.argument("payload_id")
@on_deployment
@click.pass_context
def command(ctx: click.Context, *, where: Where, payload_id: str, is_json: bool) -> None:
    """Show PAYLOAD_ID: its record, its executions, who waits or waited for it, and repairs.

    Ends with 1 where neither table knows the payload.
    """
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.listing import Listing
    from cirrus_callbacks_plugin.operations.payload import report_on
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings
    from cirrus_callbacks_plugin.operations.survey import Survey

    screen = Screen()
    with where.found() as deployment, screen.progress("looking it up") as advance:
        survey = Survey(deployment, reconciler_settings(deployment, must_know=False), advance)
        payload = report_on(Listing(survey), payload_id)
        now = deployment.clock()
    if is_json:
        options.write_json(sys.stdout, {"deployment": deployment.to_json(), **payload.to_json()})
    else:
        _show(screen, payload, now)
    ctx.exit(0 if payload.is_known else UNKNOWN)


def _show(screen: Screen, payload: PayloadReport, now: datetime) -> None:
    screen.line(payload.payload_id)
    from cirrus_callbacks_plugin.cli.screen import at

    record = payload.record
    if not payload.is_known:
        screen.indented("Neither the state table nor the tracking table knows it.")
        return
    if record is None:
        screen.indented("The state table has no record of it.")
    else:
        since = record.state_updated.partition("_")[2]
        screen.line(f"  {record.state} since {at(since) if since else 'nobody knows when'}")
        if record.last_error:
            screen.indented(f"last error: {record.last_error}")
    _runs(screen, payload)
    screen.line()
    screen.line(f"Waits ({len(payload.waits)}):" if payload.waits else "Nobody waits or waited.")
    for row in payload.waits:
        _wait(screen, payload, row, now)


def _runs(screen: Screen, payload: PayloadReport) -> None:
    from cirrus_callbacks_plugin.cli.screen import at
    from cirrus_callbacks_plugin.operations.console import execution_link
    from cirrus_callbacks_plugin.operations.payload import status_of

    screen.line()
    screen.line("Executions:" if payload.runs else "No execution is listed.")
    if payload.older_runs:
        screen.indented(f"{payload.older_runs} older ones are not shown")
    for run in payload.runs:
        name = run.execution_arn.rpartition(":")[2]
        ended = f", ended {at(run.stopped)}" if run.stopped else ""
        screen.line(f"  {status_of(run)}  {name}, started {at(run.started)}{ended}")
        if run.error:
            cause = f": {run.cause}" if run.cause else ""
            screen.indented(f"{run.error}{cause}", 4)
        link = execution_link(run.execution_arn)
        if link is not None:
            screen.line(f"    {link}")


def _wait(screen: Screen, payload: PayloadReport, row: Wait, now: datetime) -> None:
    from cirrus_callbacks_plugin.cli.screen import at
    from cirrus_callbacks_plugin.cli.waits_table import why

    waiter = row.waiter_payload_id or row.waiter_name
    screen.line(f"  {row.key.name}  {waiter}, since {at(row.registered_at)}")
    if row.waiter_execution_arn:
        screen.line(f"    {row.waiter_execution_arn}")
    explained = payload.reason(row)
    if explained is not None:
        screen.indented(why(explained.reason, now), 4)
    if row.settled_at:
        screen.indented(f"settled {at(row.settled_at)}: {row.workflow_state}", 4)
    if row.answered_at:
        answer = answer_name_of(row)
        screen.indented(f"answered {at(row.answered_at)}: {answer}", 4)
    if row.error:
        screen.indented(f"error: {row.error}", 4)
    for entry in row.history:
        screen.indented(
            f"{entry.get('action')} by {entry.get('by')}, {at(entry.get('at'))}: "
            f"{entry.get('reason')}",
            4,
        )
