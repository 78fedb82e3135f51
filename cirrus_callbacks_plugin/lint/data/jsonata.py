"""JSONata as far as it says where data goes: paths, constructors, merges, conditions, blocks.

What else there is in the language is ``Opaque``: a text, of which only the mentions count.
https://docs.jsonata.org
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data.jsonata_tree import (
    Block,
    Call,
    Changed,
    Either,
    ListOf,
    Literal,
    ObjectOf,
    Of,
    Opaque,
    Path,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.lint.data.jsonata_tree import Expression
    from cirrus_callbacks_plugin.lint.data.shape import Step

_MARKED = re.compile(r"\{%(?P<inside>.*)%\}", re.DOTALL)
_BLANK = re.compile(r"(?:\s+|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*")
_QUOTED_NAME = re.compile(r"`(?P<name>[^`]*)`")
_WORDS = {"true": True, "false": False, "null": None}
_MAX_DEPTH = 60


class _NotReadError(ValueError):
    """The expression is more than is read here."""


def inside(text: str) -> str | None:
    """The expression between ``{%`` and ``%}``; None for a text without them."""
    match = _MARKED.fullmatch(text.strip())
    return None if match is None else match["inside"].strip()


def read(text: str) -> Expression:
    """Read an expression, without its marks."""
    reader = _Reader(text)
    try:
        expression = reader.expression()
        reader.must_be_at_end()
    except _NotReadError:
        return Opaque(text)
    return expression


def parts_of_object(text: str) -> dict[str, str] | None:
    """The members of an object constructor, each as a text; None for anything else."""
    reader = _Reader(text)
    try:
        spans = reader.spans("{", "}")
    except _NotReadError:
        return None
    parts: dict[str, str] = {}
    for span in spans:
        key = _Reader(span)
        try:
            name = key.expression()
            rest = key.rest_after(":")
        except _NotReadError:
            return None
        if not isinstance(name, Literal) or not isinstance(name.value, str):
            return None
        parts[name.value] = rest
    return parts


def parts_of_list(text: str) -> list[str] | None:
    """The elements of a list constructor, each as a text; None for anything else."""
    try:
        return _Reader(text).spans("[", "]")
    except _NotReadError:
        return None


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def must_be_at_end(self) -> None:
        self._skip()
        if self._at < len(self._text):
            raise _NotReadError

    def rest_after(self, mark: str) -> str:
        self._must(mark)
        return self._text[self._at :].strip()

    def spans(self, opening: str, closing: str) -> list[str]:
        """What stands between the commas of a constructor, which is the whole text."""
        texts: list[str] = []
        self._must(opening)
        while not self._take(closing):
            start = self._at
            self.expression()
            if opening == "{":
                self._must(":")
                self.expression()
            texts.append(self._text[start : self._at].strip())
            if not self._take(",") and self._next() != closing:
                raise _NotReadError
        self.must_be_at_end()
        return texts

    def expression(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _NotReadError
        start = self._skip()
        try:
            value = self._operand()
        except _NotReadError:
            value = self._passed_over(start)
        while True:
            if self._take("~>"):
                value = self._chained(value)
            elif self._take("?"):
                yes = self.expression()
                value = Either((yes, self.expression() if self._take(":") else Literal(None)))
            elif self._next() in ("", ",", ")", "]", "}", ";", ":", "|"):
                break
            else:
                value = self._passed_over(start)
        self._depth -= 1
        return value

    def _chained(self, base: Expression) -> Expression:
        if self._take("|"):
            place = self.expression()
            self._must("|")
            update = self.expression()
            deleted = self.expression() if self._take(",") else None
            self._must("|")
            return Changed(base, place == Path(""), update, deleted)
        called = self._operand()
        if isinstance(called, Call):
            return Call(called.name, (base, *called.arguments))
        if isinstance(called, Path) and not called.steps:
            return Call(called.root, (base,))
        raise _NotReadError

    def _operand(self) -> Expression:
        value = self._primary()
        steps: list[Step] = []
        while True:
            if self._take(".."):
                raise _NotReadError
            if self._take("."):
                steps.append(self._name())
            elif self._next() == "[":
                steps.append(self._index())
            else:
                break
        if not steps:
            return value
        if isinstance(value, Path):
            return Path(value.root, (*value.steps, *steps))
        return Of(value, tuple(steps))

    def _primary(self) -> Expression:
        first = self._next()
        if first == "{":
            return self._object()
        if first == "[":
            return ListOf(self._several("[", "]"))
        if first == "(":
            return self._block()
        if (text := _TEXT.match(self._text, self._at)) is not None:
            self._at = text.end()
            return Literal(_unquoted(text[0]))
        if (number := _NUMBER.match(self._text, self._at)) is not None:
            self._at = number.end()
            return Literal(json.loads(number[0]))
        if self._take("$"):
            match = _NAME.match(self._text, self._at)
            if match is None:
                return Path("")
            self._at = match.end()
            if self._text.startswith("(", self._at):
                return Call(match[0], self._several("(", ")"))
            return Path(match[0])
        if (word := _NAME.match(self._text, self._at)) is not None and word[0] in _WORDS:
            self._at = word.end()
            return Literal(_WORDS[word[0]])
        raise _NotReadError

    def _object(self) -> Expression:
        members: list[tuple[str | None, Expression]] = []
        self._must("{")
        while not self._take("}"):
            key = self.expression()
            self._must(":")
            named = key.value if isinstance(key, Literal) else None
            members.append((named if isinstance(named, str) else None, self.expression()))
            if not self._take(",") and self._next() != "}":
                raise _NotReadError
        return ObjectOf(tuple(members))

    def _several(self, opening: str, closing: str) -> tuple[Expression, ...]:
        expressions: list[Expression] = []
        self._must(opening)
        while not self._take(closing):
            expressions.append(self.expression())
            if not self._take(",") and self._next() != closing:
                raise _NotReadError
        return tuple(expressions)

    def _block(self) -> Expression:
        bindings: list[tuple[str, Expression]] = []
        value: Expression = Literal(None)
        self._must("(")
        while not self._take(")"):
            start = self._at
            if self._take("$") and (name := _NAME.match(self._text, self._at)) is not None:
                self._at = name.end()
                if self._take(":="):
                    bindings.append((name[0], self.expression()))
                    self._take(";")
                    continue
            self._at = start
            value = self.expression()
            if not self._take(";") and self._next() != ")":
                raise _NotReadError
        return Block(tuple(bindings), value) if bindings else value

    def _name(self) -> str:
        self._skip()
        for pattern in (_NAME, _QUOTED_NAME, _TEXT):
            match = pattern.match(self._text, self._at)
            if match is not None:
                self._at = match.end()
                return match["name"] if pattern is _QUOTED_NAME else match[0].strip("\"'")
        raise _NotReadError

    def _index(self) -> Step:
        indexes = self._several("[", "]")
        value = indexes[0].value if len(indexes) == 1 and isinstance(indexes[0], Literal) else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def _passed_over(self, start: int) -> Expression:
        """Everything up to what ends an operand, brackets and texts balanced."""
        depth = 0
        while self._at < len(self._text):
            if (text := _TEXT.match(self._text, self._at)) is not None:
                self._at = text.end()
                continue
            character = self._text[self._at]
            if character in "([{":
                depth += 1
            elif character in ")]}":
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0 and (character in ",;?|" or self._is_colon()):
                break
            self._at += 1
        if self._at == start:
            raise _NotReadError
        return Opaque(self._text[start : self._at])

    def _is_colon(self) -> bool:
        return self._text.startswith(":", self._at) and not self._text.startswith(":=", self._at)

    def _skip(self) -> int:
        match = _BLANK.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return self._at

    def _next(self) -> str:
        self._skip()
        return self._text[self._at : self._at + 1]

    def _take(self, mark: str) -> bool:
        self._skip()
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _must(self, mark: str) -> None:
        if not self._take(mark):
            raise _NotReadError


def _unquoted(text: str) -> str:
    body = text[1:-1].replace("\\'", "'")
    if text.startswith("'"):
        body = body.replace('\\"', '"').replace('"', '\\"')
    try:
        return str(json.loads(f'"{body}"', strict=False))
    except ValueError:
        return body
