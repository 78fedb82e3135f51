"""JSONata's functions on numbers."""

from __future__ import annotations

import decimal
import math
import re
from typing import Any

from jsonata.jexception import JException

from cirrus_callbacks_plugin.local.jsonata.values import number, number_text

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?", re.ASCII)
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LOWEST_BASE, _HIGHEST_BASE = 2, 36


def to_number(value: Any) -> Any:
    """``$number``: of a text in decimal, or in base 16, 8 or 2 with its prefix."""
    if value is None:
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        if _DECIMAL.fullmatch(value) and math.isfinite(float(value)):
            return number(float(value))
        base = _BASES.get(value[:2].lower())
        if base and re.fullmatch(r"[0-9A-Za-z]+", value[2:]):
            try:
                return number(int(value[2:], base))
            except ValueError:
                pass
        raise JException("D3030", -1, value)
    return value


def absolute(value: float | None) -> float | None:
    """``$abs``."""
    return None if value is None else abs(value)


def floor(value: float | None) -> float | None:
    """``$floor``."""
    return None if value is None else math.floor(value)


def ceil(value: float | None) -> float | None:
    """``$ceil``."""
    return None if value is None else math.ceil(value)


def rounded(value: float | None, precision: float | None) -> float | None:
    """``$round``: half to even, of the number as it is written in decimal."""
    if value is None:
        return None
    places = int(precision or 0)
    with decimal.localcontext(prec=400):
        exact = decimal.Decimal(number_text(value))
        return float(exact.quantize(decimal.Decimal(1).scaleb(-places), decimal.ROUND_HALF_EVEN))


def square_root(value: float | None) -> float | None:
    """``$sqrt``."""
    if value is None:
        return None
    if value < 0:
        raise JException("D3060", -1, value)
    return math.sqrt(value)


def power(value: float | None, exponent: float | None) -> float | None:
    """``$power``."""
    if value is None or exponent is None:
        return None
    try:
        result: Any = float(value) ** float(exponent)
    except (OverflowError, ZeroDivisionError):
        result = math.inf
    if isinstance(result, complex) or not math.isfinite(result):
        raise JException("D3061", -1, value, exponent)
    return float(result)


def total(values: list[float] | None) -> float | None:
    """``$sum``, one after the other as the reference adds them."""
    if values is None:
        return None
    result = 0.0
    for each in values:
        result += each
    return result


def average(values: list[float] | None) -> float | None:
    """``$average``."""
    return (total(values) or 0) / len(values) if values else None


def format_base(value: float | None, base: float | None) -> str | None:
    """``$formatBase``."""
    if value is None:
        return None
    radix = 10 if base is None else int(rounded(base, 0) or 0)
    if not _LOWEST_BASE <= radix <= _HIGHEST_BASE:
        raise JException("D3100", -1, radix)
    rest = abs(whole := int(rounded(value, 0) or 0))
    digits = ""
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits = _DIGITS[digit] + digits
    return f"-{digits}" if whole < 0 else digits
