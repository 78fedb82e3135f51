"""Values that know where they stand in their file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPLATE = re.compile(r"(?<!\$)\$\{")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A value that is known only later: an unquoted ``${...}``, or YAML's ``!Ref X``."""

    text: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that an object has twice."""

    key: str
    at: Position
    first: Position


Scalar = str | int | float | bool | Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value.

    Attributes:
        value: a mapping of nodes, a tuple of nodes, or a scalar.
        at: where it begins.
        keys: of a mapping, where each key stands.
        is_block: True for a text whose lines are lines of the file (YAML's ``|``).
        duplicates: of a mapping, the keys that stand twice in it.
    """

    value: Mapping[str, Node] | tuple[Node, ...] | Scalar
    at: Position
    keys: Mapping[str, Position] = field(default_factory=dict)
    is_block: bool = False
    duplicates: tuple[Duplicate, ...] = ()

    @property
    def members(self) -> Mapping[str, Node]:
        """What an object holds; nothing where it is not an object."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def elements(self) -> tuple[Node, ...]:
        """What a list holds; nothing where it is not a list."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def is_object(self) -> bool:
        """True for an object."""
        return isinstance(self.value, Mapping)

    @property
    def is_list(self) -> bool:
        """True for a list."""
        return isinstance(self.value, tuple)

    @property
    def text(self) -> str | None:
        """A string; None where it is something else."""
        return self.value if isinstance(self.value, str) else None

    @property
    def number(self) -> float | None:
        """A number; None where it is something else, or not known yet."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            return None
        return self.value

    @property
    def expression(self) -> str | None:
        """The text of what is known only later; None for everything else."""
        return self.value.text if isinstance(self.value, Expression) else None

    @property
    def is_later(self) -> bool:
        """True where the value is known only later, in whole or in part (``"${name}"``)."""
        text = self.text
        return self.expression is not None or (
            text is not None and _TEMPLATE.search(text) is not None
        )

    def get(self, key: str) -> Node | None:
        """A member of an object."""
        return self.members.get(key)

    def where(self, key: str) -> Position:
        """Where a key stands; where the object begins if it has no such key."""
        return self.keys.get(key, self.at)

    def all_duplicates(self) -> Iterator[Duplicate]:
        """The keys that stand twice, in it and in everything inside it."""
        seen, left = set[int](), [self]
        while left:
            node = left.pop()
            if id(node) not in seen:  # an anchor of YAML may stand in many places
                seen.add(id(node))
                yield from node.duplicates
                left += reversed((*node.members.values(), *node.elements))
