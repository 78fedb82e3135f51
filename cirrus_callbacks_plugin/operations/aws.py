"""Clients for a person's command, and AWS's refusals in a person's words.

A lambda retries and logs; a person wants to know which call was refused, and what to do.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code, is_unanswered
from cirrus_callbacks_plugin.aws.side_by_side import WORKERS
from cirrus_callbacks_plugin.errors import AwsRefusedError, CallbackError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=WORKERS,
)
_CALL = "CirrusCallbacksCall"
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"},
)
_BAD_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    },
)
_WHO = re.compile(r"(arn:[\w:/+=,.@-]+) is not authorized to perform: ([\w-]+:\w+)")
_ON = re.compile(r"on resource: (arn:[\w:/+=,.@*-]+)")


class NoSuchPartError(ConfigurationError):
    """The deployment has no such part, or is another one than was meant."""


@dataclass(frozen=True, slots=True)
class Aws:
    """Where AWS is and who asks.

    Attributes:
        session: credentials and region.
        endpoint_url: where AWS is; None for AWS itself.
    """

    session: Session
    endpoint_url: str | None = None

    @classmethod
    def of(cls, region: str | None, profile: str | None, endpoint_url: str | None) -> Aws:
        """As the AWS CLI's options of these names.

        Raises:
            ConfigurationError: there is no such profile.
        """
        try:
            # As the AWS CLI, and unlike boto3, AWS_REGION counts.
            named = region or os.environ.get("AWS_REGION") or None
            session = Session(profile_name=profile, region_name=named)
        except ProfileNotFound as error:
            raise ConfigurationError(
                f"there is no AWS profile {profile!r}: `aws configure list-profiles` lists them",
            ) from error
        session.events.register("after-call", _name_call)
        return cls(session, endpoint_url)

    @property
    def region(self) -> str:
        """The region.

        Raises:
            ConfigurationError: none is known.
        """
        if not self.session.region_name:
            raise ConfigurationError(_NO_REGION)
        return self.session.region_name

    def client(self, service: str) -> Any:
        """A client; thread-safe."""
        return self.session.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            config=_CONFIG,
        )


_NO_REGION = "no AWS region is known: give --region, or set AWS_REGION"


def _name_call(parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """Write the call's IAM name into its answer: a ClientError does not know its service."""
    if isinstance(parsed, dict) and "Error" in parsed:
        service = model.service_model
        prefix = service.signing_name or service.endpoint_prefix
        parsed[_CALL] = f"{prefix}:{model.name}"


def call_of(error: ClientError) -> str:
    """The call that met an error, as IAM names it where that is known."""
    response: Any = error.response
    message = str(response.get("Error", {}).get("Message", ""))
    match = _WHO.search(message)
    return match[2] if match else str(response.get(_CALL) or error.operation_name)


def is_denied(error: Exception) -> bool:
    """True where a permission is missing."""
    return isinstance(error, ClientError) and (
        error_code(error) in _DENIED or error_code(error).endswith("AccessDenied")
    )


@contextmanager
def naming_aws_errors(what: str) -> Iterator[None]:
    """Turn what AWS refuses in the block into one message for a person.

    Args:
        what: the deployment that is asked about, for messages.

    Raises:
        AwsRefusedError: AWS could not be asked.
        NoSuchPartError: a part that every deployment has is not there.
    """
    try:
        yield
    except ClientError as error:
        raise refused(error, what) from error
    except NoRegionError as error:
        raise ConfigurationError(_NO_REGION) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise AwsRefusedError(
            "no AWS credentials were found: give --profile, or set AWS_PROFILE or the "
            f"AWS_ACCESS_KEY_ID variables ({error})",
        ) from error
    except BotoCoreError as error:
        if is_unanswered(error):
            where = getattr(error, "kwargs", {}).get("endpoint_url")
            raise AwsRefusedError(
                f"AWS did not answer ({type(error).__name__}{f' at {where}' if where else ''}): "
                "is the region right, and the endpoint reachable from here?",
            ) from error
        raise AwsRefusedError(f"AWS could not be asked: {error}") from error


def refused(error: ClientError, what: str) -> CallbackError:
    """The error to show in the place of AWS's own."""
    call, code = call_of(error), error_code(error)
    message = str(error.response.get("Error", {}).get("Message", ""))
    if code == "ResourceNotFoundException" and call.startswith("dynamodb:"):
        return NoSuchPartError(
            f"{what} has no such table ({call}: {code}): is it the right deployment, account "
            "and region, and has the Terraform module been applied to it?",
        )
    if code in _BAD_CREDENTIALS:
        return AwsRefusedError(
            f"AWS does not accept the credentials ({call}: {code}): log in again, or give "
            "another --profile",
        )
    if is_denied(error):
        who, on = _WHO.search(message), _ON.search(message)
        return AwsRefusedError(
            f"you are not allowed to call {call}"
            + (f" on {on[1]}" if on else "")
            + (f" as {who[1]}" if who else "")
            + f" ({code}): have it allowed, or use a --profile that may",
        )
    if classify(error) is ErrorKind.RETRY:
        return AwsRefusedError(
            f"AWS throttles or fails {call} ({code}), also after five attempts: try again in a "
            "minute",
        )
    return AwsRefusedError(f"AWS refused {call} ({code}) for {what}")
