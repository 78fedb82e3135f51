"""``cirrus-callbacks reconcile``: what the reconciler's next pass would do, now."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.repairing import Repairing, repair_options
from cirrus_callbacks_plugin.cli.screen import Screen, duration
from cirrus_callbacks_plugin.operations.passes import YOUNG
from cirrus_callbacks_plugin.operations.reasons import Code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

_WHY = {
    Code.RUNNING.value: "whose child runs",
    Code.NOT_STARTED_YET.value: "whose child may still start",
    Code.ENDING.value: "whose child has just ended",
    Code.STUCK.value: "whose child ended, and may be started again",
    Code.NOT_SETTLED.value: "whose child ended, and may be started again",
    Code.MEMBERS_PENDING.value: "of joins, which their members decide",
}


@click.command(
    "reconcile",
    epilog="Example: cirrus-callbacks reconcile --deployment earth-prod --dry-run",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@repair_options
@on_deployment
@click.pass_context
def command(
    ctx: click.Context,
    *,
    where: Where,
    dry_run: bool,
    reason: str | None,
    yes: bool,
    is_json: bool,
) -> None:
    """Make a pass over all open waits, as the reconciler does on its schedule.

    Waits younger than the grace period are left to the hooks and the sender. What is left is
    counted, with why. Ends with 0 where nothing was to be mended, or all of it was.
    """
    from cirrus_callbacks_plugin.operations.passes import due
    from cirrus_callbacks_plugin.operations.repairs import HandRepairer
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings
    from cirrus_callbacks_plugin.operations.survey import Survey

    Repairing.check(is_json=is_json, yes=yes, dry_run=dry_run)
    with where.found() as deployment:
        settings = reconciler_settings(deployment, must_know=True)
        with Screen().progress("judging open waits") as advance:
            due_now = due(Survey(deployment, settings, advance))
        repairing = Repairing(
            deployment,
            HandRepairer(deployment, settings, "reconcile", reason),
            is_json,
            yes,
            dry_run,
            due_now.left,
        )
        status = repairing.make(due_now.steps, "Nothing is to be mended.")
        if not is_json:
            _leaves(repairing.screen, due_now.left, settings.grace)
    ctx.exit(status)


def _leaves(screen: Screen, left: Mapping[str, int], grace: timedelta) -> None:
    """Say what is left, and why."""
    if not left:
        return
    why = {**_WHY, YOUNG: f"younger than the grace period, {duration(grace.total_seconds())}"}
    counts = Counter[str]()
    for code, count in left.items():
        counts[why.get(code, code)] += count
    parts = [f"{count} {text}" for text, count in counts.most_common()]
    screen.indented(f"Leaves {sum(left.values())} open wait(s): {'; '.join(parts)}.", 0)
