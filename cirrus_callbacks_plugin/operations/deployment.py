"""A deployment as an operator sees it: its parts' names, found by what people have at hand."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.cirrus.state_table import StateTable
from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.waits.queries import WaitsQueries
from cirrus_callbacks_plugin.waits.table import WaitsTable, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from cirrus_callbacks_plugin.operations.aws import Aws

POINTERS = "/cirrus/deployments/"
"""Where cirrus's own command line finds a deployment (cirrus-geo 2,
``cirrus.management.deployment_pointer``): a JSON object with the path of its parameters."""

PREFIX = "CIRRUS_PREFIX"
QUEUE_URL = "CIRRUS_PROCESS_QUEUE_URL"
SENDER_FUNCTION = "CIRRUS_CALLBACKS_SENDER_FUNCTION"
RECONCILER_FUNCTION = "CIRRUS_CALLBACKS_RECONCILER_FUNCTION"


def now() -> datetime:
    """The clock of every command."""
    return utc_now()


@dataclass(frozen=True)
class Deployment:
    """One deployment.

    Attributes:
        name: what people called it.
        aws: where it is.
        tables: cirrus's state table and the tracking table.
        prefix: what its parts' names begin with, without the hyphen; None where unknown.
        parameters: what is known of it by name, as its lambdas' environment names things.
        clock: the current time, aware.
    """

    name: str
    aws: Aws
    tables: config.Tables
    prefix: str | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], datetime] = now

    @cached_property
    def waits(self) -> WaitsTable:
        """The tracking table."""
        return WaitsTable(self.client("dynamodb"), self.tables.callbacks, self.clock)

    @cached_property
    def queries(self) -> WaitsQueries:
        """What operators read of the tracking table."""
        return WaitsQueries(self.client("dynamodb"), self.tables.callbacks)

    @cached_property
    def states(self) -> StateTable:
        """Cirrus's state table."""
        return StateTable(self.client("dynamodb"), self.tables.state)

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    def client(self, service: str) -> Any:
        """A client, the same one each time."""
        if service not in self._clients:
            self._clients[service] = self.aws.client(service)
        return self._clients[service]

    def part(self, suffix: str, variable: str | None = None) -> str | None:
        """The name of a part: what a parameter says, else the prefix and a suffix."""
        named = self.parameters.get(variable) if variable is not None else None
        if named:
            return named
        return f"{self.prefix}-{suffix}" if self.prefix else None

    @property
    def process_function(self) -> str | None:
        """Cirrus's ``process``."""
        return self.part("process")

    @property
    def update_state_function(self) -> str | None:
        """Cirrus's ``update-state``."""
        return self.part("update-state")

    @property
    def sender_function(self) -> str | None:
        """The sender."""
        return self.part("callbacks-sender", SENDER_FUNCTION)

    @property
    def reconciler_function(self) -> str | None:
        """The reconciler."""
        return self.part("callbacks-reconciler", RECONCILER_FUNCTION)

    @cached_property
    def process_queue_url(self) -> str:
        """The process queue's URL.

        Raises:
            ConfigurationError: no parameter names the queue, and the prefix leads to none.
            ClientError: SQS could not be asked.
        """
        url = self.parameters.get(QUEUE_URL)
        if url:
            return url
        name = self.part("process")
        if name is None:
            raise ConfigurationError(f"the process queue is not known: set {QUEUE_URL}")
        try:
            return str(self.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])
        except ClientError as error:
            if "NonExistentQueue" not in error_code(error):
                raise
            raise ConfigurationError(f"there is no queue {name}: set {QUEUE_URL}") from error

    def to_json(self) -> dict[str, Any]:
        """What every command's ``--json`` says of the deployment it asked."""
        return {
            "name": self.name,
            "prefix": self.prefix,
            "region": self.aws.region,
            "state_table": self.tables.state,
            "callbacks_table": self.tables.callbacks,
        }


def find(
    aws: Aws,
    *,
    deployment: str | None = None,
    prefix: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Deployment:
    """Find a deployment by its name, else its prefix, else the environment.

    Args:
        aws: where to look.
        deployment: the name under which cirrus published it (project-environment).
        prefix: what its parts' names begin with.
        environ: the environment; ``CIRRUS_STATE_DB`` names a deployment there.

    Raises:
        ConfigurationError: it is not there, or nothing names one.
        ClientError: SSM could not be asked.
    """
    env = dict(os.environ if environ is None else environ)
    if deployment is not None:
        return _published(aws, deployment)
    if prefix is not None:
        bare = prefix.removesuffix("-")
        return Deployment(
            bare,
            aws,
            config.Tables(f"{bare}-state", f"{bare}-callbacks"),
            bare,
            clock=now,
        )
    if not env.get(config.STATE_DB):
        raise ConfigurationError(
            "which deployment? Give --deployment NAME (as cirrus published it in SSM), or "
            f"--prefix PREFIX, or set {config.STATE_DB} (and {config.TABLE})",
        )
    return _from(aws, env[config.STATE_DB], env)


def _published(aws: Aws, name: str) -> Deployment:
    ssm = aws.client("ssm")
    try:
        pointer = ssm.get_parameter(Name=f"{POINTERS}{name}")["Parameter"]["Value"]
    except ClientError as error:
        if error_code(error) != "ParameterNotFound":
            raise
        there = ", ".join(sorted(_names(ssm)))
        raise ConfigurationError(
            f"there is no deployment {name!r} in {aws.region}; "
            + (f"there are: {there}" if there else "none is published there; give --prefix"),
        ) from error
    path = _path(name, pointer)
    variables = {
        each["Name"].removeprefix(path): str(each["Value"]) for each in _parameters(ssm, path)
    }
    if not variables.get(config.STATE_DB):
        raise ConfigurationError(f"the parameters at {path} name no {config.STATE_DB}")
    return _from(aws, name, variables)


def _path(name: str, pointer: str) -> str:
    try:
        target = json.loads(pointer)
        kind, path = target["type"], str(target["value"])
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"the parameter {POINTERS}{name} is not a pointer as cirrus writes it",
        ) from error
    if kind != "parameter_store":
        raise ConfigurationError(f"the deployment {name} is kept in {kind!r}, which is not known")
    return path


def _from(aws: Aws, name: str, parameters: Mapping[str, str]) -> Deployment:
    tables = config.Tables.from_env(parameters)
    prefix = parameters.get(PREFIX) or tables.state.removesuffix("-state")
    if not parameters.get(PREFIX) and not tables.state.endswith("-state"):
        prefix = ""
    known = {key: value for key, value in parameters.items() if key.startswith("CIRRUS_")}
    return Deployment(name, aws, tables, prefix.removesuffix("-") or None, known, now)


def _names(ssm: Any) -> Iterator[str]:
    for each in _parameters(ssm, POINTERS):
        yield each["Name"].removeprefix(POINTERS)


def _parameters(ssm: Any, path: str) -> Iterator[dict[str, Any]]:
    for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True):
        yield from page["Parameters"]
