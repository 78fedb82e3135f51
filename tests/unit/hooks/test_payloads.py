"""Which payload a message is about, and what is read where it only refers to one."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ParamValidationError

from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.errors import UnacceptablePayload
from cirrus_callbacks_plugin.hooks.delivery import Message
from cirrus_callbacks_plugin.hooks.objects import fetch_object
from cirrus_callbacks_plugin.hooks.payloads import MAX_ID_BYTES, Target, target_of
from support.aws_calls import aws_error
from support.hooked import Cirrus, Objects, message, payload_id

# Cirrus brings what reads the objects behind URLs.
pytest.importorskip("boto3utils")


def never(url: str) -> str:
    raise AssertionError(url)


def target(record: Any, fetch: Any = never) -> Target:
    return target_of(Message(0, record, ()), Cirrus(), fetch)  # type: ignore[arg-type]


def direct(**payload: Any) -> dict[str, Any]:
    """A payload by itself, as the record of a message with an id."""
    return {"messageId": "m", **payload}


def test_a_target_is_what_cirrus_says_of_the_payload() -> None:
    """Id, workflow, key, whether to replace, and the record as this cirrus takes it."""
    record = message("i")
    assert target(record) == Target(
        payload_id(), "w", StateKey("c_w", "i"), replace=False, refused=None, record=record
    )
    assert target(message("i", replace=True)).replace is True
    assert target(message("i", **{"as": "other"})).record == {**record, "body": "other"}


def test_an_id_may_name_no_workflow() -> None:
    """It makes a key all the same; the row calls the workflow unknown."""
    found = target(direct(id="c/workflow-/i"))
    assert (found.workflow, found.key) == ("unknown", StateKey("c_", "i"))


def test_an_object_stands_in_the_place_of_the_reference() -> None:
    """It is what cirrus identifies; the URL is asked for as it is."""
    fetched: list[str] = []

    def fetch(url: str) -> str:
        fetched.append(url)
        return '{"id": "c/workflow-x/j", "as": "expanded"}'

    found = target({"messageId": "m", "body": '{"url": "s3://b/k"}'}, fetch)
    assert (found.payload_id, found.workflow) == ("c/workflow-x/j", "x")
    assert found.record["body"] == "expanded"
    assert fetched == ["s3://b/k"]


def test_what_is_given_is_left_as_it_is() -> None:
    """Cirrus's code runs on copies: it may change what it is given."""

    class Changing(Cirrus):
        def extract(self, given: Any) -> Any:
            given["changed"] = True
            return super().extract(given)

        def identify(self, payload: Any) -> Any:
            found = super().identify(payload)
            payload.clear()
            return found

        def deliverable(self, given: Any, payload: Any) -> Any:
            return [given, payload]

    record = direct(id=payload_id())
    before = dict(record)
    found = target_of(Message(0, record, ()), Changing(), never)  # type: ignore[arg-type]
    assert record == before
    assert found.record == [before, {**before, "changed": True}]


