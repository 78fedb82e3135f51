"""Metrics of sender and reconciler: what a line on standard output says."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cirrus_callbacks_plugin.lambda_functions import metrics, reconciler
from cirrus_callbacks_plugin.reconcile.summary import Did, Summary
from cirrus_callbacks_plugin.sender.failure_destination import count_objects
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE, SUCCESS, Wait, timestamp

NOW = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)

Lines = "Callable[[], list[dict[str, Any]]]"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lines:
    """The metric lines printed since the last call, in a process that takes itself for Lambda."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read


def row(settled_ago: float | None = None) -> Wait:
    """A row, settled so many seconds ago."""
    settled = None if settled_ago is None else timestamp(NOW - timedelta(seconds=settled_ago))
    return Wait(payload_id="c/workflow-w/i", task_token="secret-token", settled_at=settled)


def values(line: dict[str, Any]) -> dict[str, Any]:
    """The metrics of a line, by name."""
    told = line["_aws"]["CloudWatchMetrics"][0]
    return {metric["Name"]: line[metric["Name"]] for metric in told["Metrics"]}


def test_the_sender_counts_answers_by_kind_and_their_delay(lines: Lines) -> None:
    """Answers are counted by kind; only settled rows have a time from settled to answered."""
    answers = metrics.Answers(lambda: NOW)
    answers(row(2.5), SUCCESS)
    answers(row(4.0), FAILURE)
    answers(row(), FAILURE)  # refused for its flag: never settled
    answers(row(1.0), STALE)
    answers(row(1.0), None)
    metrics.emit_batch("a-callbacks", answers)
    (line,) = lines()
    told = line["_aws"]["CloudWatchMetrics"][0]
    assert told["Namespace"] == "CirrusCallbacks"
    assert [sorted(names) for names in told["Dimensions"]] == [["service", "table"]]
    assert (line["service"], line["table"]) == ("sender", "a-callbacks")
    assert values(line) == {
        "AnsweredSuccess": [1.0],
        "AnsweredFailure": [2.0],
        "AnsweredStale": [1.0],
        "AnswersRefused": [1.0],
        "SettledToAnsweredSeconds": [2.5, 4.0, 1.0],
    }


def test_a_large_batch_keeps_its_dimensions(lines: Lines) -> None:
    """A metric has a hundred values a line; every line names the table."""
    answers = metrics.Answers(lambda: NOW)
    for _ in range(250):
        answers(row(1.0), SUCCESS)
    metrics.emit_batch("a-callbacks", answers)
    told = lines()
    assert {(line["service"], line["table"]) for line in told} == {("sender", "a-callbacks")}
    durations = [
        value for line in told for value in values(line).get("SettledToAnsweredSeconds", [])
    ]
    assert len(durations) == 250
    assert sum(sum(values(line).get("AnsweredSuccess", [])) for line in told) == 250


def test_a_batch_that_answers_nothing_prints_nothing(lines: Lines) -> None:
    """No answers, no line: an empty line of metrics would be an error in the format."""
    metrics.emit_batch("a-callbacks", metrics.Answers(lambda: NOW))
    assert lines() == []


def test_a_pass_tells_what_alarms_look_at(lines: Lines) -> None:
    """Every gauge is there, zeros included; repairs are all that it settled or answered."""
    summary = Summary(
        open_waits=12,
        oldest_open_seconds=3600.5,
        stuck={"c/workflow-w/i"},
        cycles=9,
        refused_descriptions=8,
        is_complete=False,
    )
    for did, rows in (
        (Did.SETTLED, 2),
        (Did.NEVER_STARTED, 1),
        (Did.ANSWERED, 3),
        (Did.STALE, 4),
        (Did.FAILED, 5),
    ):
        summary.add(did, rows)
    metrics.emit_pass("a-callbacks", metrics.Answers(lambda: NOW), summary, 7)
    (line,) = lines()
    assert line["service"] == "reconciler"
    assert values(line) == {
        "OpenWaits": [12.0],
        "OldestOpenWaitSeconds": [3600.5],
        "Repairs": [6.0],
        "RowErrors": [5.0],
        "IncompletePasses": [1.0],
        "DescribesRefused": [8.0],
        "StuckPayloads": [1.0],
        "DependencyCycles": [9.0],
        "FailureDestinationObjects": [7.0],
    }


def test_a_pass_that_could_not_count_says_nothing_of_the_failure_destination(lines: Lines) -> None:
    """Unknown is not zero: a zero would end an alarm."""
    metrics.emit_pass("a-callbacks", metrics.Answers(lambda: NOW), Summary(), None)
    assert "FailureDestinationObjects" not in values(lines()[0])


def test_outside_of_lambda_standard_output_is_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A local stack's --json must stay the only thing it prints."""
    answers = metrics.Answers(lambda: NOW)
    answers(row(1.0), SUCCESS)
    metrics.emit_batch("a-callbacks", answers)
    assert capsys.readouterr().out == ""


def test_no_metric_holds_a_token(lines: Lines) -> None:
    """Metrics name the table and nothing of a row."""
    answers = metrics.Answers(lambda: NOW)
    answers(row(1.0), SUCCESS)
    metrics.emit_batch("a-callbacks", answers)
    assert "secret" not in json.dumps(lines())


def test_objects_of_the_mapping_alone_are_counted() -> None:
    """A given bucket is shared: what lies elsewhere in it is not ours; one page is enough."""
    client = boto3.client("s3")
    expected = {"Bucket": "bucket", "Prefix": "aws/lambda/uuid/", "MaxKeys": 1000}
    with Stubber(client) as stub:
        stub.add_response("list_objects_v2", {"KeyCount": 3}, expected)
        assert count_objects(client, "s3://bucket/aws/lambda/uuid/") == 3


def test_without_a_way_to_s3_the_count_is_unknown() -> None:
    """In a VPC without an endpoint for S3 a pass goes on, and soon."""
    client = reconciler._s3()
    assert client.meta.config.connect_timeout + client.meta.config.read_timeout < 10
    unreachable = boto3.client("s3", endpoint_url="http://127.0.0.1:9", config=client.meta.config)
    assert count_objects(unreachable, "s3://bucket/aws/lambda/uuid/") is None


def test_a_refused_count_is_unknown_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Counting never fails a pass."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("list_objects_v2", "AccessDenied")
        assert count_objects(client, "s3://bucket/aws/lambda/uuid/") is None
    assert "AccessDenied" in caplog.text
