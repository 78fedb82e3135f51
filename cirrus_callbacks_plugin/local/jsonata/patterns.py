"""Regular expressions as ECMAScript means them, and with an end.

JSONata's regular expressions are those of the host language. Patterns are translated to what the
``regex`` library means by them; what has no meaning of its own in ECMAScript, or another one in
Java, is refused by name. That library, unlike the standard one, gives up after a time.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import regex

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.local.jsonata.limits import Meter

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_"}
_ALL_BUT = {"D": r"\x00-/:-\U0010ffff", "W": r"\x00-/:-@\[-\^`{-\U0010ffff"}
"""What is in a class for the opposite of a digit or a word's letter."""
_SAME = frozenset("sSbBfnrtv0123456789")
"""Escapes that mean the same, or nearly so, everywhere."""
_NOT_A_LINE_END = r"[^\n\r\u2028\u2029]"
_GROUP = re.compile(r"\((?:\?(?:[:=!]|<[=!]|<[A-Za-z_$][\w$]*>)?)?")
_QUANTIFIER = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})\??")


@dataclass(frozen=True, slots=True)
class Match:
    """One match: its text, where it stands, and its groups, ``None`` for one that took no part."""

    text: str
    start: int
    end: int
    groups: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression of an expression, translated."""

    source: str
    compiled: Any

    def matches(self, text: str, meter: Meter) -> Iterator[Match]:
        """Every match from left to right.

        Raises:
            ExpressionError: a later match is empty (D1004, as in the reference), or the search
                takes longer than the expression may.
        """
        at = 0
        while True:
            try:
                match = self.compiled.search(
                    text, at, timeout=meter.seconds_left(), concurrent=True
                )
            except TimeoutError:
                raise meter.too_long() from None
            if match is None:
                return
            if at and not match.group():
                raise self._never_ends()
            yield Match(match.group(), match.start(), match.end(), match.groups())
            at = match.end()
            if at >= len(text):
                return
            if not match.group():
                raise self._never_ends()

    def _never_ends(self) -> ExpressionError:
        # The search goes on where the match ended, and there it is empty again.
        return ExpressionError(
            f"Regular expression matches zero length string: {self.source}", "D1004"
        )


@functools.lru_cache(maxsize=1_000)
def compiled(source: str, *, ignore_case: bool, multiline: bool) -> Pattern:
    """Translate a regular expression.

    Raises:
        ExpressionError: it is wrong, or means other things in other implementations.
    """
    flags = (regex.IGNORECASE if ignore_case else 0) | (regex.MULTILINE if multiline else 0)
    try:
        return Pattern(source, regex.compile(_translated(source, multiline=multiline), flags))
    except regex.error as error:
        raise ExpressionError(f"Invalid regular expression /{source}/: {error}") from None


def _translated(source: str, *, multiline: bool) -> str:
    parts: list[str] = []
    at = 0
    while at < len(source):
        part, at = _next(source, at, multiline=multiline)
        parts.append(part)
    return "".join(parts)


def _next(source: str, at: int, *, multiline: bool) -> tuple[str, int]:
    character = source[at]
    if character == "\\":
        return _escape(source, at, inside=False)
    if character == "[":
        return _class(source, at)
    if character == ".":
        return _NOT_A_LINE_END, at + 1
    if character == "$":
        return ("$" if multiline else r"\Z"), at + 1
    if character == "(":
        return _group(source, at)
    quantifier = _QUANTIFIER.match(source, at)
    if quantifier:
        if source[quantifier.end() : quantifier.end() + 1] in ("+", "*", "?"):
            raise ExpressionError(f"Invalid regular expression /{source}/: nothing to repeat")
        return quantifier.group(), quantifier.end()
    # A brace that begins no quantifier stands for itself.
    return (rf"\{character}" if character in "{}]" else character), at + 1


def _group(source: str, at: int) -> tuple[str, int]:
    begin = _GROUP.match(source, at)
    text = begin.group() if begin else ""
    if text == "(?":
        raise ExpressionError(f"Invalid regular expression /{source}/: invalid group")
    return text, at + len(text)


def _class(source: str, at: int) -> tuple[str, int]:
    parts = ["["]
    at += 1
    if source.startswith("^", at):
        parts.append("^")
        at += 1
    if source.startswith("]", at):
        # An empty class: nothing, or with ^ anything.
        return (r"(?:[\s\S])" if len(parts) > 1 else "(?!)"), at + 1
    while at < len(source) and source[at] != "]":
        if source[at] == "\\":
            part, at = _escape(source, at, inside=True)
        else:
            part = rf"\{source[at]}" if source[at] in "[&|~" else source[at]
            at += 1
        parts.append(part)
    parts.append("]")
    return "".join(parts), at + 1


def _escape(source: str, at: int, *, inside: bool) -> tuple[str, int]:
    letter = source[at + 1 : at + 2]
    if letter.lower() in _CLASSES:
        members = _CLASSES[letter.lower()]
        if letter.islower():
            return (members if inside else f"[{members}]"), at + 2
        return (_ALL_BUT[letter] if inside else f"[^{members}]"), at + 2
    if letter in ("u", "x"):
        digits = 4 if letter == "u" else 2
        code = source[at + 2 : at + 2 + digits]
        if len(code) == digits and all(each in "0123456789abcdefABCDEF" for each in code):
            return regex.escape(chr(int(code, 16))), at + 2 + digits
    elif letter == "k" and not inside and source.startswith("<", at + 2):
        name = source[at + 3 : source.find(">", at)]
        return f"(?P={name})", at + 4 + len(name)
    elif letter in _SAME or (letter and not letter.isalnum()):
        return source[at : at + 2], at + 2
    raise ExpressionError(
        f"The local evaluator refuses \\{letter} in the regular expression /{source}/: "
        "implementations of JSONata differ in it"
    )
