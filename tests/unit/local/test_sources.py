"""The event sources' conduct when a lambda raises, and how the end of a run is known."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import Any

import pytest

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.local.deployment import Names
from cirrus_callbacks_plugin.local.events import stream_event
from cirrus_callbacks_plugin.local.sources import executions as executions_source
from cirrus_callbacks_plugin.local.sources import stream as stream_source
from cirrus_callbacks_plugin.local.sources.executions import ExecutionsSource
from cirrus_callbacks_plugin.local.sources.filters import matcher
from cirrus_callbacks_plugin.local.sources.queue import QueueSource
from cirrus_callbacks_plugin.local.sources.records import StreamRecords
from cirrus_callbacks_plugin.local.sources.source import Poll, Rounds, Tell
from cirrus_callbacks_plugin.local.sources.stream import StreamSource
from cirrus_callbacks_plugin.sender.filters import filter_patterns

ARN = "arn:aws:states:us-west-2:123456789012:execution:local-child:run"
STREAM = "arn:aws:dynamodb:us-west-2:123456789012:table/local-callbacks/stream/1"


class Told:
    """Handlers that note what they were given and raise as often as told."""

    def __init__(self, failures: int = 0, response: Any = None) -> None:
        self.events: list[dict[str, Any]] = []
        self.troubles: list[str] = []
        self.tell = Tell(self.troubles.append)
        self._failures = failures
        self._response = response

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        """Handle an event."""
        assert context.get_remaining_time_in_millis() > 0
        self.events.append(event)
        if len(self.events) <= self._failures:
            raise ValueError("not yet")
        return self._response


# --- executions -----------------------------------------------------------------------


class StepFunctions:
    """One execution whose status and redrives the test sets; calls fail as the test says."""

    def __init__(self) -> None:
        self.status = "RUNNING"
        self.redrives = 0
        self.broken: set[str] = set()

    def get_paginator(self, _operation: str) -> StepFunctions:
        """ListExecutions."""
        return self

    def paginate(self, **_given: Any) -> list[dict[str, Any]]:
        """One page."""
        if "list" in self.broken:
            raise ConnectionError("no list")
        listed = {
            "executionArn": ARN,
            "status": self.status,
            "redriveCount": self.redrives,
        }
        return [{"executions": [listed]}]

    def describe_execution(self, **_given: Any) -> dict[str, Any]:
        """DescribeExecution."""
        if "describe" in self.broken:
            raise ValueError("no JSON")
        now = datetime.now(timezone.utc)
        return {
            "executionArn": ARN,
            "stateMachineArn": ARN.replace(":execution:", ":stateMachine:"),
            "name": "run",
            "status": self.status,
            "startDate": now,
            "stopDate": now,
            "input": "{}",
            "output": "{}",
            "redriveCount": self.redrives,
            "redriveDate": now if self.redrives else None,
        }


def _executions(told: Told, seen: list[str]) -> tuple[StepFunctions, ExecutionsSource]:
    stepfunctions = StepFunctions()
    source = ExecutionsSource(
        stepfunctions,
        ["machine"],
        told,
        told.tell,
        lambda execution: seen.append(execution["status"]),
    )
    return stepfunctions, source


def test_an_ended_execution_is_delivered_once() -> None:
    """Running: wait for it. Ended: one event in EventBridge's shape, then nothing more."""
    told, seen = Told(), []
    stepfunctions, source = _executions(told, seen)
    assert [source.poll(), source.poll()] == [Poll.RUNNING, Poll.RUNNING]
    stepfunctions.status = "SUCCEEDED"
    assert [source.poll() for _ in range(3)] == [Poll.WAITING, Poll.DELIVERED, Poll.EMPTY]
    (event,) = told.events
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert (event["detail"]["executionArn"], event["detail"]["output"]) == (ARN, "{}")
    assert seen == ["RUNNING", "SUCCEEDED"]


