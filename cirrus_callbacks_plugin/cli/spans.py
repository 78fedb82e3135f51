"""Time spans on the command line: ``90``, ``90s``, ``30m``, ``6h``, ``2d``."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_SPAN = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def read_span(
    _ctx: click.Context,
    _param: click.Parameter,
    value: str | None,
) -> timedelta | None:
    """Read an option's span; None where it was not given.

    Raises:
        BadParameter: it is not a time span.
    """
    if value is None:
        return None
    match = _SPAN.fullmatch(value.strip().lower())
    if match is None:
        raise click.BadParameter(f"{value!r} is not a time span such as 90s, 30m, 6h or 2d")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])
