"""``cirrus-callbacks cancel``: give waits up."""

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
    /,
    *,
    where: Where,
    **asked: Any,
) -> None:
    """Answer the open waits for PAYLOAD_ID with CirrusCallback.Cancelled.

    The child is left as it is: it may go on, and its end will find nobody waiting. The
    reason stands in the error's cause. A join (join:...) is cancelled as one wait; its
    members are left to run.
    """
    from cirrus_callbacks_plugin.operations.repairs import cancelling

    repair = PayloadRepair(**asked)

    def plan(_: Survey, rows: list[Wait]) -> list[Step]:
        return [cancelling(row, repair.reason) for row in rows if not row.is_answered]

    ctx.exit(repair.make(where, "cancel", plan, f"Nobody waits for {repair.payload_id}."))