@pytest.mark.parametrize(("failures", "attempts"), [(1, 2), (2, 3), (3, 3), (9, 3)])
def test_an_event_is_tried_three_times(
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    attempts: int,
) -> None:
    """As an asynchronous invocation: twice more after a failure, then it is given up."""
    monkeypatch.setattr(executions_source, "PAUSE_SECONDS", 0)
    told = Told(failures)
    stepfunctions, source = _executions(told, [])
    stepfunctions.status = "FAILED"
    polls = Counter(source.poll() for _ in range(8))
    assert (len(told.events), polls[Poll.DELIVERED]) == (attempts, attempts)
    assert len(told.troubles) == min(failures, 3)
    assert ("given up" in told.troubles[-1]) == (failures >= 3)
    assert source.poll() is Poll.EMPTY


def test_a_failed_event_waits_before_it_is_tried_again() -> None:
    """Between two attempts there is a pause, and the run is not over."""
    told = Told(failures=1)
    stepfunctions, source = _executions(told, [])
    stepfunctions.status = "FAILED"
    polls = [source.poll() for _ in range(4)]
    assert polls == [Poll.WAITING, Poll.DELIVERED, Poll.WAITING, Poll.WAITING]


def test_a_redriven_execution_ends_once_more() -> None:
    """The end of the redriven execution is an event of its own, with the count in it."""
    told, seen = Told(), []
    stepfunctions, source = _executions(told, seen)
    stepfunctions.status = "FAILED"
    assert [source.poll() for _ in range(3)] == [Poll.WAITING, Poll.DELIVERED, Poll.EMPTY]
    stepfunctions.status, stepfunctions.redrives = "RUNNING", 1
    assert source.poll() is Poll.RUNNING
    stepfunctions.status = "SUCCEEDED"
    assert [source.poll() for _ in range(3)] == [Poll.WAITING, Poll.DELIVERED, Poll.EMPTY]
    assert seen == ["FAILED", "RUNNING", "SUCCEEDED"]
    assert [event["detail"]["redriveCount"] for event in told.events] == [0, 1]
    assert told.events[0]["detail"]["redriveDate"] is None
    assert isinstance(told.events[1]["detail"]["redriveDate"], int)
    assert told.events[0]["id"] != told.events[1]["id"]


def test_a_redrive_that_fails_at_once_is_an_end_of_its_own() -> None:
    """A redriven execution that nobody saw running is delivered all the same."""
    told = Told()
    stepfunctions, source = _executions(told, [])
    stepfunctions.status = "FAILED"
    for redrives in (0, 1, 2):
        stepfunctions.redrives = redrives
        assert [source.poll() for _ in range(3)] == [Poll.WAITING, Poll.DELIVERED, Poll.EMPTY]
    assert len(told.events) == 3


