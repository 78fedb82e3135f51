"""The deployment's own policy: what its reconciler works by."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.operations.aws import is_denied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.operations.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Policy:
    """What repairs are made by.

    Attributes:
        grace: rows younger than this are the hooks' and the sender's.
        redelivery: after this the queue delivers a message no more.
        retention_days: how long an answered row is kept.
        source: where that was read.
    """

    grace: timedelta
    redelivery: timedelta
    retention_days: int
    source: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str], source: str) -> Policy:
        """Read it as the reconciler does."""
        repairs = config.Repairs.from_env(environ)
        return cls(
            timedelta(seconds=repairs.grace_seconds),
            timedelta(seconds=repairs.redelivery_seconds),
            config.retention_days(environ),
            source,
        )


def policy_of(deployment: Deployment, *, must_know: bool) -> Policy:
    """The policy of a deployment's reconciler; one's own environment where there is none.

    Args:
        deployment: the deployment.
        must_know: raise where the reconciler may not be looked at; False takes the defaults,
            which is good enough to look by and not to act by.

    Raises:
        ConfigurationError: a variable is wrong.
        ClientError: Lambda could not be asked.
    """
    name = deployment.reconciler_function
    if name is None:
        return Policy.from_env(os.environ, "the environment")
    try:
        told = deployment.client("lambda").get_function_configuration(FunctionName=name)
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return Policy.from_env(os.environ, f"the environment (there is no function {name})")
        if is_denied(error) and not must_know:
            return Policy.from_env({}, f"the defaults ({name} may not be looked at)")
        raise
    return Policy.from_env(told.get("Environment", {}).get("Variables", {}), name)
