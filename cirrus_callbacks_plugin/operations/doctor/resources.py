"""What the list of permissions is about in one deployment: ARNs, and which conditions hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.iam.permissions import Condition, Function, Resource
from cirrus_callbacks_plugin.waits import definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.iam.permissions import Permission
    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

_ANY_NAME = "any"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a deployment is: the parts of its ARNs."""

    partition: str
    region: str
    account: str

    @classmethod
    def of_table(cls, arn: str) -> Location:
        """From a table's ARN."""
        _, partition, _, region, account, _ = arn.split(":", 5)
        return cls(partition, region, account)

    def arn(self, service: str, rest: str) -> str:
        """The ARN of something in this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"

    def bucket(self, name: str) -> str:
        """The ARN of a bucket, or of an object in it."""
        return f"arn:{self.partition}:s3:::{name}"


@dataclass(frozen=True)
class Resources:
    """What a function's permissions are about.

    Attributes:
        parts: the deployment's parts.
        function: whose permissions.
        configuration: that function, as Lambda describes it.
        callbacks: the tracking table, as DynamoDB describes it.
        state: cirrus's state table, likewise.
    """

    parts: Parts
    function: Function
    configuration: dict[str, Any]
    callbacks: dict[str, Any]
    state: dict[str, Any]

    @property
    def place(self) -> Location:
        """Where the deployment is."""
        return Location.of_table(self.callbacks["TableArn"])

    def arns(self, permission: Permission) -> Iterator[str]:
        """The ARNs that a permission is needed on now; none where its condition does not hold."""
        if self.holds(permission.condition):
            yield from self._arns(permission.resource)

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds; those of keys of buckets and queues see :mod:`keys`."""
        if condition is Condition.HEARTBEAT:
            return config.ReconcilerSettings.from_env(
                self.parts.variables(self.configuration)
            ).heartbeat
        if condition is Condition.FAILURE_BUCKET:
            return self.failure_bucket is not None
        if condition is Condition.TABLE_KEY:
            return self._table_key is not None
        if condition is Condition.PAYLOAD_BUCKET:
            return bool(self.payload_bucket)
        if condition is Condition.JOINS_URL:
            return self.joins_url is not None
        if condition is Condition.TRACING:
            return bool(self.configuration.get("TracingConfig", {}).get("Mode") == "Active")
        if condition is Condition.VPC:
            return bool(self.configuration.get("VpcConfig", {}).get("SubnetIds"))
        return condition is Condition.ALWAYS

    @cached_property
    def failure_bucket(self) -> str | None:
        """Where failed records go: the sender's mapping says it, and the reconciler is told."""
        if self.function is Function.RECONCILER:
            url = self.parts.variables(self.configuration).get(config.FAILURES_URL, "")
            return urlsplit(url).netloc or None
        stream = self.callbacks.get("LatestStreamArn")
        fed = self.parts.fed_by(stream, self.configuration["FunctionArn"]) if stream else []
        for mapping in fed:
            on_failure = mapping.get("DestinationConfig", {}).get("OnFailure", {})
            _, is_bucket, name = str(on_failure.get("Destination", "")).partition(":s3:::")
            if is_bucket:
                return name
        return None

    @cached_property
    def _of_process(self) -> dict[str, str]:
        """The environment of ``process``, which says where cirrus keeps payloads."""
        return self.parts.variables(self.parts.function(self.parts.deployment.process_function))

    @property
    def payload_bucket(self) -> str | None:
        """Cirrus's payload bucket."""
        return self._of_process.get(config.PAYLOAD_BUCKET) or None

    @property
    def joins_url(self) -> str | None:
        """Where the function writes whole lists of joins."""
        return self.parts.variables(self.configuration).get(config.JOINS_URL) or None

    @property
    def queues(self) -> list[str]:
        """The queues that feed ``process``."""
        name = self.parts.deployment.process_function
        mappings = self.parts.mappings(name) if name is not None else []
        sources = (str(each.get("EventSourceArn", "")) for each in mappings)
        return [arn for arn in sources if ":sqs:" in arn]

    @cached_property
    def _table_key(self) -> str | None:
        key = self.callbacks.get("SSEDescription", {}).get("KMSMasterKeyArn")
        return None if key is None else own_key(self, str(key))

    def _arns(self, resource: Resource) -> Iterator[str]:
        place, table = self.place, str(self.callbacks["TableArn"])
        prefix = self.parts.deployment.prefix or _ANY_NAME
        bucket = self.failure_bucket or ""
        name = self.configuration["FunctionName"]
        if resource is Resource.PROCESS_QUEUE:
            yield from self.queues
            return
        group = self.configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
        payloads = (
            f"{self.payload_bucket}/{self._of_process.get(config.PAYLOAD_ROOT_PREFIX, 'cirrus')}"
        )
        joins = (self.joins_url or "").removeprefix("s3://")
        known = {
            Resource.ANY: "*",
            Resource.TABLE: table,
            Resource.INDEX: f"{table}/index/{definition.WAITING_INDEX}",
            Resource.STREAM: self.callbacks.get("LatestStreamArn"),
            Resource.TABLE_KEY: self._table_key,
            Resource.STATE_TABLE: self.state["TableArn"],
            Resource.PAYLOADS: place.bucket(f"{payloads}/{_ANY_NAME}"),
            Resource.MEMBER_LISTS: place.bucket(f"{payloads}/{_ANY_NAME}"),
            Resource.JOINS: place.bucket(f"{joins}{_ANY_NAME}"),
            Resource.MACHINES: place.arn("states", f"stateMachine:{prefix}-{_ANY_NAME}"),
            Resource.RUNS: place.arn("states", f"execution:{prefix}-{_ANY_NAME}:{_ANY_NAME}"),
            Resource.FAILURE_BUCKET: place.bucket(bucket),
            Resource.FAILED_RECORDS: place.bucket(f"{bucket}/aws/lambda/{_ANY_NAME}"),
            Resource.LOG_STREAMS: place.arn("logs", f"log-group:{group}:log-stream:{_ANY_NAME}"),
        }[resource]
        if known is not None:
            yield known


def own_key(resources: Resources, key: str) -> str | None:
    """A key's ARN; None for a key that AWS manages: its policy lets the whole account use it.

    A key that may not be looked at counts as the account's own.
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
    """
    try:
        description = resources.parts.deployment.client("kms").describe_key(KeyId=key)[
            "KeyMetadata"
        ]
    except ClientError:
        return key if key.startswith("arn:") else resources.place.arn("kms", f"key/{key}")
    return None if description.get("KeyManager") == "AWS" else str(description["Arn"])
