"""Options and conduct that the commands around the local stack share."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from cirrus_callbacks_plugin.cli.extras import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PREFIX = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][\w.:-]*)=(?P<value>.*)", re.DOTALL)


def require_local() -> None:
    """See that the extra ``local`` is there.

    Raises:
        MissingExtraError: it is not.
    """
    require("local", "moto", "flask", "antlr4", "aws_lambda_powertools")


def check_prefix(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A prefix becomes part of a bucket's name."""
    if not _PREFIX.fullmatch(value):
        raise click.BadParameter(
            "use 2 to 40 lower-case letters, digits and dashes, beginning with a letter",
        )
    return value


def read_variables(
    _ctx: click.Context,
    _param: click.Parameter,
    values: tuple[str, ...],
) -> dict[str, str]:
    """``NAME=VALUE`` as often as given."""
    variables = {}
    for value in values:
        match = _VARIABLE.fullmatch(value)
        if match is None:
            raise click.BadParameter(f"{value!r} is not NAME=VALUE")
        variables[match["name"]] = match["value"]
    return variables


@contextlib.contextmanager
def own_output(*, is_json: bool) -> Iterator[TextIO]:
    """Standard output for the command; with ``--json`` nobody else's prints get there.

    Functions of lambda tasks run in this process and may print.
    """
    out = sys.stdout
    if not is_json:
        yield out
        return
    with contextlib.redirect_stdout(sys.stderr):
        yield out


@contextlib.contextmanager
def output_to(path: Path | None) -> Iterator[TextIO]:
    """A file that the user named, else standard output.

    Raises:
        UsageError: the file cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    try:
        stream = path.open("w", encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from error
    with stream:
        yield stream


def write_json(out: TextIO, value: Any) -> None:
    """Write one JSON object."""
    out.write(json.dumps(value, indent=2) + "\n")
    out.flush()
