"""JSON texts as they were sent, also where Python's own reader tells only a part.

Cirrus reads a message with ``json.loads`` and logs and stores the text itself. Between the
two there is room for a secret: of a name that an object gives twice ``json.loads`` keeps the
last value alone, and nesting too deep for it, or a number with too many digits, makes it
refuse a text that is JSON all the same. Nothing here raises ``RecursionError``, and work
grows with the text's length only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json import decoder
from typing import Any

_LEVELS = 16
"""Levels that the tolerant reader takes apart; carriers lie at the seventh at the deepest."""

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null|NaN|-?Infinity",
)
_PIECE = re.compile(r'[^"\[\]{}]+|[\[{]+|[\]}]+|"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class Repeating(dict[str, Any]):
    """An object that gives a name twice: as ``json.loads`` reads it, and what it passed over."""

    __slots__ = ("earlier",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        left = dict(self)
        self.earlier: list[tuple[str, Any]] = []
        for name, value in reversed(pairs):
            if name in left:
                del left[name]
            else:
                self.earlier.insert(0, (name, value))


@dataclass(frozen=True, slots=True)
class Raw:
    """A part that was not taken apart."""

    text: str


def read(text: str) -> Any:
    """Read a text; an object that gives a name twice is a :class:`Repeating`.

    Where ``json.loads`` gives up (depth, digits), numbers, constants and what lies deep are
    :class:`Raw`, and the well-formedness of the latter is not looked at.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError):
        return _read_tolerantly(text)


def write(value: Any) -> str:
    """Write what :func:`read` has read."""
    try:
        return json.dumps(value)
    except (TypeError, RecursionError):
        return _write_iteratively(value)


def values(holder: dict[str, Any], name: str) -> list[Any]:
    """Every value that an object gives a name; the one that counts comes last."""
    return [*earlier_values(holder, name), holder[name]] if name in holder else []


def earlier_values(holder: dict[str, Any], name: str) -> list[Any]:
    """The values that a later one took the place of."""
    if not isinstance(holder, Repeating):
        return []
    return [value for given, value in holder.earlier if given == name]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Repeating(pairs)


def _read_tolerantly(text: str) -> Any:
    value, position = _value(text, _after_space(text, 0), 0)
    if _after_space(text, position) != len(text):
        raise json.JSONDecodeError("Extra data", text, position)
    return value


def _value(text: str, position: int, level: int) -> tuple[Any, int]:
    first = text[position : position + 1]
    if first == '"':
        return _string(text, position)
    if first in ("{", "["):
        if level >= _LEVELS:
            end = _end_of_container(text, position)
            return Raw(text[position:end]), end
        return _members(text, position, level) if first == "{" else _elements(text, position, level)
    match = _SCALAR.match(text, position)
    if match is None:
        raise json.JSONDecodeError("Expecting value", text, position)
    return Raw(match[0]), match.end()


def _string(text: str, position: int) -> tuple[str, int]:
    value, end = decoder.scanstring(text, position + 1, True)  # type: ignore[attr-defined] # noqa: FBT003
    return str(value), int(end)


def _members(text: str, position: int, level: int) -> tuple[dict[str, Any], int]:
    pairs: list[tuple[str, Any]] = []
    position = _after_space(text, position + 1)
    if text[position : position + 1] == "}":
        return {}, position + 1
    while True:
        if text[position : position + 1] != '"':
            raise json.JSONDecodeError("Expecting a name in double quotes", text, position)
        name, position = _string(text, position)
        position = _after_space(text, position)
        if text[position : position + 1] != ":":
            raise json.JSONDecodeError("Expecting ':'", text, position)
        value, position = _value(text, _after_space(text, position + 1), level + 1)
        pairs.append((name, value))
        position = _after_space(text, position)
        sign = text[position : position + 1]
        if sign == "}":
            return _object(pairs), position + 1
        if sign != ",":
            raise json.JSONDecodeError("Expecting ',' or '}'", text, position)
        position = _after_space(text, position + 1)


def _elements(text: str, position: int, level: int) -> tuple[list[Any], int]:
    elements: list[Any] = []
    position = _after_space(text, position + 1)
    if text[position : position + 1] == "]":
        return elements, position + 1
    while True:
        value, position = _value(text, position, level + 1)
        elements.append(value)
        position = _after_space(text, position)
        sign = text[position : position + 1]
        if sign == "]":
            return elements, position + 1
        if sign != ",":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, position)
        position = _after_space(text, position + 1)


def _end_of_container(text: str, start: int) -> int:
    """Where an object or array ends, by its brackets alone; a run of them is one step."""
    position, depth = start, 0
    while match := _PIECE.match(text, position):
        piece = match[0]
        if piece[0] in "[{":
            depth += len(piece)
        elif piece[0] in "]}":
            if depth <= len(piece):
                return position + depth
            depth -= len(piece)
        position = match.end()
    raise json.JSONDecodeError("Unterminated object or array", text, start)


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    assert match is not None  # noqa: S101 - it matches nothing, too
    return match.end()


def _write_iteratively(value: Any) -> str:
    parts: list[str] = []
    todo: list[Any] = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, Raw):
            parts.append(each.text)
        elif isinstance(each, dict):
            todo.append(Raw("}"))
            for number, (name, inner) in reversed(list(enumerate(each.items()))):
                todo += [inner, Raw(f"{', ' if number else ''}{json.dumps(name)}: ")]
            todo.append(Raw("{"))
        elif isinstance(each, list):
            todo.append(Raw("]"))
            for number, inner in reversed(list(enumerate(each))):
                todo += [inner, Raw(", " if number else "")]
            todo.append(Raw("["))
        else:
            parts.append(json.dumps(each))
    return "".join(parts)
