"""What each error of AWS means, as the services' own models name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore import xform_name
from botocore.retries import standard
from botocore.session import Session

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify
from faults.source import SERVICES, sites
from support.aws_calls import aws_error

if TYPE_CHECKING:
    from botocore.model import ServiceModel

CONDITION, CLOSED = ErrorKind.CONDITION, ErrorKind.CLOSED
RETRY, REFUSED = ErrorKind.RETRY, ErrorKind.REFUSED

MEANING = {
    # DynamoDB
    "ConditionalCheckFailedException": CONDITION,
    "InternalServerError": RETRY,
    "ItemCollectionSizeLimitExceededException": REFUSED,
    "ProvisionedThroughputExceededException": RETRY,
    "ReplicatedWriteConflictException": RETRY,
    "RequestLimitExceeded": RETRY,
    "ResourceNotFoundException": REFUSED,
    "ThrottlingException": RETRY,
    "TransactionConflictException": RETRY,
    # Step Functions
    "ExecutionDoesNotExist": REFUSED,
    "ExecutionLimitExceeded": REFUSED,
    "ExecutionNotRedrivable": REFUSED,
    "InvalidArn": REFUSED,
    "InvalidOutput": REFUSED,
    "InvalidToken": CLOSED,
    "KmsAccessDeniedException": REFUSED,
    "KmsInvalidStateException": REFUSED,
    "KmsThrottlingException": RETRY,
    "ResourceNotFound": REFUSED,
    "StateMachineDoesNotExist": REFUSED,
    "StateMachineTypeNotSupported": REFUSED,
    "TaskDoesNotExist": CLOSED,
    "TaskTimedOut": CLOSED,
    "ValidationException": REFUSED,
    # SQS
    "BatchEntryIdsNotDistinct": REFUSED,
    "BatchRequestTooLong": REFUSED,
    "EmptyBatchRequest": REFUSED,
    "InvalidAddress": REFUSED,
    "InvalidAttributeName": REFUSED,
    "InvalidBatchEntryId": REFUSED,
    "InvalidMessageContents": REFUSED,
    "InvalidSecurity": REFUSED,
    "KmsAccessDenied": REFUSED,
    "KmsDisabled": REFUSED,
    "KmsInvalidKeyUsage": REFUSED,
    "KmsInvalidState": REFUSED,
    "KmsNotFound": REFUSED,
    "KmsOptInRequired": REFUSED,
    "KmsThrottled": RETRY,
    "OverLimit": REFUSED,
    "QueueDoesNotExist": REFUSED,
    "RequestThrottled": RETRY,
    "TooManyEntriesInBatchRequest": REFUSED,
    "UnsupportedOperation": REFUSED,
    # S3
    "EncryptionTypeMismatch": REFUSED,
    "InvalidObjectState": REFUSED,
    "InvalidRequest": REFUSED,
    "InvalidWriteOffset": REFUSED,
    "NoSuchBucket": REFUSED,
    "NoSuchKey": REFUSED,
    "TooManyParts": REFUSED,
    # Lambda
    "InvalidParameterValueException": REFUSED,
    "ResourceInUseException": REFUSED,
    "ServiceException": RETRY,
    "TooManyRequestsException": RETRY,
    # of others
    "InvalidKeyId": REFUSED,
    "LimitExceededException": RETRY,
    "ParameterNotFound": REFUSED,
    "ParameterVersionNotFound": REFUSED,
}
"""Every error that a model names for an operation that the package calls."""


def called(service: str) -> ServiceModel:
    return Session().get_service_model(service)


def modelled() -> dict[str, int]:
    """Those errors, each with the HTTP status that its model names (400 where it names none)."""
    local = ("local/", "package/", "serverless/")
    methods = {site.rpartition(" ")[2] for site in sites(local)} - {"invoke"}  # click's
    found: dict[str, int] = {}
    for service in SERVICES:
        model = called(service)
        for name in model.operation_names:
            if xform_name(name) not in methods:
                continue
            for shape in model.operation_model(name).error_shapes:
                error = shape.metadata.get("error", {})
                found[error.get("code", shape.name)] = int(error.get("httpStatusCode", 400))
    return found


def test_every_modelled_error_is_told_what_it_is() -> None:
    """A new error in a newer botocore fails here until somebody says what it means."""
    statuses = modelled()
    assert {"KmsThrottlingException", "TransactionConflictException"} <= set(statuses)
    unknown = {code: status for code, status in statuses.items() if code not in MEANING}
    assert unknown == {}
    for code, status in statuses.items():
        assert classify(aws_error(code, status=status)) is MEANING[code], code


@pytest.mark.parametrize(
    "code",
    sorted(
        {
            *standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
            *standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES,
        },
    ),
)
def test_what_botocore_tries_again_may_pass(code: str) -> None:
    """All that its standard mode takes for throttling or a passing fault."""
    assert classify(aws_error(code, status=400)) is RETRY


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, REFUSED), (403, REFUSED), (409, REFUSED), (429, RETRY), (500, RETRY), (503, RETRY)],
)
def test_an_unknown_code_is_judged_by_its_status(status: int, kind: ErrorKind) -> None:
    """Too many requests and a server's error pass, whatever they are called."""
    assert classify(aws_error("NeverHeardOf", status=status)) is kind
