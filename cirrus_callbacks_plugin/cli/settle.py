"""``cirrus-callbacks settle``: the reconciler's judgement on one payload, at once."""

from __future__ import annotations

import click

from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.repairing import Repairing, payload_options


@click.command(
    "settle",
    epilog="Example: cirrus-callbacks settle --deployment earth-prod "
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
    """Settle the open waits for PAYLOAD_ID as the reconciler would, without its grace period.

    A child that still runs is left, and so is one whose message the queue may still deliver.
    The sender answers what was settled; what it has not answered after ten seconds is
    answered here. Ends with 0 if no wait for the payload is left open.
    """
    from cirrus_callbacks_plugin.operations.listing import Listing, waits_for_payload
    from cirrus_callbacks_plugin.operations.policy import policy_of
    from cirrus_callbacks_plugin.operations.repairs import Repairer, only, settling
    from cirrus_callbacks_plugin.operations.survey import Survey

    Repairing.check(is_json=is_json, yes=yes)
    with where.found() as deployment:
        policy = policy_of(deployment, must_know=True)
        survey = Survey(deployment, policy)
        listing = Listing(survey, with_chains=False)
        rows = only(waits_for_payload(survey, payload_id), names)
        judged = survey.judged([row for row in rows if not row.is_answered])
        steps = [settling(listing.refined(each)) for each in judged]
        repairing = Repairing(
            deployment, Repairer(deployment, policy, "settle", reason), is_json, yes
        )
        status = repairing.make(steps, f"Nobody waits for {payload_id}.")
    ctx.exit(status)
