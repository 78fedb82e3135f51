"""One JSON object written as it comes: what is in its lists is never all in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

_INDENT = "  "


def write_members(out: TextIO, members: Iterable[tuple[str, Any]]) -> None:
    """Write an object, letter by letter as :func:`options.write_json` would.

    Where an error ends it, what was written is cut short and no JSON.

    Args:
        out: where to.
        members: keys and values in their order; an iterator is written as a list, each of its
            things when it comes. A value is asked for when those before it are written.
    """
    separator = "{\n"
    for name, value in members:
        out.write(f"{separator}{_INDENT}{json.dumps(name)}: ")
        if hasattr(value, "__next__"):
            _write_list(out, value)
        else:
            out.write(_indented(value, 1))
        separator = ",\n"
    out.write("\n}\n")
    out.flush()


def _write_list(out: TextIO, things: Iterator[Any]) -> None:
    is_empty = True
    for thing in things:
        out.write(("[\n" if is_empty else ",\n") + _INDENT * 2 + _indented(thing, 2))
        is_empty = False
    out.write("[]" if is_empty else f"\n{_INDENT}]")


def _indented(value: Any, depth: int) -> str:
    """JSON as it stands so deep in an object; no text in it has a line's end of its own."""
    return json.dumps(value, indent=2).replace("\n", "\n" + _INDENT * depth)
