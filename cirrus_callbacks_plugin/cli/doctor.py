"""``cirrus-callbacks doctor``: is this deployment's callback system whole?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.doctor.check import Check

AMISS = 1


@click.command("doctor", epilog="Example: cirrus-callbacks doctor --deployment earth-prod")
@on_deployment
@click.pass_context
def command(ctx: click.Context, *, where: Where, is_json: bool) -> None:
    """Check every part of a deployment's callback system; say what to do where one is amiss.

    Tracking table, sender and reconciler, their mapping, filters, schedule and last runs;
    hooks in the deployed code; permissions of the roles; queues that feed process; what was
    given up; quotas. Ends with 1 where something is amiss or could not be looked at.
    """
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.doctor.examination import examine
    from cirrus_callbacks_plugin.operations.doctor.parts import Parts
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings

    screen = Screen()
    checks: list[Check] = []
    with where.found() as deployment, screen.progress("checking") as advance:
        parts = Parts(deployment, reconciler_settings(deployment, must_know=False))
        for check in examine(parts):
            checks.append(check)
            advance(1)
    whole = all(check.ok for check in checks)
    if is_json:
        options.write_json(
            sys.stdout,
            {
                "deployment": deployment.to_json(),
                "whole": whole,
                "checks": [check.to_json() for check in checks],
            },
        )
    else:
        _show(screen, deployment.name, checks)
    ctx.exit(0 if whole else AMISS)


def _show(screen: Screen, name: str, checks: list[Check]) -> None:
    area = None
    for check in checks:
        if check.area != area:
            area = check.area
            screen.line(area)
        screen.verdict(f"{check.name}: {check.found}", good=check.ok)
        if check.do is not None:
            screen.indented(f"-> {check.do}", 4)
    amiss = sum(check.ok is False for check in checks)
    unknown = sum(check.ok is None for check in checks)
    screen.line()
    if not amiss and not unknown:
        screen.line(f"{name} is whole: {len(checks)} checks.")
        return
    counts = f"{amiss} of {len(checks)} checks found something amiss"
    screen.line(counts + (f", {unknown} could not be made." if unknown else "."))
