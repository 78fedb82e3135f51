"""The text of an intrinsic function, read.

https://states-language.net/spec.html, "Intrinsic Functions";
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.json_path import PathError, read_path

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_CALLS = 10
"""So many functions may stand in one field, the outermost included."""

_NAME = re.compile(r"[A-Za-z0-9._]+")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"(?:true|false|null)(?!\w)")
_WORDS = {"true": True, "false": False, "null": None}
_VARIABLE = re.compile(r"\$[A-Za-z_]\w*")
_SPACE = re.compile(r"\s*")


class IntrinsicTextError(ValueError):
    """The text is not a call of an intrinsic function."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, true, false or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Text:
    """A string between apostrophes.

    Attributes:
        value: the string, its escapes resolved.
        pieces: the same, divided where ``{}`` stands for a value.
    """

    value: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PathReference:
    """A path into the input (``$.``), the context object (``$$.``) or a variable (``$name``)."""

    text: str

    @property
    def variable(self) -> str | None:
        """The name of the variable; None for the other two."""
        match = _VARIABLE.match(self.text)
        return match[0][1:] if match else None


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    name: str
    arguments: tuple[Argument, ...]

    @property
    def calls(self) -> Iterator[Call]:
        """This call and those in its arguments."""
        yield self
        for each in self.arguments:
            if isinstance(each, Call):
                yield from each.calls


Argument = Literal | Text | PathReference | Call


def read_intrinsic(text: str) -> Call:
    """Read the call of an intrinsic function.

    Raises:
        IntrinsicTextError: the text cannot be read, or more than :data:`MOST_CALLS` stand in it.
    """
    reader = _IntrinsicReader(text)
    call = reader.call()
    if reader.at != len(text):
        raise reader.wrong("nothing may stand after the closing parenthesis")
    if sum(1 for _ in call.calls) > MOST_CALLS:
        raise reader.wrong(f"more than {MOST_CALLS} functions in one field")
    return call


class _IntrinsicReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def wrong(self, reason: str) -> IntrinsicTextError:
        return IntrinsicTextError(
            f"{self.text!r} is neither a path nor the call of an intrinsic function: {reason} "
            f"(at character {self.at + 1})",
        )

    def call(self) -> Call:
        name = self._take(_NAME)
        if name is None or not self._takes("("):
            raise self.wrong("a function's name and an opening parenthesis are expected")
        arguments: list[Argument] = []
        self._take(_SPACE)
        if not self._takes(")"):
            while True:
                self._take(_SPACE)
                arguments.append(self._argument())
                self._take(_SPACE)
                if self._takes(")"):
                    break
                if not self._takes(","):
                    raise self.wrong("a comma or a closing parenthesis is expected")
        return Call(name, tuple(arguments))

    def _argument(self) -> Argument:
        if self._takes("'"):
            return self._string()
        if self.text.startswith("$", self.at):
            return self._reference()
        if (number := self._take(_NUMBER)) is not None:
            is_whole = number.lstrip("-").isdigit()
            return Literal(int(number) if is_whole else float(number))
        if (word := self._take(_WORD)) is not None:
            return Literal(_WORDS[word])
        return self.call()

    def _string(self) -> Text:
        pieces = [""]
        value = ""
        while not self._takes("'"):
            if self._takes("\\"):
                character = self.text[self.at : self.at + 1]
                if not character or character not in "'{}\\":
                    raise self.wrong(r"a backslash stands before ', {, } or \ only")
            elif self._takes("{}"):
                value += "{}"
                pieces.append("")
                continue
            else:
                character = self.text[self.at : self.at + 1]
                if not character:
                    raise self.wrong("the string's closing apostrophe is missing")
            self.at += 1
            value += character
            pieces[-1] += character
        return Text(value, tuple(pieces))

    def _reference(self) -> PathReference:
        begin = self.at
        quote = ""
        depth = 0
        while self.at < len(self.text):
            character = self.text[self.at]
            if quote:
                if character == "\\":
                    self.at += 1
                elif character == quote:
                    quote = ""
            elif character in "'\"" and depth:
                quote = character
            elif character in "[(":
                depth += 1
            elif character in "])" and depth:
                depth -= 1
            elif character in ",)" and not depth:
                break
            self.at += 1
        text = self.text[begin : self.at].rstrip()
        variable = _VARIABLE.match(text)
        rest = "$" + text[variable.end() :] if variable else text
        try:
            read_path(rest[1:] if rest.startswith("$$") else rest)
        except PathError as error:
            raise self.wrong(str(error)) from error
        return PathReference(text)

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def _takes(self, expected: str) -> bool:
        if not self.text.startswith(expected, self.at):
            return False
        self.at += len(expected)
        return True
