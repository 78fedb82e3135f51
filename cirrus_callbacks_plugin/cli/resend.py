"""``cirrus-callbacks resend``: the answer of settled waits, once more."""

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
    "resend",
    epilog="Example: cirrus-callbacks resend --deployment earth-prod "
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
    """Answer the settled waits for PAYLOAD_ID that are unanswered, or stale.

    Stale: Step Functions did not take the token. It mostly will not now either; an answer
    that it does take is kept in its place.
    """
    from cirrus_callbacks_plugin.operations.repairs import resending
    from cirrus_callbacks_plugin.waits.row import STALE

    repair = PayloadRepair(**asked)

    def plan(_: Survey, rows: list[Wait]) -> list[Step]:
        return [
            resending(row)
            for row in rows
            if not row.is_answered or (row.is_settled and row.answer == STALE)
        ]

    nothing = f"No wait for {repair.payload_id} is without its answer."
    ctx.exit(repair.make(where, "resend", plan, nothing))
