"""AWS clients that all tests of a process share."""

from __future__ import annotations

import functools
from typing import Any

from boto3.session import Session


class KeptClients:
    """One client a service for all tests of a process: building them is what costs time."""

    def __init__(self, **kept: Any) -> None:
        self._session = Session(**kept)
        self._clients: dict[tuple[str, str | None], Any] = {}

    def client(self, service: str, endpoint_url: str | None = None) -> Any:
        """The client of a service."""
        key = (service, endpoint_url)
        if key not in self._clients:
            self._clients[key] = self._session.client(service, endpoint_url=endpoint_url)  # type: ignore[call-overload]
        return self._clients[key]


@functools.cache
def kept_clients(**kept: Any) -> KeptClients:
    """In the place of ``boto3.Session``."""
    return KeptClients(**kept)
