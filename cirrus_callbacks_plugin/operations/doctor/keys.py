"""The account's own KMS keys of buckets and queues, by what a function does with each."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.iam.permissions import Condition
from cirrus_callbacks_plugin.operations.doctor.resources import own_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.doctor.resources import Resources

OF_FAILURES = frozenset({Condition.FAILURE_KEY})
OF_JOINS = frozenset({Condition.JOINS_KEY, Condition.MEMBER_LISTS_KEY, Condition.QUEUE_KEY})
ALL = OF_FAILURES | OF_JOINS
"""Conditions that only a look at a bucket or a queue can tell."""


def keys(resources: Resources, condition: Condition) -> Iterator[str]:
    """The keys for which a condition holds; none where S3, SQS or AWS owns them.

    Raises:
        ClientError: a bucket's encryption, or a queue, could not be looked at.
    """
    if condition is Condition.QUEUE_KEY:
        for arn in resources.queues:
            attributes = resources.parts.queue(arn.rpartition(":")[2]) or {}
            yield from _own(resources, attributes.get("KmsMasterKeyId"))
        return
    bucket = {
        Condition.FAILURE_KEY: resources.failure_bucket,
        Condition.JOINS_KEY: urlsplit(resources.joins_url or "").netloc,
        Condition.MEMBER_LISTS_KEY: resources.payload_bucket,
    }[condition]
    if bucket:
        yield from _own(resources, _of_bucket(resources, bucket))


def _own(resources: Resources, key: str | None) -> Iterator[str]:
    own = own_key(resources, key) if key else None
    if own is not None:
        yield own


def _of_bucket(resources: Resources, bucket: str) -> str | None:
    s3 = resources.parts.deployment.client("s3")
    try:
        response = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    except ClientError as error:
        if error_code(error) == "ServerSideEncryptionConfigurationNotFoundError":
            return None  # a bucket that was last written to before S3 encrypted by itself
        raise
    for rule in response["Rules"]:
        applied = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(applied.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(applied.get("KMSMasterKeyID") or "") or None
    return None
