"""Paths and expressions in a join request that are sent as the text that they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.nodes import Node

_PATH = re.compile(r"\$\$?[.\[].*|\$states\..*|\$\$?|States\.\w+\(.*\)", re.DOTALL)
"""A path, an intrinsic function, or what reads a state's input in JSONata."""


@dataclass(frozen=True, slots=True)
class PathAsText:
    """A value of a request that was meant to be computed.

    Attributes:
        where: its place below ``join``: ``name``, ``members[0].url``.
        text: what stands there.
        key: the key that it stands under; None for an element of a list.
    """

    where: str
    text: str
    key: str | None

    def message(self, *, is_jsonata: bool) -> str:
        """What is wrong, in the words of the state machine."""
        why = "a path is read under a key that ends in '.$' alone"
        if is_jsonata:
            why = "an expression stands between '{%' and '%}'"
        return f"gives join.{self.where} as the text {self.text!r}: {why}"

    def fix(self, *, is_jsonata: bool) -> str:
        """What to do."""
        if is_jsonata:
            return f"write '{{% {self.text} %}}'"
        if self.key is None:
            return "write the whole list under 'members.$', as States.Array(...) or as one path"
        return f"""write "{self.key}.$": "{self.text}\""""


def paths_as_text(join: Node) -> Iterator[PathAsText]:
    """Every such value among the request's keys, its members, and its members' own keys."""
    yield from _in_object(join, "")
    members = join.get("members")
    if members is not None and members.is_object:
        yield from _in_object(members, "members.")
    for index, member in enumerate(members.elements if members is not None else ()):
        where = f"members[{index}]"
        yield from _of(member, where, None)
        yield from _in_object(member, f"{where}.")


def _in_object(node: Node, prefix: str) -> Iterator[PathAsText]:
    for key, value in node.members.items():
        if not key.endswith(".$"):
            yield from _of(value, f"{prefix}{key}", key)


def _of(node: Node, where: str, key: str | None) -> Iterator[PathAsText]:
    if node.text is not None and _PATH.fullmatch(node.text):
        yield PathAsText(where, node.text, key)
