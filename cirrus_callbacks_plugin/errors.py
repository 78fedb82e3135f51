"""What can go wrong, by what to do about it; the bottom of the import graph."""

from __future__ import annotations

import traceback
from enum import Enum
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class CallbackError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigurationError(CallbackError):
    """A variable or an installation is wrong; the message says which and what to do.

    In the hooks it counts as an unreachable tracking table (design of the hooks:
    a mistake in configuration may delay callbacks, never cirrus).
    """


class UnsupportedCirrusError(ConfigurationError):
    """No supported cirrus is installed, or more than one is."""


class PackageError(CallbackError):
    """A zip cannot be read, made or written; the message names it and says what to do."""


class ProjectError(CallbackError):
    """A Serverless project, or what was built of it, is not what is needed; says what to do."""


class MissingExtraError(CallbackError):
    """A command needs an optional dependency that is not installed."""


class AwsRefusedError(CallbackError):
    """AWS could not be asked: no credentials, no permission, throttled, not reached.

    The message names the call and says what to do; it quotes no request.
    """


class RegistrationFailed(CallbackError):  # noqa: N818 - the contract's name
    """Some messages with tokens could not be registered and must come back.

    The one case in which a wrapped handler raises what cirrus did not: the
    messages named here stay in the queue, every other one has been deleted.
    """

    def __init__(self, message_ids: Iterable[str], reason: str) -> None:
        self.message_ids = tuple(message_ids)
        self.reason = reason
        names = ", ".join(self.message_ids)
        super().__init__(
            f"{len(self.message_ids)} message(s) carrying a task token could not be registered "
            f"and return to the queue: {names}. Reason: {reason}",
        )


class UnacceptablePayload(CallbackError):  # noqa: N818 - says what it is, not that it failed
    """Cirrus cannot accept this payload, now or on redelivery: tell the waiter."""


class Kind(Enum):
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


def place_of(error: BaseException) -> str:
    """Where an error came from, as ``file:line in function``.

    All that may be logged of an error whose text could quote a request.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno} in {frames[-1].name}"


def classify(error: ClientError | BotoCoreError) -> Kind:
    """Say what an AWS error means for its caller."""
    if isinstance(error, ClientError):
        code = error_code(error)
        if code == "ConditionalCheckFailedException":
            return Kind.CONDITION
        if code in _CLOSED:
            return Kind.CLOSED
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _RETRY or status >= _SERVER_ERROR:
            return Kind.RETRY
        return Kind.REFUSED
    if isinstance(error, (BotoConnectionError, HTTPClientError)):
        return Kind.RETRY
    return Kind.REFUSED


def is_unanswered(error: Exception) -> bool:
    """True where the other side never answered: no use in calling it again now."""
    return isinstance(error, (BotoConnectionError, HTTPClientError))
