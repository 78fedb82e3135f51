"""``cirrus-callbacks settle``: the reconciler's judgement on one payload, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.repairing import PayloadRepair, payload_options

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.operations.repairs import Step
    from cirrus_callbacks_plugin.operations.survey import Survey
    from cirrus_callbacks_plugin.waits.row import Wait


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
    /,
    *,
    where: Where,
    **asked: Any,
) -> None:
    """Settle the open waits for PAYLOAD_ID as the reconciler would, without its grace period.

    A child that still runs is left, and so is one whose message the queue may still deliver.
    A join (join:...) is settled where its deadline has passed. Members that are still to be sent
    are sent, those whose time in the queue is over are told as never started; for the rest its
    members decide.
    The sender answers what was settled; what it has not answered after ten seconds is
    answered here. Ends with 0 if no wait for the payload is left open.
    """
    from cirrus_callbacks_plugin.operations.listing import Listing
    from cirrus_callbacks_plugin.operations.repairs import settling

    repair = PayloadRepair(**asked)

    def plan(survey: Survey, rows: list[Wait]) -> list[Step]:
        listing = Listing(survey, with_chains=False)
        explained = survey.explained([row for row in rows if not row.is_answered])
        return [settling(listing.refined(each)) for each in explained]

    ctx.exit(repair.make(where, "settle", plan, f"Nobody waits for {repair.payload_id}."))
