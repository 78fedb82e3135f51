"""The hooks' own AWS clients: short timeouts, two attempts, built once and kept."""

from __future__ import annotations

import functools
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config
from botocore.session import Session

from cirrus_callbacks_plugin.aws.side_by_side import WORKERS
from cirrus_callbacks_plugin.cirrus.state_table import StateTable
from cirrus_callbacks_plugin.config import Tables
from cirrus_callbacks_plugin.hooks.own_time import CALL_ATTEMPTS, CALL_TIMEOUT_SECONDS
from cirrus_callbacks_plugin.waits.table import WaitsTable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


@dataclass(slots=True, eq=False, repr=False)
class Services:
    """What a hook works on."""

    waits: WaitsTable
    states: StateTable
    clients: HookClients

    @classmethod
    def from_env(cls) -> Services:
        """Read the tables' names now; clients are kept between invocations.

        Raises:
            ConfigurationError: a table's name is missing or cannot be derived.
        """
        tables = Tables.from_env()
        kept = clients()
        return cls(
            waits=WaitsTable(kept.dynamodb, tables.callbacks),
            states=StateTable(kept.dynamodb, tables.state),
            clients=kept,
        )


class HookClients:
    """Each client is built when it is first needed, by one thread."""

    # botocore's legacy mode pauses 50 ms between two attempts on DynamoDB, where the
    # newer modes pause up to a second: the hooks have none to spare.
    config = Config(
        connect_timeout=CALL_TIMEOUT_SECONDS,
        read_timeout=CALL_TIMEOUT_SECONDS,
        retries={"mode": "legacy", "total_max_attempts": CALL_ATTEMPTS},
        max_pool_connections=WORKERS,
        parameter_validation=False,  # every request is built here, and AWS judges it again
    )
    # Of the other services it pauses up to a second in every mode: `retry_at_once` repeats.
    # What a url names is not ours: a bucket or key that cannot be one is told before it is asked.
    single = config.merge(
        Config(retries={"mode": "legacy", "total_max_attempts": 1}, parameter_validation=True)
    )

    def __init__(self) -> None:
        self._session = _session()
        self._lock = threading.Lock()
        self._built: dict[str, Any] = {}

    @property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB, for both tables."""
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @property
    def s3(self) -> S3Client:
        """S3, for payloads that travel as a URL."""
        client: S3Client = self._client("s3")
        return client

    @property
    def sqs(self) -> SQSClient:
        """SQS, for the neighbours of a message that must come back."""
        client: SQSClient = self._client("sqs")
        return client

    def _client(self, service: Literal["dynamodb", "s3", "sqs"]) -> Any:
        # A session may not build clients in several threads at once.
        # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html#caveats
        with self._lock:
            if service not in self._built:
                config = self.config if service == "dynamodb" else self.single
                self._built[service] = self._session.create_client(service, config=config)
            return self._built[service]


def _session() -> Session:
    """A session of the hooks' own that reads what botocore knows of AWS with the default one.

    Cirrus has clients of the default session: endpoints, partitions and models are parsed
    and kept once. Where boto3 hides its session some day, they are read twice again.
    """
    session = Session()
    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session()
    default = getattr(boto3.DEFAULT_SESSION, "_session", None)
    if default is not None:
        session.register_component("data_loader", default.get_component("data_loader"))
    return session


def clients() -> HookClients:
    """The clients for the endpoint and the region that the environment names now."""
    return _kept(os.environ.get("AWS_ENDPOINT_URL"), os.environ.get("AWS_REGION"))


@functools.lru_cache(maxsize=4)
def _kept(endpoint_url: str | None, region: str | None) -> HookClients:
    del endpoint_url, region  # boto3 reads both itself; another value makes other clients
    return HookClients()
