"""``cirrus-callbacks cancel``: give waits up."""

from __future__ import annotations

import click

from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.repairing import Repairing, payload_options


@click.command(
    "cancel",
    epilog="Example: cirrus-callbacks cancel --deployment earth-prod --reason 'scene withdrawn' "
    "sentinel-2-l2a/workflow-cog/S2B_39QTA_20230623_0_L2A",
)
@click.argument("payload_id")
@payload_options
@on_deployment
@click.pass_context
def command(
    ctx: click.Context,
    *,
    where: Where,
    payload_id: str,
    names: tuple[str, ...],
    reason: str | None,
    yes: bool,
    is_json: bool,
) -> None:
    """Answer the open waits for PAYLOAD_ID with CirrusCallback.Cancelled.

    The child is left as it is: it may go on, and its end will find nobody waiting. The
    reason stands in the error's cause.
    """
    from cirrus_callbacks_plugin.operations.listing import waits_for_payload
    from cirrus_callbacks_plugin.operations.policy import policy_of
    from cirrus_callbacks_plugin.operations.repairs import Repairer, cancelling, only
    from cirrus_callbacks_plugin.operations.survey import Survey

    Repairing.check(is_json=is_json, yes=yes)
    with where.found() as deployment:
        policy = policy_of(deployment, must_know=True)
        rows = only(waits_for_payload(Survey(deployment, policy), payload_id), names)
        repairing = Repairing(
            deployment, Repairer(deployment, policy, "cancel", reason), is_json, yes
        )
        status = repairing.make(
            [cancelling(row, reason) for row in rows if not row.is_answered],
            f"Nobody waits for {payload_id}.",
        )
    ctx.exit(status)
