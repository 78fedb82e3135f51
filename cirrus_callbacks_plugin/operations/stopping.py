"""The run of a child for which nobody waits any more: found, and stopped by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.operations.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Child:
    """A payload whose run might be stopped.

    Attributes:
        payload_id: which payload.
        execution_arn: its last listed run; None where there is none.
        why_not: why it is not to be stopped; None where it can be.
    """

    payload_id: str
    execution_arn: str | None
    why_not: str | None = None


def child_of(deployment: Deployment, payload_id: str) -> Child:
    """The payload's run, and why it is not to be stopped, if so: others wait, or it has ended.

    Raises:
        ClientError, BotoCoreError: AWS could not be asked.
    """
    record = deployment.states.of_payload(payload_id)  # a join's id makes no key, and has none
    run = None if record is None else record.last_execution
    if run is None:
        return Child(payload_id, None, "no run of it is known")
    waiting = sum(len(page) for page in deployment.waits.open_rows(payload_id))
    if waiting:
        return Child(payload_id, run, f"{waiting} wait(s) for it are still open")
    execution: dict[str, Any] = dict(
        deployment.client("stepfunctions").describe_execution(executionArn=run)
    )
    if execution["status"] != "RUNNING":
        return Child(payload_id, run, f"its run is {execution['status']}")
    return Child(payload_id, run)


def stop(deployment: Deployment, child: Child, reason: str | None) -> None:
    """Stop a child's run; cirrus is told of it as ABORTED, as of every end.

    Raises:
        ClientError, BotoCoreError: Step Functions refused.
    """
    deployment.client("stepfunctions").stop_execution(
        executionArn=str(child.execution_arn),
        error="CirrusCallback.Abandoned",
        cause=reason or "nobody waits for it any more",
    )
