"""``cirrus-callbacks resend``: the answer of settled waits, once more."""

from __future__ import annotations

import click

from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.repairing import Repairing, payload_options


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
    *,
    where: Where,
    payload_id: str,
    names: tuple[str, ...],
    reason: str | None,
    yes: bool,
    is_json: bool,
) -> None:
    """Answer the settled waits for PAYLOAD_ID that are unanswered, or stale.

    Stale: Step Functions did not take the token. It mostly will not now either; an answer
    that it does take is kept in its place.
    """
    from cirrus_callbacks_plugin.operations.listing import waits_for_payload
    from cirrus_callbacks_plugin.operations.policy import policy_of
    from cirrus_callbacks_plugin.operations.repairs import Repairer, only, resending
    from cirrus_callbacks_plugin.operations.survey import Survey
    from cirrus_callbacks_plugin.waits.row import STALE

    Repairing.check(is_json=is_json, yes=yes)
    with where.found() as deployment:
        policy = policy_of(deployment, must_know=True)
        rows = only(waits_for_payload(Survey(deployment, policy), payload_id), names)
        unanswered = [
            row for row in rows if not row.is_answered or (row.is_settled and row.answer == STALE)
        ]
        repairing = Repairing(
            deployment, Repairer(deployment, policy, "resend", reason), is_json, yes
        )
        status = repairing.make(
            [resending(row) for row in unanswered],
            f"No wait for {payload_id} is without its answer.",
        )
    ctx.exit(status)