def test_an_execution_that_cannot_be_described_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status is known all the same; its event is tried three times and given up."""
    monkeypatch.setattr(executions_source, "PAUSE_SECONDS", 0)
    told, seen = Told(), []
    stepfunctions, source = _executions(told, seen)
    stepfunctions.status, stepfunctions.broken = "SUCCEEDED", {"describe"}
    polls = [source.poll() for _ in range(6)]
    assert polls == [Poll.WAITING, *[Poll.DELIVERED] * 3, Poll.EMPTY, Poll.EMPTY]
    assert (seen, told.events) == (["SUCCEEDED"], [])
    assert told.troubles[0] == "execution run cannot be described: ValueError: no JSON"
    assert told.troubles[-1].endswith("(attempt 3 of 3); the event is given up")
    assert all("execution run " in trouble for trouble in told.troubles)


def test_executions_that_cannot_be_listed_are_told_once() -> None:
    """The next poll lists again, the run is not over; people read of it once."""
    told = Told()
    stepfunctions, source = _executions(told, [])
    stepfunctions.broken = {"list"}
    assert {source.poll() for _ in range(3)} == {Poll.WAITING}
    (trouble,) = told.troubles
    assert trouble == "the executions of machine cannot be listed: ConnectionError: no list"
    stepfunctions.broken, stepfunctions.status = set(), "SUCCEEDED"
    assert [source.poll(), source.poll()] == [Poll.WAITING, Poll.DELIVERED]


# --- stream ---------------------------------------------------------------------------


def _record(number: int, workflow: str = "child", **image: str) -> dict[str, Any]:
    new = {"payload_id": "id", "task_token": f"token-{number}", "workflow": workflow, **image}
    return {
        "eventID": str(number),
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {name: {"S": new[name]} for name in ("payload_id", "task_token")},
            "NewImage": {name: {"S": value} for name, value in new.items()},
            "SequenceNumber": str(number),
        },
    }


class Streams:
    """A stream of one shard that holds some records."""

    def __init__(self, *records: dict[str, Any]) -> None:
        self.records = list(records)

    def describe_stream(self, **_given: Any) -> dict[str, Any]:
        """DescribeStream."""
        return {"StreamDescription": {"Shards": [{"ShardId": "one"}]}}

    def get_shard_iterator(self, **_given: Any) -> dict[str, Any]:
        """GetShardIterator."""
        return {"ShardIterator": "begin"}

    def get_records(self, **_given: Any) -> dict[str, Any]:
        """GetRecords."""
        records, self.records = self.records, []
        return {"Records": records, "NextShardIterator": "next"}


def _stream(
    told: Told,
    *records: dict[str, Any],
    enabled: str = "*",
) -> tuple[StreamSource, list[str]]:
    seen: list[str] = []
    source = StreamSource(
        StreamRecords(Streams(*records), STREAM),
        told,
        matcher(filter_patterns(EnabledWorkflows.parse(enabled))),
        told.tell,
        lambda record: seen.append(record["eventID"]),
    )
    return source, seen


def _delivered(told: Told) -> list[list[str]]:
    return [[record["eventID"] for record in event["Records"]] for event in told.events]


def test_only_what_the_deployed_patterns_match_is_delivered() -> None:
    """Settled rows, and new rows of workflows whose flag is off; everything is seen."""
    told = Told(response={"batchItemFailures": []})
    records = [
        _record(1),
        _record(2, settled_at="now"),
        _record(3, settled_at="now", answered_at="now"),
        _record(4, workflow="other"),
    ]
    source, seen = _stream(told, *records, enabled="child")
    assert [source.poll(), source.poll()] == [Poll.DELIVERED, Poll.EMPTY]
    assert _delivered(told) == [["2", "4"]]
    assert seen == ["1", "2", "3", "4"]


def test_a_page_that_repeats_the_last_records_brings_nothing_new() -> None:
    """Writes at one moment share a sequence number in moto, which then repeats without end."""
    streams = Streams(_record(1), _record(2), _record(2) | {"eventID": "other"})
    stream = StreamRecords(streams, STREAM)
    assert [record["eventID"] for record in stream.new()] == ["1", "2", "other"]
    streams.records = [_record(2) | {"eventID": "other"}]
    assert stream.new() == []
    streams.records = [_record(2) | {"eventID": "other"}, _record(3)]
    assert [record["eventID"] for record in stream.new()] == ["3"]


def test_a_batch_goes_on_at_its_lowest_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything from the lowest failed sequence number on is delivered again, in order."""
    monkeypatch.setattr(stream_source, "PAUSE_SECONDS", 0)
    failed = [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]
    told = Told(response={"batchItemFailures": failed})
    source, _ = _stream(told, *(_record(number, settled_at="now") for number in (1, 2, 3)))
    source.poll()
    failed.clear()
    assert [source.poll(), source.poll()] == [Poll.DELIVERED, Poll.EMPTY]
    assert _delivered(told) == [["1", "2", "3"], ["2", "3"]]


def test_a_batch_whose_sender_raised_is_delivered_again() -> None:
    """The whole batch comes again after a pause; until then the run is not over."""
    told = Told(failures=1, response={"batchItemFailures": []})
    source, _ = _stream(told, _record(1, settled_at="now"))
    assert [source.poll(), source.poll()] == [Poll.DELIVERED, Poll.WAITING]
    assert "sender raised ValueError: not yet" in told.troubles[0]


# --- queue ----------------------------------------------------------------------------


