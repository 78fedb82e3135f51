"""What Parameters, a ResultSelector or an Output come to: their shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data import jsonata
from cirrus_callbacks_plugin.lint.data.expressions import shape_of
from cirrus_callbacks_plugin.lint.data.jsonpath import shape_at
from cirrus_callbacks_plugin.lint.data.shape import (
    PLAIN,
    UNKNOWN,
    Kind,
    Shape,
    listed,
    listed_object,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.lint.data.seen import Seen

MAX_NODES = 2000
"""A template with more (YAML aliases in aliases) is not looked through: it may be anything."""


class _TooMuchError(Exception):
    pass


def made_of(node: Node, seen: Seen, *, is_jsonata: bool) -> Shape:
    """The shape that a template comes to."""
    try:
        return _Template(seen, is_jsonata).shape(node)
    except _TooMuchError:
        return UNKNOWN


def constant(node: Node) -> Shape:
    """The shape of a value that is taken as it stands (a Pass state's Result)."""
    try:
        return _Template(None, is_jsonata=False).shape(node)
    except _TooMuchError:
        return UNKNOWN


class _Template:
    def __init__(self, seen: Seen | None, is_jsonata: bool) -> None:
        self._seen = seen
        self._is_jsonata = is_jsonata
        self._left = MAX_NODES

    def shape(self, node: Node) -> Shape:
        self._left -= 1
        if self._left < 0:
            raise _TooMuchError
        if node.is_later or any("${" in name for name in node.members):
            return UNKNOWN
        if node.text is not None:
            return self._text(node.text)
        if node.is_list:
            return listed(*(self.shape(each) for each in node.elements))
        if not node.is_object:
            return PLAIN
        members: dict[str, Shape] = {}
        for name, member in node.members.items():
            if name.endswith(".$") and self._seen is not None and not self._is_jsonata:
                path = member.text
                is_known = path is not None and not member.is_later
                shape = shape_at(path or "", self._seen) if is_known else UNKNOWN
                members[name.removesuffix(".$")] = shape
            else:
                members[name] = self.shape(member)
        present = {name: each for name, each in members.items() if each.kind is not Kind.ABSENT}
        return listed_object(present)

    def _text(self, text: str) -> Shape:
        if self._seen is None or not self._is_jsonata:
            return PLAIN
        expression = jsonata.inside(text)
        return PLAIN if expression is None else shape_of(jsonata.read(expression), self._seen)
