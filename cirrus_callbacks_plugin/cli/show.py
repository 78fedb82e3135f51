"""``cirrus-callbacks show``: everything that is known of one payload."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.naming import is_join_id

if TYPE_CHECKING:
    from datetime import datetime

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.own_waits import OwnWaits
    from cirrus_callbacks_plugin.operations.payload import PayloadReport
    from cirrus_callbacks_plugin.waits.row import Wait

UNKNOWN = 1
MOST_OWN_WAITS = 20
"""Waits of the payload itself that are shown one by one."""


@click.command(
    "show",
    epilog="Example: cirrus-callbacks show --deployment earth-prod "
    "sentinel-2-l2a/workflow-cog/S2B_39QTA_20230623_0_L2A",
)
@click.argument("payload_id")
@click.option("--members", is_flag=True, help="Of a join, list every member.")
@click.option("--quick", is_flag=True, help="Do not look for what the payload itself waits for.")
@on_deployment
@click.pass_context
def command(
    ctx: click.Context,
    *,
    where: Where,
    payload_id: str,
    members: bool,
    quick: bool,
    is_json: bool,
) -> None:
    """Show PAYLOAD_ID: its record, its executions, who waits or waited for it, what it waits for.

    Of a join (join:...) it shows what was asked for, how far it is, and its members. Ends
    with 1 where neither table knows the payload, or the join.
    """
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.listing import Listing
    from cirrus_callbacks_plugin.operations.payload import report_on
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings
    from cirrus_callbacks_plugin.operations.survey import Survey

    screen = Screen()
    if is_join_id(payload_id):
        ctx.exit(_show_join(screen, where, payload_id, members=members, is_json=is_json))
    with where.found() as deployment, screen.progress("looking it up") as advance:
        settings = reconciler_settings(deployment, must_know=False)
        survey = Survey(deployment, settings, advance, with_waiters=True)
        payload = report_on(Listing(survey), payload_id, with_own_waits=not quick)
        now = deployment.clock()
    if is_json:
        options.write_json(sys.stdout, {"deployment": deployment.to_json(), **payload.to_json()})
    else:
        _show(screen, payload, now)
    ctx.exit(0 if payload.is_known else UNKNOWN)


def _show_join(
    screen: Screen,
    where: Where,
    join_id: str,
    *,
    members: bool,
    is_json: bool,
) -> int:
    """Show a join; the exit status."""
    from cirrus_callbacks_plugin.cli import show_join
    from cirrus_callbacks_plugin.operations.joins import read_join
    from cirrus_callbacks_plugin.operations.listing import run_to_json
    from cirrus_callbacks_plugin.operations.overdue_joins import overdue
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings
    from cirrus_callbacks_plugin.operations.survey import Survey

    with where.found() as deployment:
        report = read_join(deployment.waits, join_id, with_missing=True)
        settings = reconciler_settings(deployment, must_know=False)
        survey = Survey(deployment, settings)
        due = None if report is None else overdue(report.status, settings, deployment.clock())
        run = survey.waiters.run_of(report.status.join.wait) if report is not None else None
    if is_json:
        reported = None if report is None else {**report.to_json(), "waiter_run": run_to_json(run)}
        options.write_json(sys.stdout, {"deployment": deployment.to_json(), "join": reported})
    elif report is None:
        screen.line(join_id)
        screen.indented("The tracking table knows no such join.")
    else:
        show_join.show(screen, report, run, due, with_all=members)
    return UNKNOWN if report is None else 0


def _show(screen: Screen, payload: PayloadReport, now: datetime) -> None:
    from cirrus_callbacks_plugin.cli.screen import at

    screen.line(payload.payload_id)

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
    if payload.own.open:
        _own(screen, payload.own, now)


def _own(screen: Screen, own: OwnWaits, now: datetime) -> None:
    from cirrus_callbacks_plugin.cli.waits_table import why
    from cirrus_callbacks_plugin.protocol.error_names import answer_name_of

    screen.line()
    screen.line(f"Waits itself: {own.text}")
    for row in own.failed[:MOST_OWN_WAITS]:
        screen.line(f"  {row.payload_id}")
        screen.indented(": ".join(filter(None, (answer_name_of(row), row.error))), 4)
    for explained in own.open[:MOST_OWN_WAITS]:
        screen.line(f"  {explained.row.payload_id}")
        screen.indented(why(explained.reason, now), 4)
    more = sum(max(len(each) - MOST_OWN_WAITS, 0) for each in (own.failed, own.open))
    if more:
        screen.line(f"  and {more} more: --json")


def _runs(screen: Screen, payload: PayloadReport) -> None:
    from cirrus_callbacks_plugin.cli.run_lines import show_run

    screen.line()
    screen.line("Executions:" if payload.runs else "No execution is listed.")
    if payload.older_runs:
        screen.indented(f"{payload.older_runs} older ones are not shown")
    for run in payload.runs:
        show_run(screen, run, 2)


def _wait(screen: Screen, payload: PayloadReport, row: Wait, now: datetime) -> None:
    from cirrus_callbacks_plugin.cli.run_lines import show_run
    from cirrus_callbacks_plugin.cli.screen import at
    from cirrus_callbacks_plugin.cli.wait_outcome import show_outcome
    from cirrus_callbacks_plugin.cli.waits_table import why
    from cirrus_callbacks_plugin.protocol.error_names import answer_text_of

    waiter = row.waiter_payload_id or row.waiter_name
    through = f", a member of {row.member.join_id}" if row.member is not None else ""
    screen.line(f"  {row.key.name}  {waiter}{through}, since {at(row.registered_at)}")
    run = payload.waiters.get(row.key)
    if run is not None:
        show_run(screen, run, 4)
    elif row.waiter_execution_arn:
        screen.line(f"    {row.waiter_execution_arn}")
    explained = payload.reason(row)
    if explained is not None:
        screen.indented(why(explained.reason, now), 4)
    answered = payload.answered_join(row)
    if answered is not None:
        told = answer_text_of(answered)
        screen.indented(
            f"its join was answered {told}, {at(answered.answered_at)}: it waits no longer", 4
        )
    show_outcome(screen, row, 4)