class Queue:
    """SQS with some messages, which counts what is deleted."""

    def __init__(self, count: int, receives: int = 1) -> None:
        self.deleted: list[str] = []
        self._messages = [
            {
                "MessageId": str(number),
                "ReceiptHandle": f"handle-{number}",
                "Body": "{}",
                "Attributes": {"ApproximateReceiveCount": str(receives)},
            }
            for number in range(count)
        ]

    def receive_message(self, **given: Any) -> dict[str, Any]:
        """ReceiveMessage."""
        size = given["MaxNumberOfMessages"]
        batch, self._messages = self._messages[:size], self._messages[size:]
        return {"Messages": batch} if batch else {}

    def delete_message_batch(self, **given: Any) -> None:
        """DeleteMessageBatch."""
        self.deleted += [entry["ReceiptHandle"] for entry in given["Entries"]]

    def get_queue_attributes(self, **_given: Any) -> dict[str, Any]:
        """GetQueueAttributes."""
        names = (
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        )
        return {"Attributes": dict.fromkeys(names, "0")}


def _queue(told: Told, queue: Queue) -> QueueSource:
    return QueueSource(queue, Names("local", "us-west-2", "123456789012"), told, told.tell)


def test_batches_hold_ten_and_are_deleted_when_handled() -> None:
    """Twelve messages come in two batches; all are deleted."""
    told, queue = Told(), Queue(12)
    source = _queue(told, queue)
    assert [source.poll() for _ in range(3)] == [Poll.DELIVERED, Poll.DELIVERED, Poll.EMPTY]
    assert [len(event["Records"]) for event in told.events] == [10, 2]
    assert len(queue.deleted) == 12


@pytest.mark.parametrize(("receives", "is_last"), [(1, False), (5, True)])
def test_a_failed_batch_is_left_in_the_queue(receives: int, *, is_last: bool) -> None:
    """Nothing is deleted; the fifth delivery is said to be the last."""
    told, queue = Told(failures=1), Queue(1, receives)
    assert _queue(told, queue).poll() is Poll.DELIVERED
    assert queue.deleted == []
    assert f"(delivery {receives})" in told.troubles[0]
    assert ("dead-letter queue" in told.troubles[0]) == is_last


# --- the end of a run -----------------------------------------------------------------


def _poll(rounds: Rounds, name: str, poll: Poll) -> None:
    rounds.ended(name, rounds.began(), poll)


def test_nothing_is_left_once_all_are_empty() -> None:
    """Every source must have polled, and been empty."""
    rounds = Rounds(("queue", "stream"))
    assert not rounds.nothing_left
    _poll(rounds, "queue", Poll.EMPTY)
    assert not rounds.nothing_left
    _poll(rounds, "stream", Poll.EMPTY)
    assert rounds.nothing_left


@pytest.mark.parametrize("poll", [Poll.WAITING, Poll.DELIVERED])
def test_work_under_way_keeps_the_run_going(poll: Poll) -> None:
    """A source that waits for something, or has just delivered, is not empty."""
    rounds = Rounds(("queue", "stream"))
    _poll(rounds, "queue", Poll.EMPTY)
    _poll(rounds, "stream", poll)
    assert not rounds.nothing_left


def test_a_delivery_makes_every_source_prove_itself_again() -> None:
    """A poll that began before a delivery ended does not count: the delivery may bring work."""
    rounds = Rounds(("queue", "stream"))
    before = rounds.began()
    _poll(rounds, "stream", Poll.DELIVERED)
    rounds.ended("queue", before, Poll.EMPTY)
    _poll(rounds, "stream", Poll.EMPTY)
    assert not rounds.nothing_left
    _poll(rounds, "queue", Poll.EMPTY)
    assert rounds.nothing_left


def test_what_is_binary_comes_as_text() -> None:
    """Lambda hands a stream's records over as JSON: Base64, at whatever depth."""
    image = {"members": {"B": b"\x1f\x8b"}, "both": {"L": [{"B": b"\x00"}]}}
    record = {"eventID": "1", "eventName": "INSERT", "dynamodb": {"NewImage": image}}
    (seen,) = stream_event([record], STREAM)["Records"]
    assert seen["dynamodb"]["NewImage"] == {
        "members": {"B": "H4s="},
        "both": {"L": [{"B": "AA=="}]},
    }


def test_a_message_from_outside_disturbs() -> None:
    """What somebody sends by hand has to be looked for."""
    rounds = Rounds(("queue",))
    _poll(rounds, "queue", Poll.EMPTY)
    rounds.disturb()
    assert not rounds.nothing_left
