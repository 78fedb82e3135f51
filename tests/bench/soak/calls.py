"""One call of AWS, as the wire sees it, and the errors that it may get for an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse

from bench.soak.chance import Fault
from simulation.fake_aws.statements import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON = ("dynamodb", "stepfunctions", "sqs", "dynamodbstreams")
_TOKEN_MARK = b"soak-token-"
THROTTLED = {"dynamodb": "ProvisionedThroughputExceededException", "s3": "SlowDown"}


@dataclass(frozen=True, slots=True)
class Call:
    """A call.

    Attributes:
        service, operation: as botocore names them.
        request: its parameters where the service speaks JSON.
        path: the rest of its URL.
        has_token: a token of the soak stands in it.
    """

    service: str
    operation: str
    request: Mapping[str, Any]
    path: str
    has_token: bool

    @classmethod
    def of(cls, service: str, operation: str, params: Mapping[str, Any]) -> Call:
        """Read a call from botocore's serialized request."""
        body = params.get("body")
        raw = body.encode() if isinstance(body, str) else body
        raw = raw if isinstance(raw, bytes) else b""
        if not raw and hasattr(body, "getvalue"):
            raw = body.getvalue()  # type: ignore[union-attr]
        request = json.loads(raw) if service in _JSON and raw else {}
        path = str(params.get("url_path", ""))
        return cls(service, operation, request, path, has_token=_TOKEN_MARK in raw)

    @property
    def table(self) -> str:
        """The table that it is about."""
        items = self.request.get("RequestItems")
        if "Statements" in self.request:
            return parse(self.request["Statements"][0]["Statement"]).table
        return str(next(iter(items)) if items else self.request.get("TableName", ""))

    @property
    def subject(self) -> str:
        """What it is about, the same in every run of a seed."""
        request = self.request
        for name in ("Key", "taskToken", "name", "ExpressionAttributeValues"):
            if name in request:
                return json.dumps(request[name], sort_keys=True)
        if "Item" in request:
            keys = ("payload_id", "task_token", "collections_workflow", "itemids")
            return json.dumps([request["Item"].get(key) for key in keys])
        if "RequestItems" in request:
            ((_, asked),) = request["RequestItems"].items()
            return json.dumps(asked.get("Keys", [None])[0], sort_keys=True)
        return self.path

    @property
    def name(self) -> str:
        """What faults are drawn for."""
        return f"{self.service} {self.operation} {self.table} {self.subject}"


def answer_instead(call: Call, fault: Fault) -> tuple[Any, dict[str, Any]]:
    """What botocore takes in the place of making a call, its own retries included.

    Raises:
        ConnectTimeoutError: nobody answered.
    """
    if fault is Fault.UNREACHABLE:
        raise ConnectTimeoutError(endpoint_url=f"https://{call.service}")
    is_throttled = fault is Fault.THROTTLED
    code = THROTTLED.get(call.service, "ThrottlingException")
    status = 400 if is_throttled else 500
    error = {"Code": code if is_throttled else "InternalServerError", "Message": "by the soak"}
    parsed = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
    return _Status(status), parsed


def failed_attempt(url: str) -> AWSResponse:
    """The answer to one attempt that did nothing; botocore makes another."""
    return AWSResponse(url, 500, {}, MockRawResponse(b""))  # type: ignore[arg-type]


def unanswered(url: str) -> ReadTimeoutError:
    """What botocore meets where an answer does not come."""
    return ReadTimeoutError(endpoint_url=url)


def json_error(url: str, code: str, message: str) -> AWSResponse:
    """An error of a service that speaks JSON."""
    body = json.dumps({"__type": code, "message": message}).encode()
    return AWSResponse(url, 400, {"x-amzn-errortype": code}, MockRawResponse(body))  # type: ignore[arg-type]


def accepted(url: str) -> AWSResponse:
    """SendTask*'s empty answer."""
    return AWSResponse(url, 200, {}, MockRawResponse(b"{}"))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Status:
    status_code: int
