"""How many bytes a value of a shape takes at least, as JSON."""

from __future__ import annotations

from dataclasses import replace

from cirrus_callbacks_plugin.lint.data.results import ANSWER, JOIN_ANSWER
from cirrus_callbacks_plugin.lint.data.shape import Kind, Shape

ANSWER_BYTES = 500
"""An id, an ARN and a URL, each of about 100 bytes, and their names."""
_PLAIN_BYTES = 4
_MARKS_BYTES = 4
"""Two quotes, a colon and a comma beside a name."""


def least_bytes(shape: Shape) -> int:
    """The least that a value takes; an answer takes what one takes."""
    if replace(shape, loss=None) in (ANSWER, JOIN_ANSWER):
        return ANSWER_BYTES
    if shape.kind is Kind.OBJECT:
        named = [(name, each) for name, each in shape.members if each.kind is not Kind.ABSENT]
        return 2 + sum(len(name) + _MARKS_BYTES + least_bytes(each) for name, each in named)
    if shape.kind is Kind.LIST:
        return 2 + sum(1 + least_bytes(each) for each in shape.elements)
    return _PLAIN_BYTES
