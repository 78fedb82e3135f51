"""What has changed in the AWS that a local stack serves: event sources ask when there is news.

A poll costs several calls of moto's server, and most polls find nothing. So a source asks when a
request has changed something that it reads, and otherwise seldom.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

Application = Callable[[dict[str, Any], Any], Any]
"""A WSGI application."""

SQS = "sqs"
STEP_FUNCTIONS = "stepfunctions"
DYNAMODB = "dynamodb"
SERVICES = (SQS, STEP_FUNCTIONS, DYNAMODB)

_CHANGING = {
    **dict.fromkeys(
        (
            "AmazonSQS.SendMessage",
            "AmazonSQS.SendMessageBatch",
            "AmazonSQS.DeleteMessage",
            "AmazonSQS.DeleteMessageBatch",
            "AmazonSQS.ChangeMessageVisibility",
            "AmazonSQS.ChangeMessageVisibilityBatch",
            "AmazonSQS.PurgeQueue",
            "AmazonSQS.StartMessageMoveTask",
        ),
        SQS,
    ),
    # How an execution ends is told by the interpreter, not by a request.
    **dict.fromkeys(
        (
            "AWSStepFunctions.StartExecution",
            "AWSStepFunctions.StopExecution",
            "AWSStepFunctions.RedriveExecution",
        ),
        STEP_FUNCTIONS,
    ),
    **dict.fromkeys(
        (
            "DynamoDB_20120810.PutItem",
            "DynamoDB_20120810.UpdateItem",
            "DynamoDB_20120810.DeleteItem",
            "DynamoDB_20120810.BatchWriteItem",
            "DynamoDB_20120810.TransactWriteItems",
            "DynamoDB_20120810.ExecuteStatement",
            "DynamoDB_20120810.BatchExecuteStatement",
            "DynamoDB_20120810.ExecuteTransaction",
        ),
        DYNAMODB,
    ),
}
"""The service that a request changes, by its ``X-Amz-Target``."""


def _changed_by(environ: dict[str, Any]) -> str | None:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target is None and environ.get("REQUEST_METHOD") == "POST":
        return SQS  # SNS has no such header, and queues may be subscribed to its topics
    return _CHANGING.get(str(target))


class Changes:
    """How often each thing has changed, a service by name; several threads may ask and wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: Counter[str] = Counter()

    def note(self, *things: str) -> None:
        """These have changed."""
        with self._changed:
            self._counts.update(things)
            self._changed.notify_all()

    def count(self, thing: str) -> int:
        """How often it has changed; for :meth:`wait`."""
        with self._changed:
            return self._counts[thing]

    def wait(self, thing: str, beyond: int, seconds: float) -> bool:
        """Wait until it has changed more often; False if it has not, after so long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._counts[thing] > beyond, seconds)

    def around(self, application: Application) -> Application:
        """The same WSGI application; a request that changes something is noted once it is done."""

        def answered(environ: dict[str, Any], start_response: Any) -> Any:
            service = _changed_by(environ)
            try:
                return application(environ, start_response)
            finally:
                if service is not None:
                    self.note(service)

        return answered
