"""What can befall one AWS call, and how AWS says it: as bytes on the wire, in each protocol.

Botocore reads them as it reads AWS's own answers, so its retries and the product's
classification of errors are tried as they are.
"""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import TYPE_CHECKING

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.model import OperationModel


class Fault(Enum):
    """Five ways in which a call fails."""

    THROTTLED = "throttled"
    SERVER_ERROR = "500"
    TIMED_OUT = "timed out after taking effect"
    DENIED = "access denied"
    MISSING = "resource missing"

    @property
    def may_pass(self) -> bool:
        """True where the same call may succeed a moment later."""
        return self in (Fault.THROTTLED, Fault.SERVER_ERROR, Fault.TIMED_OUT)


_CODES = {
    Fault.THROTTLED: ("ThrottlingException", 400),
    Fault.SERVER_ERROR: ("InternalServerError", 500),
    Fault.DENIED: ("AccessDeniedException", 400),
    Fault.MISSING: ("ResourceNotFoundException", 400),
}
# Where a service's own code for it differs.
_OF_SERVICE = {
    ("stepfunctions", Fault.SERVER_ERROR): ("InternalFailure", 500),
    ("s3", Fault.THROTTLED): ("SlowDown", 503),
    ("s3", Fault.SERVER_ERROR): ("InternalError", 500),
    ("s3", Fault.DENIED): ("AccessDenied", 403),
    ("s3", Fault.MISSING): ("NoSuchBucket", 404),
    ("sqs", Fault.THROTTLED): ("RequestThrottled", 400),
    ("sqs", Fault.SERVER_ERROR): ("InternalError", 500),
    ("sqs", Fault.DENIED): ("AccessDenied", 403),
    ("sqs", Fault.MISSING): ("QueueDoesNotExist", 400),
    ("sts", Fault.DENIED): ("AccessDenied", 403),
    ("cloudwatch", Fault.DENIED): ("AccessDenied", 403),
    ("iam", Fault.DENIED): ("AccessDenied", 403),
    ("iam", Fault.MISSING): ("NoSuchEntity", 404),
    ("ssm", Fault.MISSING): ("ParameterNotFound", 400),
    ("lambda", Fault.MISSING): ("ResourceNotFoundException", 404),
}
_OF_OPERATION = {
    "ListExecutions": "StateMachineDoesNotExist",
    "DescribeExecution": "ExecutionDoesNotExist",
    "SendTaskSuccess": "TaskDoesNotExist",
    "SendTaskFailure": "TaskDoesNotExist",
    "SendTaskHeartbeat": "TaskDoesNotExist",
}


def code_of(fault: Fault, service: str, operation: str) -> tuple[str, int]:
    """AWS's error code and the HTTP status for a fault of a call."""
    code, status = _OF_SERVICE.get((service, fault), _CODES[fault])
    if fault is Fault.MISSING:
        code = _OF_OPERATION.get(operation, code)
    return code, status


_EVERY_CODE = "|".join(
    {code for code, _ in (*_CODES.values(), *_OF_SERVICE.values())}
    | set(_OF_OPERATION.values())
    | {"ReadTimeoutError"},
)


def without_codes(text: str) -> str:
    """A text with a sign in the place of each error code: faults that are told alike are alike."""
    return re.sub(rf"\b({_EVERY_CODE})\b", "…", text)


def answer(fault: Fault, model: OperationModel, request: AWSPreparedRequest) -> AWSResponse:
    """The response with which AWS refuses a call."""
    service = model.service_model
    code, status = code_of(fault, service.service_name, model.name)
    told = f"{code}, by a test"
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "test"}
    if service.resolved_protocol in ("query", "ec2"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
            f"<Message>{told}</Message></Error><RequestId>test</RequestId></ErrorResponse>"
        )
    elif service.resolved_protocol == "rest-xml":
        body = f"<Error><Code>{code}</Code><Message>{told}</Message></Error>"
    else:
        headers["x-amzn-errortype"] = code
        body = json.dumps({"__type": f"com.amazonaws#{code}", "message": told})
    return AWSResponse(request.url, status, headers, MockRawResponse(body))
