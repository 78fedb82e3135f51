"""The shape of a call: what the conformance test must have covered."""

from __future__ import annotations

import functools
import re
from typing import Any

_SET = r"#\d+ = (?::\d+|if_not_exists\(#\d+, :\d+\))"
_SETS = re.compile(rf"{_SET}(?:, {_SET})*")
_NUMBER = re.compile(r"(?<=[#:])\d+")
_TABLE = re.compile(r'^UPDATE "[^"]+"')
_ASSIGNMENTS = re.compile(r'SET "\w+"=\?(?: SET "\w+"=\?)*')
_SPACE = re.compile(r"\s+")


def shape_of(service: str, operation: str, request: dict[str, Any]) -> str:
    """Service, operation, and every expression and option that decides the answer."""
    if service == "dynamodb" and operation == "BatchGetItem":
        (request,) = request["RequestItems"].values()
    names = (
        "UpdateExpression",
        "ConditionExpression",
        "KeyConditionExpression",
        "FilterExpression",
        "IndexName",
        "ProjectionExpression",
        "ConsistentRead",
        "ReturnValuesOnConditionCheckFailure",
        "ReturnValues",
        "statusFilter",
    )
    told = [f"{name}={_plain(str(request[name]))}" for name in names if name in request]
    parts = [service, operation, *told]
    if operation == "BatchExecuteStatement":
        told = request["Statements"]
        parts += sorted({_statement(each["Statement"]) for each in told})
        parts += sorted({name for each in told for name in each if name.startswith("Return")})
    if service == "s3":
        parts += [name for name in ("IfMatch",) if name in request]
    return " | ".join(parts)


@functools.lru_cache(maxsize=1024)
def _plain(value: str) -> str:
    """An option's value, all kinds of assignments in it once."""
    return _SETS.sub(_kinds, _SPACE.sub(" ", value))


@functools.lru_cache(maxsize=1024)
def _statement(text: str) -> str:
    """A statement; which table it names and how many attributes it sets decides nothing."""
    return _ASSIGNMENTS.sub('SET "n"=?', _TABLE.sub("UPDATE", text))


def _kinds(sets: re.Match[str]) -> str:
    """Assignments, each kind once: how many there are decides nothing."""
    return ", ".join(sorted({_NUMBER.sub("n", each) for each in re.findall(_SET, sets[0])}))
