"""``cirrus-callbacks stats``: how much is waited for, how long, and what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.spans import read_span

if TYPE_CHECKING:
    from datetime import timedelta

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.stats import Stats, WorkflowStats


@click.command(
    "stats",
    epilog="Example: cirrus-callbacks stats --deployment earth-prod --last 7d --suggest-timeouts",
)
@click.option(
    "--last",
    default="7d",
    show_default=True,
    callback=read_span,
    metavar="SPAN",
    help="Count waits that were answered within it, such as 6h or 7d.",
)
@click.option(
    "--suggest-timeouts",
    is_flag=True,
    help="Propose TimeoutSeconds for a task that waits for each workflow.",
)
@on_deployment
def command(
    *,
    where: Where,
    last: timedelta,
    suggest_timeouts: bool,
    is_json: bool,
) -> None:
    """Count open and answered waits by workflow; waiting times, and answers by kind.

    Reads the whole tracking table, which holds sixty days of answered waits unless told
    otherwise: about half a read unit a row. Waiting times are those of waits for a run to
    end: from registration to a success, or to the child's own failure.
    """
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.stats import measure

    screen = Screen()
    with where.found() as deployment:
        now = deployment.clock()
        rows = deployment.client("dynamodb").describe_table(TableName=deployment.tables.callbacks)
        total = rows["Table"].get("ItemCount") or None
        with screen.progress("reading waits", total) as advance:
            stats = measure(deployment, now - last, advance)
        if is_json:
            counted = stats.to_json(suggest=suggest_timeouts)
            options.write_json(sys.stdout, {"deployment": deployment.to_json(), **counted})
            return
    _show(screen, stats, suggest=suggest_timeouts)


def _show(screen: Screen, stats: Stats, *, suggest: bool) -> None:
    from cirrus_callbacks_plugin.cli.screen import at, duration, table

    if not stats.workflows:
        screen.line(f"Nobody waits, and nobody was answered since {at(stats.since)}.")
        return
    made = table("workflow", "open", "oldest", "answered", "p50", "p90", "p99", "longest")
    for each in stats.workflows:
        times = (each.percentile(share) for share in (0.5, 0.9, 0.99, 1.0))
        made.add_row(
            each.workflow,
            str(each.open),
            duration(each.oldest_open_seconds) if each.open else "",
            str(each.answered),
            *("" if time is None else duration(time) for time in times),
        )
    screen.line(f"Waits since {at(stats.since)}, by the workflow that is waited for:")
    screen.put(made)
    screen.line()
    for each in stats.workflows:
        answers = ", ".join(f"{count} {kind}" for kind, count in each.answers.most_common())
        done = f"; {each.already_done} were done when asked for" if each.already_done else ""
        screen.indented(f"{each.workflow}: {answers or 'no answer'}{done}", 0)
    if suggest:
        screen.line()
        for each in stats.workflows:
            screen.indented(_suggestion(each), 0)


def _suggestion(each: WorkflowStats) -> str:
    from cirrus_callbacks_plugin.operations.stats import FEWEST_MEASURED

    seconds = each.suggested_timeout
    if seconds is None:
        few = f"{len(each.waited)} measured, {FEWEST_MEASURED} are needed"
        return f"{each.workflow}: no TimeoutSeconds is proposed: {few}"
    stale = each.answers["stale"]
    short = (
        f"; {stale} stale wait(s) may have timed out before their answer: take more"
        if stale
        else ""
    )
    return (
        f'{each.workflow}: "TimeoutSeconds": {seconds} '
        f"(1.5 times the 99th percentile of {len(each.waited)}, or the longest){short}"
    )
