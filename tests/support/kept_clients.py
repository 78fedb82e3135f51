"""AWS clients that all tests of a process share."""

from __future__ import annotations

import functools
import threading
from typing import Any

from boto3.session import Session
from botocore.config import Config


class KeptClients:
    """One client a service for all tests of a process: building them is what costs time."""

    def __init__(self, **kept: Any) -> None:
        self._session = Session(**kept)
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, ...], Any] = {}

    def client(self, service_name: str, **given: Any) -> Any:
        """The client of a service."""
        key = (service_name, *(f"{name}={_told(given[name])}" for name in sorted(given)))
        with self._lock:  # a session may not build clients in several threads at once
            if key not in self._clients:
                self._clients[key] = self._session.client(service_name, **given)  # type: ignore[call-overload]
            return self._clients[key]


def _told(value: Any) -> str:
    return str(vars(value) if isinstance(value, Config) else value)


@functools.cache
def kept_clients(**kept: Any) -> KeptClients:
    """In the place of ``boto3.Session``."""
    return KeptClients(**kept)
