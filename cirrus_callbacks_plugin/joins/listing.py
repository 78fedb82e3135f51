"""A join's list of members, from its definition or from the object that the request names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code
from cirrus_callbacks_plugin.joins.members import MemberError, Members, refuse_token, unpack
from cirrus_callbacks_plugin.joins.written_list import MAX_UNPACKED_BYTES, WrittenList

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.joins.rows import Definition

_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})
_CHANGED = frozenset({"PreconditionFailed", "412"})


@dataclass(frozen=True, slots=True)
class Listing:
    """The list, read.

    Attributes:
        members: the members; a list from S3 is parsed as it is gone through.
        etag: of the object that held them; None where the definition itself did.
    """

    members: Members
    etag: str | None = None


def read_list(definition: Definition | None, s3: Callable[[], Any], etag: str | None) -> Listing:
    """Read a join's list.

    Args:
        definition: where it is; None where its row is gone.
        s3: gives the client; not called for a list that the definition holds.
        etag: of the object when it was first read; None: it was not yet.

    Raises:
        MemberError: the list is missing, wrong, changed or not to be read.
        ClientError, BotoCoreError: S3 could not be read now.
    """
    if definition is None:
        raise MemberError("the list of members is gone")
    if definition.members is not None:
        return Listing(unpack(definition.members))
    url = str(definition.members_url)
    bucket, _, key = url.removeprefix("s3://").partition("/")
    pinned = {"IfMatch": etag} if etag is not None else {}
    try:
        response = s3().get_object(Bucket=bucket, Key=key, **pinned)
        if response["ContentLength"] > MAX_UNPACKED_BYTES:
            raise MemberError(f"the list is larger than {MAX_UNPACKED_BYTES} bytes: split the join")
        return Listing(WrittenList.read(response["Body"].read(), url), response["ETag"])
    except ParamValidationError as error:
        raise MemberError(f"members_url names no valid bucket: {url}") from error
    except (ClientError, BotoCoreError) as error:
        raise _unreadable(error, url) or error from error


def check_members(members: Members, task_token: str) -> None:
    """See that each member keeps the rules, and that none holds the join's own token.

    Raises:
        MemberError: one does not.
    """
    for index, member in enumerate(members):
        if not isinstance(members, WrittenList) or members.may_hold(index, task_token):
            refuse_token(member, index, task_token)


def _unreadable(error: ClientError | BotoCoreError, url: str) -> MemberError | None:
    """What is wrong with the object; None for what may pass by itself."""
    code = error_code(error)
    if code in _CHANGED:
        return MemberError(f"the list was changed after it was first read: {url}")
    if code in _MISSING:
        return MemberError(f"the list is missing ({code}): {url}")
    if classify(error) is ErrorKind.RETRY:
        return None
    return MemberError(f"the sender may not read the list ({code}): {url}")
