"""Where joins of a project read and write: cirrus's payload bucket, or the place it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.config import PAYLOAD_BUCKET
from cirrus_callbacks_plugin.serverless import names

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings

BUCKET = f"${{self:provider.environment.{PAYLOAD_BUCKET}}}"
"""As cirrus's own templates name it; a text or a reference once Serverless has put it in."""
FOLDER = "/cirrus/callbacks/joins/"

MEMBER_LISTS = names.joined("arn:", names.PARTITION, ":s3:::", BUCKET, "/*")
"""The ARN of lists that a join may name by ``members_url``."""


def url(settings: ServerlessSettings) -> Any:
    """Where whole lists are written (``s3://bucket/prefix/``); None where they are not."""
    place = _place(settings)
    return None if place is None else names.joined("s3://", *place)


def arn(settings: ServerlessSettings) -> Any:
    """The ARN of the lists that are written."""
    return names.joined("arn:", names.PARTITION, ":s3:::", *(_place(settings) or ()), "*")


def _place(settings: ServerlessSettings) -> tuple[str, ...] | None:
    if settings.joins_url is None:
        return None
    if settings.joins_url:
        return (settings.joins_url.removeprefix("s3://"),)
    return (BUCKET, FOLDER) if settings.has_payload_bucket else None
