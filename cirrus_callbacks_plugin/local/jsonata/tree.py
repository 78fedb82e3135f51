"""What stands in a parsed expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonata.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = (
    "steps", "stages", "predicate", "lhs", "rhs", "lhs_object", "expression", "expressions",
    "procedure", "arguments", "body", "condition", "then", "_else", "terms", "group", "expr",
    "pattern", "update", "delete",
)  # fmt: skip
"""Where the parts of a node hang."""


def parts_of(node: Any) -> Iterator[Any]:
    """The nodes right below one."""
    for name in _PARTS:
        yield from _nodes(getattr(node, name, None))


def nodes_of(tree: Any) -> Iterator[Any]:
    """Every node of a tree, the root first."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(parts_of(node))


def variables_of(tree: Any) -> frozenset[str]:
    """The names after a dollar sign, functions among them."""
    return frozenset(
        str(node.value) for node in nodes_of(tree) if node.type == "variable" and node.value
    )


def members_of(tree: Any, variable: str) -> frozenset[str] | None:
    """The members of a variable that an expression looks at: None where it may look at all."""
    members: set[str] = set()
    alone = 0
    for node in nodes_of(tree):
        if node.type == "variable" and node.value == variable:
            alone += 1
        if node.type != "path" or len(node.steps) < 2:  # noqa: PLR2004 - a variable and a name
            continue
        first, second = node.steps[:2]
        if first.type == "variable" and first.value == variable and second.type == "name":
            members.add(str(second.value))
            alone -= 1
    return frozenset(members) if alone <= 0 else None


def _nodes(part: Any) -> Iterator[Any]:
    if isinstance(part, Parser.Symbol):
        yield part
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _nodes(each)
