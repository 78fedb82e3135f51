"""AWS clients that all tests of a process share."""

from __future__ import annotations

import functools
from typing import Any

from botocore.config import Config

from cirrus_callbacks_plugin.local.clients import KeptClients

_BRIEF = Config(user_agent="tests")
"""The SDK describes itself and its machine again in each request: a twentieth of a call's cost."""


class BriefClients(KeptClients):
    """Clients that do not describe themselves in their requests."""

    def client(self, service_name: str, *given: Any, **named: Any) -> Any:
        """The client of a service, with the arguments of ``boto3.client``."""
        named["config"] = _BRIEF.merge(named.get("config") or Config())
        return super().client(service_name, *given, **named)


@functools.cache
def kept_clients(**kept: Any) -> BriefClients:
    """In the place of ``boto3.Session``."""
    return BriefClients(**kept)
