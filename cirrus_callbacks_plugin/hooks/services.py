"""The hooks' own AWS clients: short timeouts, two attempts, built once and kept."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boto3.session import Session
from botocore.config import Config

from cirrus_callbacks_plugin.cirrus.state_table import StateTable
from cirrus_callbacks_plugin.concurrency import WORKERS
from cirrus_callbacks_plugin.config import Tables
from cirrus_callbacks_plugin.hooks.own_time import CALL_ATTEMPTS, CALL_TIMEOUT_SECONDS
from cirrus_callbacks_plugin.waits.table import WaitsTable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Services:
    """What a hook works on."""

    waits: WaitsTable
    states: StateTable
    clients: Clients

    @classmethod
    def from_env(cls) -> Services:
        """Read the tables' names now; clients are kept between invocations.

        Raises:
            ConfigurationError: a table's name is missing or cannot be derived.
        """
        tables = Tables.from_env()
        kept = clients(os.environ.get("AWS_ENDPOINT_URL"), os.environ.get("AWS_REGION"))
        return cls(
            waits=WaitsTable(kept.dynamodb, tables.callbacks),
            states=StateTable(kept.dynamodb, tables.state),
            clients=kept,
        )


class Clients:
    """Each client is built when it is first needed."""

    # botocore's legacy mode pauses 50 ms between two attempts on DynamoDB, where the
    # newer modes pause up to a second: the hooks have none to spare.
    config = Config(
        connect_timeout=CALL_TIMEOUT_SECONDS,
        read_timeout=CALL_TIMEOUT_SECONDS,
        retries={"mode": "legacy", "total_max_attempts": CALL_ATTEMPTS},
        max_pool_connections=WORKERS,
    )

    def __init__(self) -> None:
        self._session = Session()

    @functools.cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB, for both tables."""
        return self._session.client("dynamodb", config=self.config)

    @functools.cached_property
    def s3(self) -> S3Client:
        """S3, for payloads that travel as a URL."""
        return self._session.client("s3", config=self.config)

    @functools.cached_property
    def sqs(self) -> SQSClient:
        """SQS, for the neighbours of a message that must come back."""
        return self._session.client("sqs", config=self.config)


@functools.lru_cache(maxsize=4)
def clients(endpoint_url: str | None, region: str | None) -> Clients:
    """The clients for an endpoint and region; both are read by boto3 itself."""
    del endpoint_url, region
    return Clients()
