"""JSON values: when two are the same, and what becomes of values that are none."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def same(first: Any, second: Any) -> bool:
    """Whether two JSON values are equal: ``true`` is not 1, at no depth; 1 is 1.0."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            same(each, second[key]) for key, each in first.items()
        )
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


def as_json(value: Any) -> Any:
    """A value of an AWS client as Step Functions has it in JSON.

    Times are ISO 8601 text, bytes Base64 text, streams the text in them, DynamoDB's numbers
    numbers, sets lists, and whatever else there may be its text.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(each) for each in value]
    if isinstance(value, dt.datetime):
        return instant_text(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        content = value.read()
        return content.decode(errors="replace") if isinstance(content, bytes) else content
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def milliseconds_text(moment: dt.datetime) -> str:
    """A time as the context object has it: ISO 8601 in UTC, always with milliseconds."""
    return moment.astimezone(dt.timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def instant_text(moment: dt.datetime) -> str:
    """A time in UTC as AWS writes it: ``2026-11-27T14:03:20.212Z``, without a fraction of zero."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.timezone.utc)
    utc = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds") + "Z"
