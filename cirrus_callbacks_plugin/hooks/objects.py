"""The object behind a payload's ``url``, read as every cirrus reads it: with boto3-utils."""

from __future__ import annotations

import gzip
import zlib
from posixpath import splitext
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.cirrus.adapter import raising_unacceptable
from cirrus_callbacks_plugin.errors import UnacceptablePayload
from cirrus_callbacks_plugin.hooks.own_time import retry_at_once

if TYPE_CHECKING:
    from collections.abc import Callable

PART_BYTES = 65_536

# What S3 says where there is no such object and never was; anything else (throttling,
# denied access) may be different when the message is delivered again.
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404", "InvalidBucketName"})


def fetch_object(client: Any, url: str, before_read: Callable[[], None]) -> str:
    """Read the object behind an ``s3://`` URL; one whose name ends in ``.gz`` is unpacked.

    Args:
        client: S3.
        url: the URL.
        before_read: called before every part; may raise to end the reading. A body that
            comes in drops meets no timeout of its own.

    Raises:
        UnacceptablePayload: the URL is not one, there is no such object, or it is not a text.
        ClientError, BotoCoreError: S3 could not be read now.
    """
    bucket, key = _bucket_and_key(url)
    try:
        body = retry_at_once(lambda: client.get_object(Bucket=bucket, Key=key))["Body"]
        parts = []
        for part in body.iter_chunks(PART_BYTES):
            before_read()
            parts.append(part)
    except ParamValidationError as error:
        raise UnacceptablePayload(f"the payload's url names no valid bucket: {url}") from error
    except ClientError as error:
        if error_code(error) in _MISSING:
            raise UnacceptablePayload(
                f"the payload's object is missing ({error_code(error)}): {url}",
            ) from error
        raise
    return _text(b"".join(parts), url, packed=splitext(key)[1] == ".gz")


def _bucket_and_key(url: str) -> tuple[str, str]:
    from boto3utils import s3  # noqa: PLC0415 - cirrus's own dependency, and it is optional

    what = f"the payload's url is not an s3:// URL of an object: {url}"
    with raising_unacceptable(what):
        parts = s3.urlparse(url)
        bucket, key = parts["bucket"], parts["key"]
    if not bucket or not key:
        raise UnacceptablePayload(what)
    return bucket, key


def _text(body: bytes, url: str, *, packed: bool) -> str:
    try:
        return (gzip.decompress(body) if packed else body).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UnacceptablePayload(
            f"the payload's object is not a text ({type(error).__name__}): {url}",
        ) from error
