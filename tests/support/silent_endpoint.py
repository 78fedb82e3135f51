"""A server on this machine that takes connections and never answers."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boto3.session import Session
from botocore.config import Config

from cirrus_callbacks_plugin.cirrus.state_table import StateTable
from cirrus_callbacks_plugin.config import Tables
from cirrus_callbacks_plugin.hooks.services import HookClients, Services, clients
from cirrus_callbacks_plugin.waits.table import WaitsTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 0.05
"""In the place of the hooks' own second: the tests are about what follows, not how long."""


@contextmanager
def silent_endpoint() -> Iterator[str]:
    """The URL of an endpoint that never answers; closed with the block."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(128)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def services_with(endpoint_url: str, *, silent: str) -> Callable[[], Services]:
    """The hooks' services with one or both tables behind an endpoint.

    Args:
        endpoint_url: the endpoint.
        silent: ``both``, or ``callbacks`` for the tracking table alone.
    """
    client = Session().client(
        "dynamodb",
        endpoint_url=endpoint_url,
        config=Config(
            connect_timeout=PATIENCE_SECONDS,
            read_timeout=PATIENCE_SECONDS,
            retries=HookClients.config.retries,
            max_pool_connections=HookClients.config.max_pool_connections,
        ),
    )

    def services() -> Services:
        names, kept = Tables.from_env(), clients()
        states = client if silent == "both" else kept.dynamodb
        return Services(
            waits=WaitsTable(client, names.callbacks),
            states=StateTable(states, names.state),
            clients=kept,
        )

    return services
