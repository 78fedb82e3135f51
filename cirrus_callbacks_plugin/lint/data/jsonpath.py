"""Where a JSONPath, or an intrinsic function, leads: the shape of what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data.shape import (
    PLAIN,
    SOME_LIST,
    UNKNOWN,
    Shape,
    Step,
    listed,
    merged,
    read_from,
    text_of,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.lint.data.seen import Seen

_STEP = re.compile(
    r"\.(?P<name>[^\s.\[\](),*'\"?@$:]+)|\[['\"](?P<quoted>[^'\"]+)['\"]\]|\[(?P<index>\d+)\]"
)
_EXECUTION_INPUT = "$$.Execution.Input"
_FUNCTION = re.compile(r"States\.(?P<name>\w+)\((?P<inside>.*)\)", re.DOTALL)
_PIECE = re.compile(r"'(?:[^'\\]|\\.)*'|[^,()']+|[,()]", re.DOTALL)
_MAKE_ANYTHING = ("StringToJson", "ArrayGetItem")


def steps_of(path: str) -> tuple[Step, ...] | None:
    """The steps of a path that begins with ``$``; None for one that is not read here.

    What picks several values (``[*]``, ``..``, a slice, a filter) is the last step, None.
    """
    if not path.startswith("$"):
        return None
    steps: list[Step] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return (*steps, None) if path[at] in ".[" else None
        at = match.end()
        name = match["name"] or match["quoted"]
        steps.append(name if name is not None else int(match["index"]))
    return tuple(steps)


def shape_at(path: str, seen: Seen) -> Shape:
    """The shape of what a path leads to, or a function makes."""
    path = path.strip()
    if (function := _FUNCTION.fullmatch(path)) is not None:
        return _made(function["name"], _arguments(function["inside"]), seen)
    if path.startswith("$$"):
        rest = path.removeprefix(_EXECUTION_INPUT)
        steps = steps_of(f"${rest}")
        begins = rest != path and (not rest or rest[0] in ".[")
        return UNKNOWN if steps is None or not begins else seen.execution.at(steps)
    steps = steps_of(path)
    return UNKNOWN if steps is None else seen.input.at(steps)


def _made(name: str, arguments: list[str], seen: Seen) -> Shape:
    if name == "Array":
        return listed(*(_argument(each, seen) for each in arguments))
    if name == "JsonMerge":
        return merged(_argument(each, seen) for each in arguments[:2])
    if name == "ArrayGetItem" and len(arguments) == 2 and arguments[1].isdigit():  # noqa: PLR2004
        return _argument(arguments[0], seen).element(int(arguments[1]))
    if name in ("JsonToString", "StringToJson") and len(arguments) == 1:
        given = _argument(arguments[0], seen)
        return text_of(given) if name == "JsonToString" else read_from(given)
    if name == "StringSplit":
        return listed(each=PLAIN)
    if name in ("ArrayPartition", "ArrayRange", "ArrayUnique"):
        return SOME_LIST
    return UNKNOWN if name in _MAKE_ANYTHING else PLAIN


def _argument(text: str, seen: Seen) -> Shape:
    return shape_at(text, seen) if text.startswith(("$", "States.")) else PLAIN


def _arguments(inside: str) -> list[str]:
    parts, depth = [""], 0
    for piece in _PIECE.findall(inside):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts]
