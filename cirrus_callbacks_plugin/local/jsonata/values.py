"""Values on their way into an expression and out of it.

The library tells ``null`` from undefined by an object of its own: ``None`` is undefined there.
Numbers are doubles, as in JavaScript: an integer beyond 2^53 is rounded to one.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from jsonata.utils import Utils

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError, NotJsonError
from cirrus_callbacks_plugin.local.states_language.json_values import milliseconds_text
from cirrus_callbacks_plugin.naming import is_text

NULL = Utils.NULL_VALUE
"""``null`` inside an expression."""

_EXACT = 2**53
_PLAIN_BELOW = 21
"""JavaScript writes numbers of up to 21 digits without an exponent."""
_PLAIN_ABOVE = -7


def into(value: Any) -> Any:
    """A JSON value as the library expects it: a copy, so that nothing outside changes."""
    if value is None:
        return NULL
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dict):
        return {str(key): into(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [into(each) for each in value]
    # What the interpreter holds and JSON does not: the moments of the context object.
    return milliseconds_text(value) if isinstance(value, datetime) else str(value)


def out(value: Any) -> Any:
    """A defined result as a JSON value.

    Raises:
        NotJsonError: a function or a regular expression stands in it.
        ExpressionError: a number in it is not finite.
    """
    if value is NULL or value is None:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, int | float):
        return _written(value)
    if isinstance(value, dict):
        # An undefined member is left out, as in JavaScript.
        return {key: out(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [out(each) for each in value]
    raise NotJsonError


def whole_characters(text: str) -> str:
    """The text with each pair of surrogates as the one character that it stands for.

    Raises:
        ExpressionError: half a pair stands alone, which JSON between services cannot hold.
    """
    if is_text(text):
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise ExpressionError("The text holds one half of a surrogate pair") from None


def is_number(value: Any) -> bool:
    """Whether a value is a number; ``true`` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: float) -> float:
    """A number as a double: whole ones as ``int``, exact up to 2^53, rounded beyond.

    Raises:
        ExpressionError: the number is not finite (D1001).
    """
    if isinstance(value, int) and -_EXACT <= value <= _EXACT:
        return value
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise ExpressionError("Number out of range", "D1001")
    return int(double) if double.is_integer() else double


def number_text(value: float) -> str:
    """A number as JavaScript writes it: ``1``, ``0.1``, ``1e+21``, ``1.5e-7``."""
    double = float(value)
    if double == 0:
        return "0"
    sign = "-" if double < 0 else ""
    mantissa, _, exponent = f"{abs(double)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = int(exponent or 0) + len(whole) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    # `point` is where the decimal point stands, counted from the first digit.
    if len(digits) <= point <= _PLAIN_BELOW:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= _PLAIN_BELOW:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if _PLAIN_ABOVE < point - 1 < 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"


def _written(value: float) -> float:
    """What a reader makes of the number that JavaScript writes."""
    exact = number(value)
    if isinstance(exact, int) and not -_EXACT <= exact <= _EXACT:
        text = number_text(exact)
        return float(text) if "e" in text else int(text)
    return exact
