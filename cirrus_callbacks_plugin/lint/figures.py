"""Numbers as people write and read them."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*)[\s,]*")
_GROUPED = re.compile(r"\d{1,3}(?:[,_' ]\d{3})+|\d+(?:_\d+)*")
_CLOCK = re.compile(r"(?P<hours>\d+):(?P<minutes>[0-5]\d)(?::(?P<seconds>[0-5]\d))?")


def figure(number: float) -> str:
    """A number with its thousands apart: ``99,999,999``, ``0.5``."""
    return f"{int(number):,}" if number == int(number) else f"{number:,}"


def number_of(text: str) -> float | None:
    """The number that a text stands for: ``7200``, ``7,200``, ``2h``, ``PT2H``, ``2:00:00``.

    A time comes to seconds. None for a text that is not a number.
    """
    bare = text.strip().lower()
    if _GROUPED.fullmatch(bare):
        return float(re.sub(r"\D", "", bare))
    if (clock := _CLOCK.fullmatch(bare)) is not None:
        hours, minutes, seconds = (int(each or 0) for each in clock.groups())
        return float(hours * 3600 + minutes * 60 + seconds)
    try:
        number = float(bare)
    except ValueError:
        return _sum_of(re.sub(r"^p(?=[t\d])|(?<=[pd])t|^t(?=\d)", "", bare))
    return number if abs(number) < float("inf") else None


def _sum_of(text: str) -> float | None:
    total, at = 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or part["unit"][:1] not in _UNITS:
            return None
        total += float(part["number"]) * _UNITS[part["unit"][:1]]
        at = part.end()
    return total if text else None
