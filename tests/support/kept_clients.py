"""AWS clients that all tests of a process share."""

from __future__ import annotations

import functools
from typing import Any

from cirrus_callbacks_plugin.local.clients import KeptClients


@functools.cache
def kept_clients(**kept: Any) -> KeptClients:
    """In the place of ``boto3.Session``."""
    return KeptClients(**kept)
