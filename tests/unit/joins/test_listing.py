"""A join's list of members: as its row holds it, and behind ``members_url``."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ParamValidationError

from cirrus_callbacks_plugin.joins import listing
from cirrus_callbacks_plugin.joins.listing import read_list
from cirrus_callbacks_plugin.joins.members import Attached, MemberError, Payload, pack
from cirrus_callbacks_plugin.joins.rows import Definition
from support.aws_calls import aws_error

GOOD = pack((Payload({"process": [], "id": "\ud800é"}),))
URL = "s3://bucket/lists/of/today.json"


def definition(packed: bytes) -> Definition:
    """A row that holds the list."""
    return Definition(f"join:{'0' * 32}", packed, None, 1)


def elsewhere() -> Definition:
    """A row that names the list's place."""
    return Definition(f"join:{'0' * 32}", None, URL, 1)


class S3:
    """An object, or what S3 says instead.

    Attributes:
        asked: what was asked for.
    """

    def __init__(
        self, body: bytes = b"", error: Exception | None = None, length: int | None = None
    ) -> None:
        self.asked: list[dict[str, Any]] = []
        self._body = body
        self._error = error
        self._length = len(body) if length is None else length

    def get_object(self, **asked: Any) -> dict[str, Any]:
        """The object."""
        self.asked.append(asked)
        if self._error is not None:
            raise self._error
        return {"ContentLength": self._length, "Body": io.BytesIO(self._body), "ETag": '"1"'}


def test_a_row_gives_back_what_was_put_into_it() -> None:
    """Whatever JSON allows, lone surrogates too; it has no ETag."""
    found = read_list(definition(GOOD), lambda: None, None)
    assert pack(found.members) == GOOD
    assert found.etag is None


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"[]",
        GOOD[:-9],
        GOOD[:12] + b"\0" * 9 + GOOD[21:],
        gzip.compress(b"{", mtime=0),
        b"\x1f\x8b",
    ],
    ids=["empty", "not gzipped", "cut", "broken", "no JSON", "a head alone"],
)
def test_a_row_that_somebody_spoiled_is_a_list_that_breaks_the_rules(packed: bytes) -> None:
    """The join is told so: its record would block a shard for ever otherwise."""
    with pytest.raises(MemberError, match="cannot be read"):
        read_list(definition(packed), lambda: None, None)


def test_a_row_that_is_gone_is_said() -> None:
    """Nobody can tell whom the join waits for."""
    with pytest.raises(MemberError, match="gone"):
        read_list(None, lambda: None, None)


@pytest.mark.parametrize(("etag", "pinned"), [(None, {}), ('"1"', {"IfMatch": '"1"'})])
def test_an_object_is_pinned_once_it_was_read(etag: str | None, pinned: dict[str, str]) -> None:
    """Members that were sent keep their places in the list."""
    s3 = S3(b'["c/workflow-w/i"]')
    found = read_list(elsewhere(), lambda: s3, etag)
    assert (tuple(found.members), found.etag) == ((Attached("c/workflow-w/i"),), '"1"')
    assert s3.asked == [{"Bucket": "bucket", "Key": "lists/of/today.json", **pinned}]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("PreconditionFailed", "changed after it was first read"),
        ("412", "changed after it was first read"),
        ("NoSuchKey", r"missing \(NoSuchKey\)"),
        ("NoSuchBucket", r"missing \(NoSuchBucket\)"),
        ("404", r"missing \(404\)"),
        ("AccessDenied", r"may not read the list \(AccessDenied\)"),
    ],
)
def test_an_object_that_cannot_be_had_is_said(code: str, said: str) -> None:
    """With its place: the join is answered with it."""
    with pytest.raises(MemberError, match=f"{said}.*{URL}"):
        read_list(elsewhere(), lambda: S3(error=aws_error(code)), '"1"')


@pytest.mark.parametrize(
    "error", [aws_error("SlowDown"), EndpointConnectionError(endpoint_url="https://s3")]
)
def test_what_passes_by_itself_is_met_by_the_caller(error: Exception) -> None:
    """It reads the list again later: nothing is wrong with it."""
    with pytest.raises(type(error)) as met:
        read_list(elsewhere(), lambda: S3(error=error), None)
    assert met.value is error


def test_a_bucket_that_cannot_be_one_is_said() -> None:
    """boto3 refuses the name before anybody is asked."""
    error = ParamValidationError(report="Invalid bucket name")
    with pytest.raises(MemberError, match=f"no valid bucket: {URL}"):
        read_list(elsewhere(), lambda: S3(error=error), None)


def test_an_object_is_read_only_where_a_list_may_be_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of just that size is; a longer one would not fit into the sender's memory."""
    monkeypatch.setattr(listing, "MAX_UNPACKED_BYTES", 2)
    assert len(read_list(elsewhere(), lambda: S3(b"[]"), None).members) == 0
    with pytest.raises(MemberError, match="larger than 2 bytes"):
        read_list(elsewhere(), lambda: S3(b"[]", length=3), None)


def test_an_object_that_is_no_list_is_said_with_its_place() -> None:
    """What is wrong, and where it lies."""
    with pytest.raises(MemberError, match=rf"member 0 is a number.*\({URL}\)"):
        list(read_list(elsewhere(), lambda: S3(b"[7]"), None).members)
