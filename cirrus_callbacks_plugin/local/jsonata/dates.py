"""JSONata's functions on times."""

from __future__ import annotations

import re
from datetime import datetime

from jsonata.datetimeutils import DateTimeUtils
from jsonata.jexception import JException

from cirrus_callbacks_plugin.local.jsonata.natives import engine

_TIMESTAMP = re.compile(
    r"(?P<date>\d{4}(?:-[01]\d(?:-[0-3]\d)?)?)"
    r"(?:T(?P<time>[0-2]\d:[0-5]\d:[0-5]\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>[+-][0-2]\d:?[0-5]\d|Z)?",
    re.ASCII,
)


def to_millis(text: str | None, picture: str | None) -> float | None:
    """``$toMillis``: of an ISO 8601 time, or of one in the form of a picture.

    A time without a zone is one of UTC, as on a machine whose clock is.
    """
    if text is None:
        return None
    if picture is not None:
        seconds: float | None = DateTimeUtils.parse_datetime(text, picture)
        return seconds
    parts = _TIMESTAMP.fullmatch(text)
    if parts is None or (parts["zone"] and not parts["time"]):
        raise JException("D3110", -1, text)
    date = (parts["date"] + "-01-01")[:10]
    zone = (parts["zone"] or "Z").replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(f"{date}T{parts['time'] or '00:00:00'}{zone}")
    except ValueError:
        raise JException("D3110", -1, text) from None
    return round(moment.timestamp()) * 1000 + int(f"{parts['fraction'] or '0'}00"[:3])


def from_millis(millis: float | None, picture: str | None, zone: str | None) -> str | None:
    """``$fromMillis``."""
    if millis is None:
        return None
    text: str = DateTimeUtils.format_datetime(int(millis), picture, zone)
    return text


def now(picture: str | None, zone: str | None) -> str | None:
    """``$now``: the time at which the evaluation began."""
    return from_millis(engine().timestamp, picture, zone)


def millis() -> int:
    """``$millis``: the time at which the evaluation began."""
    return engine().timestamp
