"""The AWS clients of sender and reconciler: patient ones, built once and kept."""

from __future__ import annotations

import functools
import os
from typing import Any, NamedTuple

from boto3.session import Session
from botocore.config import Config

from cirrus_callbacks_plugin.aws.side_by_side import WORKERS

PATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=WORKERS,
)


class Clients(NamedTuple):
    """What both functions call."""

    dynamodb: Any
    stepfunctions: Any


def clients() -> Clients:
    """The clients for the endpoint and the region that the environment names now."""
    return _kept(os.environ.get("AWS_ENDPOINT_URL"), os.environ.get("AWS_REGION"))


@functools.lru_cache(maxsize=4)
def _kept(endpoint_url: str | None, region: str | None) -> Clients:
    del endpoint_url, region  # boto3 reads both itself; another value makes other clients
    session = Session()
    return Clients(
        session.client("dynamodb", config=PATIENT),
        session.client("stepfunctions", config=PATIENT),
    )
