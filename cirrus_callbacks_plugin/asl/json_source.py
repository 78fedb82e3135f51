"""JSON as people keep state machines in: with positions, Terraform's ``${...}``, comments.

The standard library's parser knows no positions and drops duplicate keys; its parts
(strings, numbers) are used here. A file is read as plain JSON first. Only where that
fails and it holds template marks is it read as a Terraform template, in which ``${...}``
may hold quotes, ``%{...}`` is passed over, and a comma may be one too many.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from json.scanner import NUMBER_RE

from cirrus_callbacks_plugin.asl.errors import UnreadableError
from cirrus_callbacks_plugin.asl.nodes import Duplicate, Expression, Node, Position

_BLANK = re.compile(r"[ \t\r\n]+")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PIECE = re.compile(r'[^"\\$\n]+|\\.|\$\$\{|\$', re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"true|false|null")
MAX_DEPTH = 200
"""Objects and lists in each other; Python's own limit is not the same in every process."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text holds."""

    root: Node
    comments: tuple[Position, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()


def parse(text: str, *, is_relaxed: bool = False) -> Parsed:
    """Read a JSON text, or a template of one.

    Args:
        text: what to read.
        is_relaxed: let a comma stand before a closing bracket (JSON5, JSONC).

    Raises:
        UnreadableError: it is neither.
    """
    try:
        return _Parser(text, is_template=False, is_relaxed=is_relaxed).parse()
    except UnreadableError as plain:
        if "${" not in text and "%{" not in text:
            raise
        try:
            return _Parser(text, is_template=True, is_relaxed=True).parse()
        except UnreadableError as template:
            # What got further is nearer to the mistake.
            raise max(plain, template, key=lambda error: error.at) from None


class _Parser:
    def __init__(self, text: str, *, is_template: bool, is_relaxed: bool) -> None:
        self._text = text
        self._is_relaxed = is_relaxed
        self._is_template = is_template
        self._lines = [match.end() for match in re.finditer(r"\n", text)]
        self._comments: list[Position] = []
        self._duplicates: list[Duplicate] = []
        self._depth = 0

    def parse(self) -> Parsed:
        try:
            root, index = self._value(self._skip(0))
        except RecursionError:
            raise UnreadableError("is nested too deeply", Position(1, 1)) from None
        index = self._skip(index)
        if index < len(self._text):
            raise self._error("nothing may follow the closing bracket", index)
        return Parsed(root, tuple(self._comments), tuple(self._duplicates))

    def _position(self, index: int) -> Position:
        line = bisect_right(self._lines, index)
        return Position(line + 1, index - (self._lines[line - 1] if line else 0) + 1)

    def _error(self, problem: str, index: int) -> UnreadableError:
        return UnreadableError(problem, self._position(min(index, len(self._text))))

    def _skip(self, index: int) -> int:
        """Pass over blanks, comments and, in a template, directives."""
        while True:
            match = _BLANK.match(self._text, index) or _COMMENT.match(self._text, index)
            if match is not None:
                if match[0].startswith("/"):
                    self._comments.append(self._position(index))
                index = match.end()
            elif self._is_template and self._text.startswith("%{", index):
                index = self._end_of_template(index)
            else:
                return index

    def _value(self, index: int) -> tuple[Node, int]:
        text, at = self._text, self._position(index)
        first = text[index : index + 1]
        if first in ("{", "["):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise UnreadableError("is nested too deeply", Position(1, 1))
            read = self._object(index) if first == "{" else self._list(index)
            self._depth -= 1
            return read
        if first == '"':
            value, end = self._string(index)
            return Node(value, at), end
        if text.startswith("${", index):
            end = self._end_of_template(index)
            return Node(Expression(text[index:end]), at), end
        if (word := _WORD.match(text, index)) is not None:
            return Node(_WORDS[word[0]], at), word.end()
        if (number := NUMBER_RE.match(text, index)) is not None:
            return Node(json.loads(number[0]), at), number.end()
        raise self._error("a value is missing here" if first else "the text ends too early", index)

    def _object(self, index: int) -> tuple[Node, int]:
        at = self._position(index)
        members: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        duplicates: list[Duplicate] = []
        index = self._skip(index + 1)
        while self._text[index : index + 1] != "}":
            if self._text[index : index + 1] != '"':
                raise self._error("a key in double quotes or a '}' is missing here", index)
            key_at = self._position(index)
            key, index = self._string(index)
            index = self._skip(index)
            if self._text[index : index + 1] != ":":
                raise self._error(f"a ':' is missing after {json.dumps(key)}", index)
            value, index = self._value(self._skip(index + 1))
            if key in members:
                duplicates.append(Duplicate(key, key_at, keys[key]))
            members[key], keys[key] = value, key_at
            index = self._after_element(index, "}")
        self._duplicates += duplicates
        return Node(members, at, keys, duplicates=tuple(duplicates)), index + 1

    def _list(self, index: int) -> tuple[Node, int]:
        at = self._position(index)
        elements: list[Node] = []
        index = self._skip(index + 1)
        while self._text[index : index + 1] != "]":
            value, index = self._value(index)
            elements.append(value)
            index = self._after_element(index, "]")
        return Node(tuple(elements), at), index + 1

    def _after_element(self, index: int, closing: str) -> int:
        """Pass over a comma, or stop at the closing bracket."""
        end = index
        index = self._skip(index)
        following = self._text[index : index + 1]
        if following == closing:
            return index
        if following != ",":
            if self._is_template and "%{" in self._text[end:index]:
                return index  # a directive may bring the comma, or leave it out
            raise self._error(f"a ',' or a closing '{closing}' is missing here", index)
        index = self._skip(index + 1)
        if self._text[index : index + 1] == closing and not self._is_relaxed:
            raise self._error(f"a comma may not stand before '{closing}'", index)
        return index

    def _string(self, index: int) -> tuple[str, int]:
        if not self._is_template:
            try:
                value, end = scanstring(self._text, index + 1, True)  # noqa: FBT003
            except json.JSONDecodeError as error:
                problem = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
                raise self._error(problem, error.pos) from None
            return value, end
        start, parts = index, []
        index += 1
        while True:
            following = self._text[index : index + 1]
            if following == '"':
                break
            if self._text.startswith("${", index):
                end = self._end_of_template(index)
                parts.append(self._text[index:end])
                index = end
                continue
            piece = _PIECE.match(self._text, index)
            if piece is None:
                raise self._error("unterminated string starting", start)
            parts.append(self._unescaped(piece[0], index))
            index = piece.end()
        return "".join(parts), index + 1

    def _unescaped(self, piece: str, index: int) -> str:
        if not piece.startswith("\\"):
            return piece
        if piece == "\\u":
            return piece  # left as it is: nothing here depends on it
        try:
            return str(json.loads(f'"{piece}"'))
        except ValueError:
            raise self._error(f"no such escape: {piece}", index) from None

    def _end_of_template(self, index: int) -> int:
        """Behind ``${...}`` or ``%{...}``, with braces and quotes inside it balanced."""
        start, depth, is_quoted = index, 0, False
        while index < len(self._text):
            character = self._text[index]
            if character == "\\":
                index += 1
            elif character == '"':
                is_quoted = not is_quoted
            elif character == "{" and not is_quoted:
                depth += 1
            elif character == "}" and not is_quoted:
                depth -= 1
                if depth == 0:
                    return index + 1
            index += 1
        raise self._error("this '${' or '%{' is not closed", start)
