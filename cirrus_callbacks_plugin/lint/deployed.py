"""What the rules want to know of a deployment, read from its functions' environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.config import EnabledWorkflows, ReconcilerSettings
from cirrus_callbacks_plugin.errors import ConfigurationError

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.operations.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was read.

    Attributes:
        workflows: which may be waited for: the sender's flag.
        reconciler: its reconciler's schedule and heartbeats.
        queue: the process queue's URL.
    """

    workflows: EnabledWorkflows
    reconciler: ReconcilerSettings
    queue: str

    @classmethod
    def of(cls, deployment: Deployment) -> Deployed:
        """Ask a deployment's sender and reconciler.

        Raises:
            ConfigurationError: one of the two, or the process queue, is not there.
            ClientError, BotoCoreError: AWS could not be asked.
        """
        sender = _environment(deployment, deployment.sender_function, "sender")
        reconciler = _environment(deployment, deployment.reconciler_function, "reconciler")
        return cls(
            EnabledWorkflows.from_env(sender),
            ReconcilerSettings.from_env(reconciler),
            deployment.process_queue_url,
        )


def _environment(deployment: Deployment, name: str | None, what: str) -> dict[str, str]:
    if name is None:
        raise ConfigurationError(
            f"the {what} of {deployment.name} is not known: give --prefix",
        )
    try:
        configuration = deployment.client("lambda").get_function_configuration(FunctionName=name)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise ConfigurationError(
            f"{deployment.name} has no {what} ({name}): has the Terraform module been applied?",
        ) from error
    return dict(configuration.get("Environment", {}).get("Variables", {}))
