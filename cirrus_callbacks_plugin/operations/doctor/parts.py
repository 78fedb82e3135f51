"""A deployment's parts as AWS describes them, each asked for once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.operations.doctor import code

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.config import ReconcilerSettings
    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from cirrus_callbacks_plugin.package.archive import Files


@dataclass
class Parts:
    """What the checks share.

    Attributes:
        deployment: the deployment.
        settings: what its reconciler works by.
    """

    deployment: Deployment
    settings: ReconcilerSettings
    _functions: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    _tables: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    _mappings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _fed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _queues: dict[str, dict[str, str] | None] = field(default_factory=dict)
    _files: dict[str, Files] = field(default_factory=dict)

    def function(self, name: str | None) -> dict[str, Any] | None:
        """A function's configuration; None where there is none."""
        if name is None:
            return None
        if name not in self._functions:
            client = self.deployment.client("lambda")
            try:
                configuration: Any = client.get_function_configuration(FunctionName=name)
            except ClientError as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise
                configuration = None
            self._functions[name] = configuration
        return self._functions[name]

    def table(self, name: str) -> dict[str, Any] | None:
        """A table's description; None where there is none."""
        if name not in self._tables:
            try:
                description = self.deployment.client("dynamodb").describe_table(TableName=name)[
                    "Table"
                ]
            except ClientError as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise
                description = None
            self._tables[name] = description
        return self._tables[name]

    def mappings(self, function: str) -> list[dict[str, Any]]:
        """The event source mappings of a function."""
        if function not in self._mappings:
            pages = self.deployment.client("lambda").get_paginator("list_event_source_mappings")
            self._mappings[function] = [
                mapping
                for page in pages.paginate(FunctionName=function)
                for mapping in page["EventSourceMappings"]
            ]
        return self._mappings[function]

    def fed_by(self, source_arn: str, function_arn: str) -> list[dict[str, Any]]:
        """The event source mappings from a source to a function, or to an alias of it."""
        if source_arn not in self._fed:
            pages = self.deployment.client("lambda").get_paginator("list_event_source_mappings")
            self._fed[source_arn] = [
                mapping
                for page in pages.paginate(EventSourceArn=source_arn)
                for mapping in page["EventSourceMappings"]
            ]
        return [
            mapping
            for mapping in self._fed[source_arn]
            if f"{mapping['FunctionArn']}:".startswith(f"{function_arn}:")
        ]

    def queue(self, name: str) -> dict[str, str] | None:
        """A queue's attributes; None where there is none."""
        if name not in self._queues:
            self._queues[name] = self._attributes(name)
        return self._queues[name]

    def _attributes(self, name: str) -> dict[str, str] | None:
        sqs = self.deployment.client("sqs")
        try:
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            response: Any = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        except ClientError as error:
            if "NonExistentQueue" not in error_code(error):
                raise
            return None
        return dict(response["Attributes"])

    def files_of(self, function: str) -> Files:
        """The files of a function's zip.

        Raises:
            ClientError, OSError, PackageError: they could not be had.
        """
        if function not in self._files:
            self._files[function] = code.fetch(self.deployment, function)
        return self._files[function]

    @staticmethod
    def variables(function: dict[str, Any] | None) -> dict[str, str]:
        """A function's environment."""
        return dict((function or {}).get("Environment", {}).get("Variables", {}))
