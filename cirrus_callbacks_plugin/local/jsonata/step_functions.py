"""The functions that Step Functions adds to JSONata, or changes.

Facts: "JSONata functions provided by Step Functions" in
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import hashlib
import json
import random as random_numbers
import uuid as unique
from typing import Any

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError
from cirrus_callbacks_plugin.local.jsonata.natives import engine
from cirrus_callbacks_plugin.local.jsonata.text import string
from cirrus_callbacks_plugin.local.jsonata.values import into, number

_ALGORITHMS = {
    "MD5": hashlib.md5,
    "SHA-1": hashlib.sha1,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


def partition(values: list[Any] | None, size: float | None) -> Any:
    """``$partition``: the array in chunks of so many; the last one may be smaller."""
    if values is None or size is None:
        return None
    if not isinstance(size, int) or size < 1:
        raise ExpressionError("The second argument of $partition must be a positive integer")
    return [list(values[at : at + size]) for at in range(0, len(values), size)]


def sequence(first: float | None, last: float | None, step: float | None) -> Any:
    """``$range``: from the first number to the last, which is met or not passed, by steps."""
    if first is None or last is None or step is None:
        return None
    if step == 0:
        raise ExpressionError("The third argument of $range must not be 0")
    count = int((last - first) // step) + 1
    engine().meter.grow(count)
    return [number(first + place * step) for place in range(count)]


def digest(value: Any, algorithm: str | None) -> str | None:
    """``$hash``: in hexadecimal digits; of anything but a text, of its JSON."""
    if value is None:
        return None
    make = _ALGORITHMS.get(algorithm or "")
    if make is None:
        raise ExpressionError(
            f"The second argument of $hash must be one of {', '.join(_ALGORITHMS)}"
        )
    return make(str(string(value)).encode()).hexdigest()


def random(seed: float | None) -> float:
    """``$random``: at least 0 and below 1; one seed always gives one number, if not AWS's."""
    if seed is None:
        return random_numbers.random()  # noqa: S311 - as JSONata's own
    return random_numbers.Random(seed).random()  # noqa: S311 - the same


def uuid() -> str:
    """``$uuid``: a UUID of version 4."""
    return str(unique.uuid4())


def parse(text: str | None) -> Any:
    """``$parse``: what a text holds as JSON."""
    if text is None:
        return None

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        return into(json.loads(text, parse_constant=refuse))
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"$parse was given a text that is not JSON: {error}") from None