@pytest.mark.parametrize(
    ("record", "name", "workflow", "why"),
    [
        (direct(id="c/workflow-w/i", refuse="no"), "c/workflow-w/i", "w", "no"),
        (direct(id="no-workflow", refuse="no"), "no-workflow", "unknown", "no"),
        (direct(refuse="no"), "invalid:m", "unknown", "no"),
        (direct(id=7, refuse="no"), "invalid:m", "unknown", "no"),
        (direct(id="", refuse="no"), "invalid:m", "unknown", "no"),
        (direct(id="\ud800", refuse="no"), "invalid:m", "unknown", "no"),
        (direct(id="i" * MAX_ID_BYTES, refuse="no"), "i" * MAX_ID_BYTES, "unknown", "no"),
        (direct(id="i" * (MAX_ID_BYTES + 1), refuse="no"), "invalid:m", "unknown", "no"),
        (direct(id="é" * (MAX_ID_BYTES // 2 + 1), refuse="no"), "invalid:m", "unknown", "no"),
        (direct(id="no-workflow"), "no-workflow", "unknown", "makes no key"),
        (direct(id=""), "invalid:m", "unknown", "makes no key"),
        (direct(id="c/workflow-w/"), "c/workflow-w/", "w", "makes no key"),
        (direct(id="i", url=7), "i", "unknown", "url is not a string"),
        (direct(x={7}), "invalid:m", "unknown", "not JSON: TypeError"),
    ],
)
def test_a_refused_payload_is_called_by_its_own_id_or_the_messages(
    record: Any,
    name: str,
    workflow: str,
    why: str,
) -> None:
    """An id that a row can hold names it; there is no record to be read, and a reason."""
    found = target(record)
    assert (found.payload_id, found.workflow, found.key) == (name, workflow, None)
    assert found.refused is not None
    assert why in found.refused
    assert found.replace is False
    assert found.record is None


@pytest.mark.parametrize("payload", [[1], None, "text"])
def test_what_is_no_object_has_no_id(payload: Any) -> None:
    """Cirrus refuses it; the row is named by the message."""

    class Refusing(Cirrus):
        def extract(self, given: Any) -> Any:
            del given
            return payload

        def identify(self, payload: Any) -> Any:
            raise UnacceptablePayload(f"{payload!r} is not a payload")

    found = target_of(Message(0, {"messageId": "m"}, ()), Refusing(), never)  # type: ignore[arg-type]
    assert found.payload_id == "invalid:m"
    assert found.refused == f"{payload!r} is not a payload"


def test_a_text_that_holds_url_is_no_reference() -> None:
    """Only an object can refer to one."""

    class Text(Cirrus):
        def extract(self, given: Any) -> Any:
            del given
            return ["url"]

        def identify(self, payload: Any) -> Any:
            raise UnacceptablePayload(f"{payload} is unusable")

    found = target_of(Message(0, {}, ()), Text(), never)  # type: ignore[arg-type]
    assert found.refused == "['url'] is unusable"


def test_an_object_that_is_no_json_is_refused() -> None:
    """The reason names the URL."""
    found = target({"messageId": "m", "body": '{"url": "s3://b/k"}'}, lambda _: "{")
    assert found.refused == "the payload's object is not JSON: s3://b/k"
    assert found.payload_id == "invalid:m"


# --- the object behind a url ------------------------------------------------------------


def fetched(body: Any, url: str = "s3://bucket/a/key.json", key: str = "a/key.json") -> str:
    client = Objects()
    client.bodies[key] = body
    return fetch_object(client, url, lambda: None)


def test_an_object_is_read_part_by_part_while_there_is_time() -> None:
    """Bucket and key come from the URL; the time is asked for before each part."""
    asked: list[dict[str, Any]] = []
    sizes: list[int] = []
    checks: list[int] = []

    class Body:
        def iter_chunks(self, size: int) -> Any:
            sizes.append(size)
            yield "ä".encode()[:1]
            yield "ä".encode()[1:]

    class Client:
        def get_object(self, **given: Any) -> dict[str, Any]:
            asked.append(given)
            return {"Body": Body()}

    text = fetch_object(Client(), "s3://bucket/a/key.json", lambda: checks.append(len(checks)))
    assert text == "ä"
    assert asked == [{"Bucket": "bucket", "Key": "a/key.json"}]
    assert sizes == [65_536]
    assert len(checks) == 2


def test_an_object_that_is_packed_is_unpacked() -> None:
    """By the ending of its key alone, as cirrus does; the URL's own case counts."""
    packed = gzip.compress(b"{}")
    assert fetched(packed, "s3://bucket/a.gz", "a.gz") == "{}"
    for key in ("a.GZ", "a.gz.json", "gz"):
        with pytest.raises(
            UnacceptablePayload, match=rf"is not a text \(Unicode.*: s3://bucket/{key}"
        ):
            fetched(packed, f"s3://bucket/{key}", key)
    with pytest.raises(UnacceptablePayload, match=r"not a text \(BadGzipFile\): s3://bucket/a.gz"):
        fetched(b"{}", "s3://bucket/a.gz", "a.gz")


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchBucket", "404", "InvalidBucketName"])
def test_an_object_that_is_not_there_is_an_invalid_payload(code: str) -> None:
    """It never was; the reason says so in S3's own word."""
    with pytest.raises(UnacceptablePayload, match=rf"is missing \({code}\): s3://bucket/a/key"):
        fetched(aws_error(code))


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown"])
def test_an_object_that_cannot_be_read_now_may_be_read_later(code: str) -> None:
    """S3's own error goes on."""
    with pytest.raises(Exception, match=code):
        fetched(aws_error(code))


def test_no_answer_is_no_missing_object() -> None:
    """Nor is a bucket that the client itself refuses a failure of AWS."""
    with pytest.raises(ConnectTimeoutError):
        fetched(ConnectTimeoutError(endpoint_url="https://s3"))
    with pytest.raises(
        UnacceptablePayload, match=r"names no valid bucket: s3://bucket/a/key\.json"
    ):
        fetched(ParamValidationError(report="Bucket"))


@pytest.mark.parametrize(
    "url", ["https://example.com/x.json", "s3://bucket", "s3://bucket/", "s3:///key", "", "x"]
)
def test_what_names_no_object_is_no_url(url: str) -> None:
    """The reason quotes it."""
    with pytest.raises(UnacceptablePayload) as raised:
        fetch_object(None, url, never)  # type: ignore[arg-type]
    assert str(raised.value).startswith(
        f"the payload's url is not an s3:// URL of an object: {url}"
    )
