"""JSONata's functions on texts."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from jsonata.jexception import JException
from jsonata.utils import Utils

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError
from cirrus_callbacks_plugin.local.jsonata.natives import call, engine, is_function, matches
from cirrus_callbacks_plugin.local.jsonata.values import NULL, is_number, number, number_text

_DIGITS_OF_A_NUMBER = 15
"""The reference writes numbers with so many significant digits."""


def string(value: Any, prettify: Any = None) -> Any:
    """``$string``: a text as it is, anything else as JSON; numbers as JavaScript writes them."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and getattr(value, "outer_wrapper", False):
        value = value[0]
    if is_function(value):
        return ""
    text = _json(value, "\n" if prettify is True else "")
    engine().meter.grow(len(text))
    return text


def _json(value: Any, line: str) -> str:
    if value is NULL or value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return number_text(float(f"{number(value):.{_DIGITS_OF_A_NUMBER}g}"))
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if is_function(value):
        return '""'
    deeper = f"{line}  " if line else ""
    engine().meter.step()
    if isinstance(value, dict):
        colon = ": " if line else ":"
        members = [
            f"{json.dumps(key, ensure_ascii=False)}{colon}{_json(each, deeper)}"
            for key, each in value.items()
            if each is not None
        ]
        return _bracketed("{", members, "}", line, deeper)
    return _bracketed("[", [_json(each, deeper) for each in value], "]", line, deeper)


def _bracketed(opening: str, parts: list[str], closing: str, line: str, deeper: str) -> str:
    if not parts:
        return opening + closing
    return f"{opening}{deeper}{f',{deeper}'.join(parts)}{line}{closing}"


def lowercase(text: str | None) -> str | None:
    """``$lowercase``."""
    return None if text is None else text.lower()


def pad(text: str | None, width: float | None, fill: str | None) -> str | None:
    """``$pad``: to the right, with a negative width to the left."""
    if text is None or width is None:
        return text
    missing = abs(width) - len(text)
    if missing <= 0:
        return text
    if missing != int(missing):
        raise ExpressionError("The width of $pad must be a whole number")
    engine().meter.grow(abs(width))
    fill = fill or " "
    padding = (fill * (int(missing) // len(fill) + 1))[: int(missing)]
    return text + padding if width > 0 else padding + text


def contains(text: str | None, token: Any) -> bool | None:
    """``$contains``, with a text or a regular expression."""
    if text is None:
        return None
    if isinstance(token, str):
        return token in text
    return next(matches(token, text), None) is not None


def match(text: str | None, pattern: Any, limit: float | None) -> Any:
    """``$match``: each match with its place, in UTF-16 units as in the reference, and groups."""
    if text is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3040", -1, 3, limit)
    matched = Utils.create_sequence()
    if limit is not None and limit <= 0:
        return matched
    for each in matches(pattern, text):
        place = len(text[: each["start"]].encode("utf-16-le", "surrogatepass")) // 2
        groups = [NULL if group is None else group for group in each["groups"]]
        matched.append({"match": each["match"], "index": place, "groups": groups})
        if limit is not None and len(matched) >= limit:
            break
    return matched


def replace(text: str | None, pattern: Any, replacement: Any, limit: float | None) -> str | None:
    """``$replace``, with a text or a regular expression, by a text or a function."""
    if text is None:
        return None
    if pattern == "":
        raise JException("D3010", -1, 2)
    if limit is not None and limit < 0:
        raise JException("D3011", -1, 4)
    if isinstance(pattern, str):
        # A function in place of a text is not called here, in the reference either.
        if not isinstance(replacement, str):
            raise JException("D3012", -1, replacement)
        count = -1 if limit is None else math.ceil(limit)
        engine().meter.grow(len(text) + text.count(pattern) * len(replacement))
        return text.replace(pattern, replacement, count)
    return _replace_matches(text, pattern, replacement, limit)


def _replace_matches(text: str, pattern: Any, replacement: Any, limit: float | None) -> str:
    parts: list[str] = []
    position = 0
    size = len(text)
    if limit is None or limit > 0:
        for count, match in enumerate(matches(pattern, text), start=1):
            if isinstance(replacement, str):
                put = _substituted(replacement, match)
            else:
                put = call(replacement, [match])
            if not isinstance(put, str):
                raise JException("D3012", -1, put)
            size += len(put)
            engine().meter.grow(size)
            parts += [text[position : match["start"]], put]
            position = match["start"] + len(match["match"])
            if limit is not None and count >= limit:
                break
    return "".join(parts) + text[position:]


def _substituted(replacement: str, match: dict[str, Any]) -> str:
    """The replacement with ``$1`` and its like in place; ``$$`` is a dollar sign."""
    groups = match["groups"]
    # As many digits as the highest group has: $12 is group 1 and a 2 where there are nine.
    longest = max(1, len(str(len(groups))))

    def put(reference: re.Match[str]) -> str:
        what = reference.group(1)
        if what == "$":
            return "$"
        if what.startswith("0"):
            return str(match["match"]) + what[1:]
        digits = what[:longest]
        if len(digits) > 1 and int(digits) > len(groups):
            digits = digits[:-1]
        chosen = groups[int(digits) - 1] if int(digits) <= len(groups) else None
        return ("" if chosen is None else str(chosen)) + what[len(digits) :]

    return re.sub(r"\$(\$|[0-9]+)", put, replacement)


def split(text: str | None, separator: Any, limit: float | None) -> Any:
    """``$split``, by a text or a regular expression."""
    if text is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3020", -1, 3)
    if isinstance(separator, str):
        parts = text.split(separator) if separator else list(text)
        return parts if limit is None else parts[: int(limit)]
    pieces: list[str] = []
    start = 0
    for each in matches(separator, text):
        if limit is not None and len(pieces) >= limit:
            return pieces
        pieces.append(text[start : each["start"]])
        start = each["end"]
    if limit is None or len(pieces) < limit:
        pieces.append(text[start:])
    return pieces


def join(texts: list[str] | None, separator: str | None) -> str | None:
    """``$join``."""
    if texts is None:
        return None
    engine().meter.grow(sum(map(len, texts)) + len(separator or "") * len(texts))
    return (separator or "").join(texts)
