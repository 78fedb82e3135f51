"""The settings that a deployment's reconciler works by, for those who look and repair by hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.config import ReconcilerSettings
from cirrus_callbacks_plugin.operations.aws import is_denied

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.operations.deployment import Deployment


def reconciler_settings(deployment: Deployment, *, must_know: bool) -> ReconcilerSettings:
    """The settings of a deployment's reconciler; one's own environment where there is none.

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
        return ReconcilerSettings.from_env(os.environ)
    try:
        answer = deployment.client("lambda").get_function_configuration(FunctionName=name)
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return ReconcilerSettings.from_env(os.environ)
        if is_denied(error) and not must_know:
            return ReconcilerSettings.from_env({})
        raise
    return ReconcilerSettings.from_env(answer.get("Environment", {}).get("Variables", {}))
