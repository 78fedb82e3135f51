"""The AWS clients of sender and reconciler: patient ones, built once and kept."""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.session import Session
from botocore.config import Config

from cirrus_callbacks_plugin.aws.side_by_side import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=WORKERS,
    parameter_validation=False,  # every request is built here, and AWS judges it again
)


# A network may have no way to them: what is called for joins alone must not take a batch's time.
BRIEF = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=WORKERS,
)


class Clients(NamedTuple):
    """What both functions call; those of joins are built when there is one."""

    dynamodb: Any
    stepfunctions: Any
    s3: Callable[[], Any]
    sqs: Callable[[], Any]


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
        _when_needed(lambda: session.client("s3", config=BRIEF)),
        _when_needed(lambda: session.client("sqs", config=BRIEF)),
    )


def _when_needed(build: Callable[[], Any]) -> Callable[[], Any]:
    """Build a client at the first call, in one thread: a session allows no more."""
    lock = threading.Lock()
    kept = functools.cache(build)

    def client() -> Any:
        with lock:
            return kept()

    return client
