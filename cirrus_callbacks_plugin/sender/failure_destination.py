"""How many stream records lie where Lambda keeps those that the sender could not handle."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import error_code

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

MAX_COUNTED = 1000  # one page of ListObjectsV2: an alarm needs no more


def count_objects(client: S3Client, url: str) -> int | None:
    """Count the objects below ``s3://bucket/prefix``, at most a thousand.

    Never raises: a pass does not fail because of counting.

    Returns:
        None where they could not be counted, which is logged.
    """
    parts = urlsplit(url)
    try:
        page = client.list_objects_v2(
            Bucket=parts.netloc,
            Prefix=parts.path.lstrip("/"),
            MaxKeys=MAX_COUNTED,
        )
    except (ClientError, BotoCoreError) as error:
        logger.warning("The objects below %s could not be counted (%s)", url, error_code(error))
        return None
    return page["KeyCount"]
