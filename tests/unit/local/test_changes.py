"""What has changed in the served AWS: who is told of it, and when."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from cirrus_callbacks_plugin.local.changes import DYNAMODB, SERVICES, SQS, STEP_FUNCTIONS, Changes


def _requested(changes: Changes, target: str, noted_inside: list[int]) -> Any:
    """Let an application answer a request; what was noted by then is kept."""

    def application(*_: Any) -> list[bytes]:
        noted_inside.append(sum(changes.count(service) for service in SERVICES))
        return [b"answer"]

    return changes.around(application)({"HTTP_X_AMZ_TARGET": target}, None)


@pytest.mark.parametrize(
    ("target", "service"),
    [
        ("AmazonSQS.SendMessageBatch", SQS),
        ("AWSStepFunctions.StartExecution", STEP_FUNCTIONS),
        ("DynamoDB_20120810.BatchExecuteStatement", DYNAMODB),
    ],
)
def test_what_a_request_changes_is_noted_once_it_is_done(target: str, service: str) -> None:
    """Not before: a source that asked then would find nothing. Other services have not changed."""
    changes, before = Changes(), []
    assert _requested(changes, target, before) == [b"answer"]
    assert before == [0]
    assert {each: changes.count(each) for each in SERVICES} == {
        **dict.fromkeys(SERVICES, 0),
        service: 1,
    }


def test_a_request_that_fails_may_have_changed_something() -> None:
    """It is noted as well."""
    changes = Changes()

    def application(*_: Any) -> Any:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - nothing of it matters
        changes.around(application)({"HTTP_X_AMZ_TARGET": "AmazonSQS.SendMessage"}, None)
    assert changes.count(SQS) == 1


def test_what_is_published_may_come_to_a_queue() -> None:
    """SNS's requests name no target; what is put into a bucket or read comes to none."""
    changes = Changes()
    around = changes.around(lambda *_: [])
    for method, count in (("POST", 1), ("PUT", 1), ("GET", 1)):
        around({"REQUEST_METHOD": method}, None)
        assert changes.count(SQS) == count


@pytest.mark.parametrize(
    "target",
    ["AmazonSQS.ReceiveMessage", "AWSStepFunctions.ListExecutions", "DynamoDB_20120810.Query", ""],
)
def test_a_source_wakes_itself_by_no_poll(target: str) -> None:
    """What only reads changes nothing."""
    changes = Changes()
    _requested(changes, target, [])
    assert [changes.count(service) for service in SERVICES] == [0, 0, 0]


def test_a_change_between_the_poll_and_the_waiting_is_not_missed() -> None:
    """What is waited for is that more has changed than was known before the poll."""
    changes = Changes()
    known = changes.count(SQS)
    changes.note(SQS)
    assert changes.wait(SQS, known, 0)
    assert not changes.wait(SQS, changes.count(SQS), 0)
    assert not changes.wait(DYNAMODB, 0, 0)


def test_a_change_wakes_who_waits() -> None:
    """In whichever thread it is noted."""
    changes, came = Changes(), []
    waiting = threading.Thread(target=lambda: came.append(changes.wait(SQS, 0, 60)))
    waiting.start()
    changes.note(SQS)
    waiting.join(30)
    assert came == [True]
