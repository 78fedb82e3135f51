"""When two values are the same, and which of two goes behind the other."""

from __future__ import annotations

from typing import Any

from cirrus_callbacks_plugin.local.jsonata.values import is_number


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same: 1 is 1.0 and is not ``true``, at every depth.

    The order of an object's members does not count.
    """
    if is_number(left) and is_number(right):
        return float(left) == float(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            equal(value, right[key]) for key, value in left.items()
        )
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    # null, booleans, functions: each is itself.
    return left is right


def sorts_after(left: Any, right: Any) -> bool:
    """Whether of two texts, or of two numbers, the first goes behind the second.

    Texts are compared as JavaScript and Java do, by UTF-16 units: an emoji comes before U+FF5E.
    """
    if isinstance(left, str):
        return _units(left) > _units(right)
    return bool(left > right)


def _units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")
