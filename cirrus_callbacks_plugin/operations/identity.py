"""Who makes a repair, as its row's history names them."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.operations.deployment import Deployment


def operator(deployment: Deployment) -> str:
    """The ARN to which the credentials belong; the machine's user where AWS does not say."""
    try:
        return str(deployment.client("sts").get_caller_identity()["Arn"])
    except (ClientError, BotoCoreError):
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # no such user, as in a container
            return "unknown"
