"""``cirrus-callbacks reconcile``: what the reconciler's next pass would do, now."""

from __future__ import annotations

import click

from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.repairing import Repairing, repair_options
from cirrus_callbacks_plugin.cli.screen import Screen


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

    Waits younger than the grace period are left to the hooks and the sender. Ends with 0
    where nothing was to be mended, or all of it was.
    """
    from cirrus_callbacks_plugin.operations.passes import due
    from cirrus_callbacks_plugin.operations.repairs import HandRepairer
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings
    from cirrus_callbacks_plugin.operations.survey import Survey

    Repairing.check(is_json=is_json, yes=yes, dry_run=dry_run)
    with where.found() as deployment:
        settings = reconciler_settings(deployment, must_know=True)
        with Screen().progress("judging open waits") as advance:
            steps = list(due(Survey(deployment, settings, advance)))
        repairing = Repairing(
            deployment,
            HandRepairer(deployment, settings, "reconcile", reason),
            is_json,
            yes,
            dry_run,
        )
        status = repairing.make(steps, "Nothing is to be mended.")
    ctx.exit(status)
