"""``cirrus-callbacks redrive``: parents that failed with their child go on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.repairing import SHOWN, UNFINISHED, Repairing, repair_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.redrives import Parent, Redriver

SECONDS_BETWEEN_LOOKS = 2.0


@click.command(
    "redrive",
    epilog="Example: cirrus-callbacks redrive --deployment earth-prod --all-levels "
    "sentinel-2-l2a/workflow-cog/S2B_39QTA_20230623_0_L2A",
)
@click.argument("payload_id")
@click.option(
    "--all-levels",
    is_flag=True,
    help="Then the parents' parents, once these have succeeded, and so on; waits for them.",
)
@repair_options
@on_deployment
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    where: Where,
    payload_id: str,
    all_levels: bool,
    reason: str | None,
    yes: bool,
    is_json: bool,
) -> None:
    """Let the parents go on that failed with PAYLOAD_ID, which has succeeded since.

    Their executions are redriven: each enters its failed wait again, asks for the payload
    again, and is told at once that it has succeeded. What can be redriven and what cannot
    is said first, with the reason. Parents that succeeded, or caught the error, are left.
    """
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.redrives import Redriver

    Repairing.check(is_json=is_json, yes=yes)
    screen = Screen(sys.stderr) if is_json else Screen()
    with where.found() as deployment:
        redriver = Redriver(deployment, reason)
        why_not = redriver.why_not(payload_id)
        if why_not is not None:
            screen.line(why_not)
            ctx.exit(UNFINISHED)
        with screen.progress("looking for parents"):
            levels = redriver.levels(payload_id, all_levels=all_levels)
        if not is_json:
            _plan(screen, levels, payload_id)
        can = sum(parent.why_not is None for level in levels for parent in level)
        done: list[Parent] = []
        if can and (yes or click.confirm(f"Redrive {can} execution(s)?", err=True)):
            done = _level_by_level(screen, redriver, levels)
        elif can:
            screen.line("Nothing was done.")
        if is_json:
            report = {
                "deployment": deployment.to_json(),
                "payload_id": payload_id,
                "levels": [[parent.to_json() for parent in level] for level in levels],
                "done": [parent.to_json() for parent in done],
            }
            options.write_json(sys.stdout, report)
    redriven = sum(parent.why_not is None for parent in done)
    everybody = sum(map(len, levels))
    ctx.exit(0 if redriven == everybody else UNFINISHED)


def _plan(screen: Screen, levels: Sequence[Sequence[Parent]], payload_id: str) -> None:
    if not levels:
        screen.line(f"No wait for {payload_id} has failed.")
    for number, level in enumerate(levels, start=1):
        title = "Will redrive" if number == 1 else f"Then, level {number}"
        _list(screen, f"{title}:", [each for each in level if each.why_not is None])
        _list(screen, "Leaves as they are:", [each for each in level if each.why_not])


def _list(screen: Screen, title: str, parents: Sequence[Parent]) -> None:
    if not parents:
        return
    screen.line(title)
    for parent in parents[:SHOWN]:
        screen.line(f"  {parent.name}")
        why_not = f": {parent.why_not}" if parent.why_not else ""
        screen.indented(f"failed with {parent.child}{why_not}", 4)
    if len(parents) > SHOWN:
        screen.line(f"  and {len(parents) - SHOWN} more")


def _level_by_level(
    screen: Screen,
    redriver: Redriver,
    levels: Sequence[Sequence[Parent]],
) -> list[Parent]:
    """Redrive; each level once what it waits for has succeeded."""
    done: list[Parent] = []
    succeeded: set[str] | None = None
    for number, level in enumerate(levels):
        ready = [each for each in level if succeeded is None or each.child in succeeded]
        # Time has passed since the plan was made.
        now = [redriver.judged(each) if number else each for each in ready if not each.why_not]
        tried = [each for each in now if each.why_not]
        for parent in redriver.redrive(each for each in now if not each.why_not):
            tried.append(parent)
            what = parent.why_not or "redriven"
            screen.verdict(f"{parent.name}: {what}", good=parent.why_not is None)
        done += tried
        redriven = [each for each in tried if not each.why_not]
        if number + 1 == len(levels) or not redriven:
            break
        succeeded = set()
        with screen.progress("waiting for their ends", len(redriven)) as advance:
            for parent in redriver.have_ended(redriven, SECONDS_BETWEEN_LOOKS):
                advance(1)
                if parent.why_not is None and parent.payload_id is not None:
                    succeeded.add(parent.payload_id)
                else:
                    screen.verdict(f"{parent.name}: {parent.why_not}", good=False)
    return done
