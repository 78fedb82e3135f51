"""AWS clients of a part of the bench: built when it begins, kept, and forgotten at its end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

import boto3

from cirrus_callbacks_plugin.hooks import services
from cirrus_callbacks_plugin.lambda_functions import clients
from cirrus_callbacks_plugin.local import deployment
from cirrus_callbacks_plugin.local.clients import KeptClients

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def fresh_clients(region: str) -> Iterator[None]:
    """Let everybody share clients that are built in this block.

    Cirrus builds its own again for every event, which costs more here than all their calls.
    """
    kept = KeptClients(region_name=region)

    def forget() -> None:
        services._kept.cache_clear()
        clients._kept.cache_clear()

    forget()
    with (
        mock.patch.object(deployment, "Session", return_value=kept),
        mock.patch.object(boto3, "client", kept.client),
    ):
        yield
    forget()
