"""What the list of permissions is about in one deployment: ARNs, and which conditions hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.iam.permissions import Condition, Function, Resource
from cirrus_callbacks_plugin.waits import definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.iam.permissions import Permission
    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

PAYLOAD_BUCKET = "CIRRUS_PAYLOAD_BUCKET"
ROOT_PREFIX = "CIRRUS_PAYLOAD_ROOT_PREFIX"
_ANY_NAME = "any"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deployment is: the parts of its ARNs."""

    partition: str
    region: str
    account: str

    @classmethod
    def of_table(cls, arn: str) -> Place:
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
    def place(self) -> Place:
        """Where the deployment is."""
        return Place.of_table(self.callbacks["TableArn"])

    def arns(self, permission: Permission) -> Iterator[str]:
        """The ARNs that a permission is needed on now; none where its condition does not hold."""
        if self.holds(permission.condition):
            yield from self._arns(permission.resource)

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds; that of the failure bucket's key see :func:`failure_key`."""
        if condition is Condition.HEARTBEAT:
            return config.ReconcilerSettings.from_env(
                self.parts.variables(self.configuration)
            ).heartbeat
        if condition is Condition.FAILURE_BUCKET:
            return self.failure_bucket is not None
        if condition is Condition.TABLE_KEY:
            return self._table_key is not None
        if condition is Condition.PAYLOAD_BUCKET:
            return PAYLOAD_BUCKET in self.parts.variables(self.configuration)
        if condition is Condition.TRACING:
            return bool(self.configuration.get("TracingConfig", {}).get("Mode") == "Active")
        if condition is Condition.VPC:
            return bool(self.configuration.get("VpcConfig", {}).get("SubnetIds"))
        return condition is Condition.ALWAYS

    @property
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

    @property
    def _table_key(self) -> str | None:
        key = self.callbacks.get("SSEDescription", {}).get("KMSMasterKeyArn")
        return None if key is None else _own_key(self, str(key))

    def _arns(self, resource: Resource) -> Iterator[str]:
        place, table = self.place, str(self.callbacks["TableArn"])
        prefix = self.parts.deployment.prefix or _ANY_NAME
        bucket = self.failure_bucket or ""
        name = self.configuration["FunctionName"]
        if resource is Resource.PROCESS_QUEUE:
            sources = (each.get("EventSourceArn", "") for each in self.parts.mappings(name))
            yield from (arn for arn in sources if ":sqs:" in arn)
            return
        group = self.configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
        variables = self.parts.variables(self.configuration)
        payloads = f"{variables.get(PAYLOAD_BUCKET)}/{variables.get(ROOT_PREFIX, 'cirrus')}"
        known = {
            Resource.ANY: "*",
            Resource.TABLE: table,
            Resource.INDEX: f"{table}/index/{definition.WAITING_INDEX}",
            Resource.STREAM: self.callbacks.get("LatestStreamArn"),
            Resource.TABLE_KEY: self._table_key,
            Resource.STATE_TABLE: self.state["TableArn"],
            Resource.PAYLOADS: place.bucket(f"{payloads}/{_ANY_NAME}"),
            Resource.MACHINES: place.arn("states", f"stateMachine:{prefix}-{_ANY_NAME}"),
            Resource.RUNS: place.arn("states", f"execution:{prefix}-{_ANY_NAME}:{_ANY_NAME}"),
            Resource.FAILURE_BUCKET: place.bucket(bucket),
            Resource.FAILED_RECORDS: place.bucket(f"{bucket}/aws/lambda/{_ANY_NAME}"),
            Resource.LOG_STREAMS: place.arn("logs", f"log-group:{group}:log-stream:{_ANY_NAME}"),
        }[resource]
        if known is not None:
            yield known


def failure_key(resources: Resources) -> str | None:
    """The account's own KMS key of the failure bucket; None where S3 or AWS owns the key.

    Raises:
        ClientError: the bucket's encryption could not be looked at.
    """
    bucket = resources.failure_bucket
    if bucket is None:
        return None
    s3 = resources.parts.deployment.client("s3")
    try:
        told = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    except ClientError as error:
        if error_code(error) == "ServerSideEncryptionConfigurationNotFoundError":
            return None  # a bucket that was last written to before S3 encrypted by itself
        raise
    for rule in told["Rules"]:
        applied = rule.get("ApplyServerSideEncryptionByDefault", {})
        key = applied.get("KMSMasterKeyID")
        if str(applied.get("SSEAlgorithm", "")).startswith("aws:kms") and key:
            return _own_key(resources, str(key))
    return None


def _own_key(resources: Resources, key: str) -> str | None:
    """A key's ARN; None for a key that AWS manages: its policy lets the whole account use it.

    A key that may not be looked at counts as the account's own.
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
    """
    try:
        found = resources.parts.deployment.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    except ClientError:
        return key if key.startswith("arn:") else resources.place.arn("kms", f"key/{key}")
    return None if found.get("KeyManager") == "AWS" else str(found["Arn"])
