"""The comparisons of a Choice state in JSONPath.

https://states-language.net/spec.html, "Choice State";
https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_COMPARISON = re.compile(r"(Boolean|Numeric|String|Timestamp)(\w+?)(?:Path)?")


class ComparisonError(ValueError):
    """A comparison that is written wrongly."""


def check_comparison(name: str, expected: Any) -> None:
    """Judge the value that a rule compares with, as it stands in the definition.

    Args:
        name: the comparison: ``StringEquals``, no path.
        expected: the value beside it.

    Raises:
        ComparisonError: the value is of another type, or the pattern has an open escape.
    """
    if name.startswith("Is"):
        if not isinstance(expected, bool):
            raise ComparisonError(f"The value of {name} must be true or false")
    elif name == "StringMatches":
        if not isinstance(expected, str):
            raise ComparisonError(f"The value of {name} must be a string")
        _pattern(expected)
    elif _key(_parts(name)[0], expected) is None:
        kind = {"Boolean": "true or false", "Numeric": "a number", "String": "a string"}
        needed = kind.get(_parts(name)[0], "a timestamp such as 2016-03-14T01:59:00Z")
        raise ComparisonError(f"The value of {name} must be {needed}")


def holds(name: str, value: Any, expected: Any) -> bool:
    """Whether a comparison holds; values of the wrong type make it false, not an error.

    Args:
        name: the comparison, as it stands in the definition: ``NumericLessThanPath``.
        value: what the rule's Variable identifies.
        expected: what it is compared with.
    """
    if name.startswith("Is"):
        return _IS[name](value) is expected
    if name == "StringMatches":
        return isinstance(value, str) and _pattern(expected).fullmatch(value) is not None
    kind, relation = _parts(name)
    left, right = _key(kind, value), _key(kind, expected)
    return left is not None and right is not None and bool(_RELATIONS[relation](left, right))


def read_timestamp(text: Any) -> tuple[dt.datetime, Decimal] | None:
    """An instant: its second in UTC, and the fraction of it.

    Returns:
        None where the value is not a timestamp: RFC 3339 with an upper-case T, and an
        upper-case Z where there is no offset.
    """
    match = _TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    second, fraction, sign, hours, minutes = match.groups()
    try:
        moment = dt.datetime.fromisoformat(second)
        offset = dt.timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        if offset >= dt.timedelta(days=1):
            return None
        return moment - offset * (-1 if sign == "-" else 1), Decimal(fraction or 0)
    except (ValueError, OverflowError):
        return None


def _parts(name: str) -> tuple[str, str]:
    match = _COMPARISON.fullmatch(name)
    if match is None or match[2] not in _RELATIONS:
        raise ComparisonError(f"{name} is not a comparison of the States Language")
    return match[1], match[2]


def _key(kind: str, value: Any) -> Any:
    """What values of a kind are compared by; None for a value of another kind."""
    if kind == "Boolean":
        return value if isinstance(value, bool) else None
    if kind == "Numeric":
        return value if _is_number(value) else None
    if kind == "String":  # in Java's order, by UTF-16 units
        return value.encode("utf-16-be", "surrogatepass") if isinstance(value, str) else None
    return read_timestamp(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _pattern(text: str) -> re.Pattern[str]:
    r"""A pattern in which ``*`` alone is special, and ``\\*`` and ``\\\\`` stand for themselves."""
    parts = []
    characters = iter(text)
    for each in characters:
        if each == "\\":
            escaped = next(characters, "")
            if not escaped or escaped not in "*\\":
                raise ComparisonError(
                    rf"{text!r} has a backslash that is before neither * nor \: write \\",
                )
            parts.append(re.escape(escaped))
        else:
            parts.append(".*" if each == "*" else re.escape(each))
    return re.compile("".join(parts), re.DOTALL)


_IS: dict[str, Callable[[Any], bool]] = {
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsNull": lambda value: value is None,
    "IsNumeric": _is_number,
    "IsPresent": lambda _: True,
    "IsString": lambda value: isinstance(value, str),
    "IsTimestamp": lambda value: read_timestamp(value) is not None,
}
