"""Which payload a message with a token is about, as cirrus itself would say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from cirrus_callbacks_plugin.cirrus.state_table import StateKey, workflow_of
from cirrus_callbacks_plugin.errors import UnacceptablePayload, error_code
from cirrus_callbacks_plugin.hooks.own_time import attempted
from cirrus_callbacks_plugin.waits.row import UNKNOWN_WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cirrus.adapter import Adapter
    from cirrus_callbacks_plugin.hooks.delivery import Message

MAX_ID_BYTES = 16_384
"""A longer id makes no record in any state table; its row is named by the message."""

PART_BYTES = 65_536

# What S3 says where there is no such object and never was; anything else (throttling,
# denied access) may be different when the message is delivered again.
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404", "InvalidBucketName"})


@dataclass(frozen=True, slots=True)
class Target:
    """What a message's tokens wait for.

    Attributes:
        payload_id: the payload's id; ``invalid:<message>`` where it has none.
        workflow: the id's workflow segment, or ``unknown``.
        key: the payload's key in the state table, None where it can have no record.
        replace: True for a message that asks for the payload to be run anew.
        refused: why cirrus cannot accept the payload, None where it can.
        record: the record in a form that this cirrus takes; None: as it came.
    """

    payload_id: str
    workflow: str
    key: StateKey | None
    replace: bool = False
    refused: str | None = None
    record: Any = None


def target_of(
    message: Message,
    adapter: Adapter,
    fetch: Callable[[str], bytes],
) -> Target:
    """Say what a message is about, by cirrus's own code, run on a copy.

    Args:
        message: a cleaned message.
        adapter: the installed cirrus.
        fetch: reads the object behind an ``s3://`` URL.

    Raises:
        ClientError, BotoCoreError, OutOfTime: the object behind a ``url`` could not be
            fetched now; it may be there when the message comes again.
    """
    payload: Any = None
    try:
        payload = adapter.extract(_copy(message.record))
        if isinstance(payload, dict) and "url" in payload:
            payload = _payload_at(payload["url"], fetch)
        identity = adapter.identify(_copy(payload))
    except UnacceptablePayload as error:
        return _refused(_own_id(payload), message, str(error))
    key = StateKey.of(identity.payload_id)
    if key is None:
        return _refused(
            identity.payload_id,
            message,
            "the payload's id makes no key of the state table: its parts before and after "
            "'/workflow-NAME/' must be present, at most 2,048 and 1,024 bytes long",
        )
    return Target(
        payload_id=identity.payload_id,
        workflow=workflow_of(identity.payload_id) or UNKNOWN_WORKFLOW,
        key=key,
        replace=identity.replace,
        record=adapter.deliverable(message.record, payload),
    )


def fetch_object(client: Any, url: str, before_read: Callable[[], None]) -> bytes:
    """Read the object behind an ``s3://`` URL.

    Args:
        client: S3.
        url: the URL.
        before_read: called before every part; may raise to end the reading. A body that
            comes in drops meets no timeout of its own.

    Raises:
        UnacceptablePayload: the URL is none, or there is no such object.
        ClientError, BotoCoreError: S3 could not be read now.
    """
    bucket, key = _bucket_and_key(url)
    try:
        body = attempted(lambda: client.get_object(Bucket=bucket, Key=key))["Body"]
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
    return b"".join(parts)


def _bucket_and_key(url: str) -> tuple[str, str]:
    """As boto3-utils, with which every cirrus reads: an S3 https URL is one too."""
    parts = urlsplit(url)
    bucket = parts.netloc.partition(".")[0] if parts.scheme == "https" else parts.netloc
    key = parts.path.removeprefix("/")
    if parts.scheme not in ("s3", "https") or not bucket or not key:
        raise UnacceptablePayload(f"the payload's url is no s3:// URL of an object: {url}")
    return bucket, key


def _copy(value: Any) -> Any:
    """A copy by way of JSON, which goes as deep as JSON does: ``deepcopy`` gives up earlier.

    Raises:
        UnacceptablePayload: the value is no JSON; cirrus writes it as JSON and cannot either.
    """
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise UnacceptablePayload(f"the payload is no JSON: {type(error).__name__}") from error


def _payload_at(url: Any, fetch: Callable[[str], bytes]) -> Any:
    if not isinstance(url, str):
        raise UnacceptablePayload("the payload's url is not a string")
    body = fetch(url)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnacceptablePayload(f"the payload's object is no JSON: {url}") from error


def _refused(payload_id: str | None, message: Message, why: str) -> Target:
    named = payload_id if payload_id and _is_short_text(payload_id) else None
    return Target(
        payload_id=named or f"invalid:{message.name}",
        workflow=(workflow_of(named) if named else None) or UNKNOWN_WORKFLOW,
        key=None,
        refused=why,
    )


def _own_id(payload: Any) -> str | None:
    value = payload.get("id") if isinstance(payload, dict) else None
    return value if isinstance(value, str) else None


def _is_short_text(value: str) -> bool:
    try:
        return len(value.encode()) <= MAX_ID_BYTES
    except UnicodeEncodeError:
        return False


FETCH_ERRORS = (ClientError, BotoCoreError)
