"""The answer to a join's token, and the whole list of its members in S3."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError

from cirrus_callbacks_plugin.joins.answering import Results
from support.aws_calls import aws_error
from support.joins_in_memory import JOIN_ID, JoinsInMemory

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.joins.rows import Join

URL = "s3://bucket/some/prefix/"
KEY = f"some/prefix/{JOIN_ID.removeprefix('join:')}.json"


class S3:
    """Takes an object, or refuses it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.put: list[dict[str, Any]] = []
        self._error = error

    def put_object(self, **given: Any) -> None:
        """Put one."""
        self.put.append(given)
        if self._error is not None:
            raise self._error


@pytest.fixture
def there() -> JoinsInMemory:
    """Two members of three, told."""
    there = JoinsInMemory()
    there.told(0, "success", member_payload_id="c/workflow-w/\u00e9")
    there.told(2, "failure", answer_error="CirrusCallback.Failed")
    return there


def settled(there: JoinsInMemory, **facts: Any) -> Join:
    """The join, settled."""
    join = there.open(total=3, sent=3, is_settled=True)
    return replace(join, wait=replace(join.wait, **facts))


def test_the_whole_list_lies_where_a_map_reads_it(there: JoinsInMemory) -> None:
    """A JSON array, named in the answer."""
    s3 = S3()
    results = Results(there.table, lambda: s3, URL)
    answer = results.answer_of_join(settled(there, workflow_state="SUCCEEDED"))
    assert answer.error is None
    told = json.loads(answer.body)
    assert told["members_at"] == {"bucket": "bucket", "key": KEY}
    (put,) = s3.put
    body = put.pop("Body")
    assert put == {"Bucket": "bucket", "Key": KEY, "ContentType": "application/json"}
    assert "\u00e9".encode() in body
    assert json.loads(body) == told["members"]
    assert [each["index"] for each in told["members"]] == [0, 1, 2]


def test_a_failure_names_the_list_too(there: JoinsInMemory) -> None:
    """With the failed members."""
    results = Results(there.table, S3, URL)
    failed = settled(there, workflow_state="FAILED", answer_error="CirrusCallback.JoinFailed")
    answer = results.answer_of_join(failed)
    assert answer.error == "CirrusCallback.JoinFailed"
    told = json.loads(answer.body)
    assert told["members_at"] == {"bucket": "bucket", "key": KEY}
    assert [each["index"] for each in told["members"]] == [2]


def test_without_a_place_nothing_is_written(there: JoinsInMemory) -> None:
    """And no client is built."""
    results = Results(there.table, pytest.fail, None)
    answer = results.answer_of_join(settled(there, workflow_state="SUCCEEDED"))
    assert "members_at" not in json.loads(answer.body)


@pytest.mark.parametrize("error", ["CirrusCallback.Cancelled", "CirrusCallback.InvalidPayload"])
def test_another_failure_has_no_members(there: JoinsInMemory, error: str) -> None:
    """None was waited for: the answer is that of every wait, and nothing is read."""
    results = Results(there.table, pytest.fail, URL)
    answer = results.answer_of_join(settled(there, answer_error=error, error="so it is"))
    assert answer.error == error
    assert json.loads(answer.body)["errorMessage"] == "so it is"
    assert there.client.calls == []


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (aws_error("AccessDenied", status=403), "AccessDenied"),
        (ParamValidationError(report="bucket"), "ParamValidationError"),
        (ConnectTimeoutError(endpoint_url="https://s3"), "ConnectTimeoutError"),
    ],
)
def test_a_list_that_cannot_be_written_holds_nothing_back(
    there: JoinsInMemory, caplog: pytest.LogCaptureFixture, error: Exception, name: str
) -> None:
    """The answer names none; a network may have no way to S3 for ever."""
    results = Results(there.table, lambda: S3(error), URL)
    answer = results.answer_of_join(settled(there, workflow_state="SUCCEEDED"))
    assert "members_at" not in json.loads(answer.body)
    (record,) = caplog.records
    assert record.name == "cirrus_callbacks_plugin.joins.answering"
    assert record.getMessage() == (
        f"The list of {JOIN_ID} could not be written to s3://bucket/{KEY} ({name}): "
        "its answer names none"
    )


def test_a_busy_s3_is_met_by_the_caller(there: JoinsInMemory) -> None:
    """It answers again later."""
    results = Results(there.table, lambda: S3(aws_error("SlowDown", status=503)), URL)
    with pytest.raises(ClientError, match="SlowDown"):
        results.answer_of_join(settled(there, workflow_state="SUCCEEDED"))
