"""What an error of AWS means for the call that met it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Response = TypeVar("Response")


class ErrorKind(Enum):
    """What an AWS error means for the call that met it."""

    CONDITION = "condition"
    """A condition of ours was not met: somebody else was first."""
    CLOSED = "closed"
    """Step Functions takes this task token no more."""
    RETRY = "retry"
    """Throttled, a server error, or no answer: try again."""
    REFUSED = "refused"
    """Anything else: trying again changes nothing until somebody acts."""


# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html#API_SendTaskSuccess_Errors
_CLOSED = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})

UNKNOWN_EXECUTION = frozenset({"ExecutionDoesNotExist", "InvalidArn"})
"""Codes by which Step Functions says that it knows no such execution."""

# What may pass by itself although it has an HTTP status of its own below 500:
# - botocore's lists (ThrottledRetryableChecker and TransientRetryableChecker of
#   botocore.retries.standard);
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html;
# - errors that the services' models name for the operations called here, and that no mode of
#   botocore tries again: KmsThrottlingException (Step Functions), KmsThrottled (SQS),
#   TransactionConflictException and, but for the legacy mode, ReplicatedWriteConflictException
#   (DynamoDB). A test walks the models and says of each error what it is.
_RETRY = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "KmsThrottled",
        "KmsThrottlingException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    },
)

_UNANSWERED = (BotoConnectionError, HTTPClientError)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


def error_code(error: Exception) -> str:
    """AWS's code of an error, or its class name where AWS said nothing."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def classify(error: ClientError | BotoCoreError) -> ErrorKind:
    """Say what an AWS error means for its caller."""
    if isinstance(error, ClientError):
        code = error_code(error)
        if code == "ConditionalCheckFailedException":
            return ErrorKind.CONDITION
        if code in _CLOSED:
            return ErrorKind.CLOSED
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _RETRY or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
            return ErrorKind.RETRY
        return ErrorKind.REFUSED
    if isinstance(error, (*_UNANSWERED, ChecksumError, IncompleteReadError)):
        return ErrorKind.RETRY
    return ErrorKind.REFUSED


def is_unanswered(error: Exception) -> bool:
    """True where the other side never answered: no use in calling it again now."""
    return isinstance(error, _UNANSWERED)


def if_condition_holds(write: Callable[[], Response]) -> Response | None:
    """What a conditional write returns; None where its condition does not hold.

    Raises:
        ClientError, BotoCoreError: the write met anything else.
    """
    try:
        return write()
    except ClientError as error:
        if classify(error) is not ErrorKind.CONDITION:
            raise
        return None
