"""``cirrus-callbacks cancel``: give waits up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.repairing import UNFINISHED, PayloadRepair, payload_options
from cirrus_callbacks_plugin.naming import is_join_id

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
@click.option(
    "--stop-child",
    is_flag=True,
    help="Then stop the child's execution, if nobody else waits for it; asks once more.",
)
@payload_options
@on_deployment
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    where: Where,
    stop_child: bool,
    **asked: Any,
) -> None:
    """Answer the open waits for PAYLOAD_ID with CirrusCallback.Cancelled.

    The child is left as it is: it may go on, and its end will find nobody waiting, unless
    --stop-child is given. The reason stands in the error's cause. A join (join:...) is
    cancelled as one wait; its members are left to run, and --stop-child is refused.
    """
    from cirrus_callbacks_plugin.operations.repairs import cancelling

    repair = PayloadRepair(**asked)

    def plan(_: Survey, rows: list[Wait]) -> list[Step]:
        return [cancelling(row, repair.reason) for row in rows if not row.is_answered]

    if stop_child and repair.is_json:
        raise click.UsageError("--stop-child says what it stops, to people: leave --json out.")
    if stop_child and is_join_id(repair.payload_id):
        raise click.UsageError(
            "A join's members are left to run: leave --stop-child out, and cancel a member by its "
            "own id (show join:ID --members lists them)."
        )
    status = repair.make(where, "cancel", plan, f"Nobody waits for {repair.payload_id}.")
    if stop_child:
        status = _stop_child(where, repair) or status
    ctx.exit(status)


def _stop_child(where: Where, repair: PayloadRepair) -> int:
    """Stop the child's execution, after asking; returns the exit status."""
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.stopping import child_of, stop

    screen = Screen()
    with where.found() as deployment:
        child = child_of(deployment, repair.payload_id)
        if child.why_not is not None:
            screen.line(f"The child is left as it is: {child.why_not}.")
            return UNFINISHED
        screen.line(f"The child runs for nobody: {child.execution_arn}")
        if not repair.yes and not click.confirm("Stop it?", err=True):
            screen.line("It goes on.")
            return UNFINISHED
        stop(deployment, child, repair.reason)
        screen.verdict("stopped", good=True)
    return 0
