"""AWS clients that everything in a process shares: building them is what costs time.

Cirrus builds an S3 client for each payload that it reads or writes (cirrus 2.0.0, by
boto3-utils): a fifth of what a local stack computes.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from boto3.session import Session
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator


class KeptClients:
    """One client for each service and each set of arguments; in the place of a session."""

    def __init__(self, **kept: Any) -> None:
        self._session = Session(**kept)
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, ...], Any] = {}

    def client(self, service_name: str, *given: Any, **named: Any) -> Any:
        """The client of a service, with the arguments of ``boto3.client``."""
        key = (
            service_name,
            *map(_as_text, given),
            *(f"{name}={_as_text(named[name])}" for name in sorted(named)),
        )
        with self._lock:  # a session may not build clients in several threads at once
            if key not in self._clients:
                self._clients[key] = self._session.client(service_name, *given, **named)  # type: ignore[call-overload]
            return self._clients[key]


@contextmanager
def clients_kept() -> Iterator[None]:
    """Let ``boto3.client`` build each client once, until the end of the block.

    Environment and endpoint must not change meanwhile: clients keep those that they were
    built with.
    """
    original = boto3.client
    boto3.client = KeptClients().client
    try:
        yield
    finally:
        boto3.client = original


def _as_text(value: Any) -> str:
    return str(vars(value) if isinstance(value, Config) else value)
