"""The shape of a call: what the conformance test must have covered."""

from __future__ import annotations

import re
from typing import Any

_SETS = re.compile(r"#\d+ = :\d+(, #\d+ = :\d+)*")
_SPACE = re.compile(r"\s+")


def shape_of(service: str, operation: str, request: dict[str, Any]) -> str:
    """Service, operation, and every expression and option that decides the answer."""
    if service == "dynamodb" and operation == "BatchGetItem":
        (request,) = request["RequestItems"].values()
    parts = [service, operation]
    for name in (
        "UpdateExpression",
        "ConditionExpression",
        "KeyConditionExpression",
        "FilterExpression",
        "IndexName",
        "ConsistentRead",
        "ReturnValuesOnConditionCheckFailure",
        "statusFilter",
    ):
        if name in request:
            value = _SPACE.sub(" ", str(request[name]))
            parts.append(f"{name}={_SETS.sub('#n = :n', value)}")
    return " | ".join(parts)
