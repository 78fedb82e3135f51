"""What an AWS error means for the call that met it."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code, is_unanswered
from cirrus_callbacks_plugin.errors import RegistrationFailed, place_of
from support.aws_calls import aws_error

URL = "https://aws"


@pytest.mark.parametrize(
    ("error", "kind", "unanswered"),
    [
        (aws_error("ConditionalCheckFailedException"), ErrorKind.CONDITION, False),
        (aws_error("TaskTimedOut"), ErrorKind.CLOSED, False),
        (aws_error("TaskDoesNotExist"), ErrorKind.CLOSED, False),
        (aws_error("InvalidToken"), ErrorKind.CLOSED, False),
        (aws_error("ThrottlingException"), ErrorKind.RETRY, False),
        (aws_error("ProvisionedThroughputExceededException"), ErrorKind.RETRY, False),
        (aws_error("RequestLimitExceeded"), ErrorKind.RETRY, False),
        (aws_error("SlowDown", status=503), ErrorKind.RETRY, False),
        (aws_error("Unheard", status=500), ErrorKind.RETRY, False),
        (aws_error("AccessDeniedException"), ErrorKind.REFUSED, False),
        (aws_error("ValidationException"), ErrorKind.REFUSED, False),
        (aws_error("ResourceNotFoundException"), ErrorKind.REFUSED, False),
        (boto.ClientError({}, "X"), ErrorKind.REFUSED, False),
        (boto.ConnectTimeoutError(endpoint_url=URL), ErrorKind.RETRY, True),
        (boto.ReadTimeoutError(endpoint_url=URL), ErrorKind.RETRY, True),
        (boto.EndpointConnectionError(endpoint_url=URL), ErrorKind.RETRY, True),
        (boto.ConnectionClosedError(endpoint_url=URL), ErrorKind.RETRY, True),
        (boto.ProxyConnectionError(proxy_url=URL), ErrorKind.RETRY, True),
        (boto.SSLError(endpoint_url=URL, error="x"), ErrorKind.RETRY, True),
        (boto.NoCredentialsError(), ErrorKind.REFUSED, False),
        (boto.ParamValidationError(report="x"), ErrorKind.REFUSED, False),
    ],
    ids=lambda value: error_code(value) if isinstance(value, Exception) else None,
)
def test_one_function_classifies(
    error: boto.ClientError | boto.BotoCoreError,
    kind: ErrorKind,
    unanswered: bool,
) -> None:
    """Condition, closed, retry or refused; and whether the other side answered at all."""
    assert classify(error) is kind
    assert is_unanswered(error) is unanswered


def test_an_errors_code_is_awss_or_its_class() -> None:
    """What logs say of an error: its text may quote a request."""
    assert error_code(aws_error("SlowDown")) == "SlowDown"
    assert error_code(boto.ClientError({}, "X")) == "Unknown"
    assert error_code(ValueError("SECRET")) == "ValueError"


def test_a_failed_registration_names_messages_and_reason() -> None:
    """The lambda's error is what operators see first."""
    error = RegistrationFailed(["m1", "m2"], "put: SlowDown")
    assert error.message_ids == ("m1", "m2")
    assert "2 message(s)" in str(error)
    assert str(error).endswith("m1, m2. Reason: put: SlowDown")


def test_the_place_of_an_error_holds_none_of_its_text() -> None:
    """File, line and function."""
    with pytest.raises(TypeError) as raised:
        int([])  # type: ignore[call-overload]
    assert place_of(raised.value).startswith("test_errors.py:")
    assert place_of(raised.value).endswith("in test_the_place_of_an_error_holds_none_of_its_text")
    assert place_of(ValueError()) == "an unknown place"
