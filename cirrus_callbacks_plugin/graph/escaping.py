"""Hostile texts, made harmless for each format: ids and errors are whatever somebody wrote."""

from __future__ import annotations

import json
from typing import Any

from cirrus_callbacks_plugin.naming import visible

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_./,()")
_IN_SCRIPT = {each: f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def mermaid(text: str) -> str:
    """A text between double quotes in mermaid, which knows entities and no escapes."""
    return "".join(
        each if each in _PLAIN or (each.isalnum() and each.isprintable()) else f"#{ord(each)};"
        for each in visible(text)
    )


def dot(text: str) -> str:
    """A quoted string of Graphviz, whose backslashes stand for themselves."""
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def in_script(value: Any) -> str:
    """JSON inside a script element: no character of it can end the element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return "".join(_IN_SCRIPT.get(each, each) for each in text)
