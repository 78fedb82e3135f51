"""What an error of AWS means for the call that met it."""

from __future__ import annotations

from enum import Enum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)


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

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html and
# botocore's own list (botocore.retries.standard.ThrottledRetryableChecker).
_RETRY = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    },
)

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
        if code in _RETRY or status >= _SERVER_ERROR:
            return ErrorKind.RETRY
        return ErrorKind.REFUSED
    if isinstance(error, (BotoConnectionError, HTTPClientError)):
        return ErrorKind.RETRY
    return ErrorKind.REFUSED


def is_unanswered(error: Exception) -> bool:
    """True where the other side never answered: no use in calling it again now."""
    return isinstance(error, (BotoConnectionError, HTTPClientError))
