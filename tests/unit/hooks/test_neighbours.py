"""Neighbours of a message that comes back leave the queue."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.hooks import neighbours
from cirrus_callbacks_plugin.hooks.delivery import Message
from cirrus_callbacks_plugin.hooks.neighbours import delete_from_queue
from support.aws_calls import aws_error

if TYPE_CHECKING:
    import pytest

ARN = "arn:aws:sqs:us-west-2:123456789012:process"


class Queue:
    """SQS, as far as it is used here: notes what it is asked to delete."""

    def __init__(self, *, refuses: str | None = None, error: Exception | None = None) -> None:
        self.meta = SimpleNamespace(endpoint_url="https://sqs.example")
        self.calls: list[tuple[str, list[str]]] = []
        self._refuses = refuses
        self._error = error

    def delete_message_batch(self, **given: Any) -> dict[str, Any]:
        """Every message but the refused one."""
        if self._error is not None:
            raise self._error
        entries = given["Entries"]
        self.calls.append((given["QueueUrl"], [each["ReceiptHandle"] for each in entries]))
        refused = [{"Id": each["Id"]} for each in entries if each["ReceiptHandle"] == self._refuses]
        return {"Failed": refused} if refused else {}


def messages(count: int, arn: str = ARN) -> list[Message]:
    """Messages of a queue."""
    return [
        Message(
            number,
            {
                "messageId": f"m-{number}",
                "receiptHandle": f"r-{number}",
                "eventSourceARN": arn,
            },
            (),
        )
        for number in range(count)
    ]


def test_ten_a_call_at_the_queue_that_they_came_from() -> None:
    """DeleteMessageBatch takes no more."""
    queue = Queue()
    delete_from_queue(lambda: queue, messages(12))  # type: ignore[arg-type, return-value]
    url = "https://sqs.example/123456789012/process"
    assert sorted((each, len(receipts)) for each, receipts in queue.calls) == [(url, 2), (url, 10)]


def test_a_message_of_no_queue_hinders_no_other() -> None:
    """It is passed over."""
    queue = Queue()
    odd = Message(9, {"messageId": "direct"}, ())
    delete_from_queue(lambda: queue, [odd, *messages(1)])  # type: ignore[arg-type, return-value]
    assert [receipts for _, receipts in queue.calls] == [["r-0"]]


def test_what_sqs_refuses_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """It will come again: a reader of the log should know which."""
    queue = Queue(refuses="r-1")
    with caplog.at_level(logging.WARNING):
        delete_from_queue(lambda: queue, messages(3))  # type: ignore[arg-type, return-value]
    (line,) = caplog.messages
    assert ARN in line
    assert "m-1 " in line
    assert "m-0" not in line
    assert "refused by SQS" in line


def test_what_was_deleted_is_not_talked_about(caplog: pytest.LogCaptureFixture) -> None:
    """SQS leaves out the list of those that it refused where it refused none."""
    with caplog.at_level(logging.INFO):
        delete_from_queue(Queue, messages(3))  # type: ignore[arg-type]
    assert caplog.messages == []


def test_a_call_that_fails_names_all_of_its_messages(caplog: pytest.LogCaptureFixture) -> None:
    """And AWS's code."""
    queue = Queue(error=aws_error("AccessDenied"))
    with caplog.at_level(logging.INFO):
        delete_from_queue(lambda: queue, messages(2))  # type: ignore[arg-type, return-value]
    assert [each.rpartition(": ")[2] for each in caplog.messages] == ["m-0, m-1 (AccessDenied)"]
    assert [each.name for each in caplog.records] == [neighbours.__name__]


def test_without_a_client_all_are_named(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is raised; each message is said to come again, and why."""

    def none() -> Any:
        raise ValueError("no region")

    with caplog.at_level(logging.WARNING):
        delete_from_queue(none, messages(2))
    (line,) = caplog.messages
    assert "m-0, m-1" in line
    assert "ValueError" in line
