"""What is read of a file that declares state machines, and what of it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl import json_source
from cirrus_callbacks_plugin.asl.errors import UnreadableError
from cirrus_callbacks_plugin.asl.machine import Machine, MachineReader, Origin
from cirrus_callbacks_plugin.asl.named_files import Named, meant, read_named, why_not
from cirrus_callbacks_plugin.asl.nodes import Expression, Node, Position
from cirrus_callbacks_plugin.asl.references import resolved

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.json_source import Parsed


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that declares a state machine and cannot be read.

    Attributes:
        where: the resource, as its path in the file.
        why: what keeps it from being read, and what to do.
        at: where it stands.
        file: the file, where that is one that another file names.
        is_broken: True for a text that must be JSON, and is not.
    """

    where: str
    why: str
    at: Position
    file: str | None = None
    is_broken: bool = False


@dataclass(slots=True)
class Found:
    """What a file declares.

    Attributes:
        machines: state machines that can be read.
        unread: those that cannot.
        files: the files that it names and that hold some of them, by their paths.
        reader: reads all of them, and knows what it has read.
    """

    machines: list[Machine] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    files: dict[str, Parsed] = field(default_factory=dict)
    reader: MachineReader = field(default_factory=MachineReader)


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of one file.

    Attributes:
        path: the file.
        found: what was read of it, and of the files that it names.
        own: its path where another file names it; None for the file that was asked for.
    """

    path: str
    found: Found
    own: str | None = None

    def parsed(self, node: Node, text: str, where: str, *, must: bool) -> Node | None:
        """The JSON that a text of this file holds, where it stands in the file.

        Args:
            node: the text, or what makes it.
            text: what it comes to.
            where: its path in the file.
            must: False for a text that may be anything else: None stands for one that is not JSON;
                True to note it, too.
        """
        try:
            return _shifted(json_source.parse(text).root, node)
        except UnreadableError as error:
            if must:
                why, at = f"it is not valid JSON: {error.problem}", _moved(error.at, node)
                self.found.unread.append(Unread(where, why, at, self.own, is_broken=True))
            return None

    def add(self, node: Node, where: str, origin: Origin, *, is_express: bool) -> None:
        """Note a state machine that stands in this file."""
        states = node.get("States")
        if states is None or not states.is_object:
            self.tell(where, "it is not a state machine: an object with StartAt and States", node)
            return
        machine = self.found.reader.read(node, where, is_express=is_express)
        named = replace(origin, file=origin.file or self.own)
        self.found.machines.append(replace(machine, origin=named))

    def read_file(
        self, named: Named, node: Node, where: str, origin: Origin, *, is_express: bool
    ) -> None:
        """A definition in a file of its own, named relative to this one."""
        file = named.beside(self.path)
        try:
            parsed = read_named(file)
        except (OSError, UnicodeDecodeError, UnreadableError) as error:
            self.tell(where, f"its definition, {named.path}, {why_not(error)}", node)
            return
        root = meant(parsed.root, named.keys)
        if (
            root is not None
            and "StartAt" not in root.members
            and root.get("definition") is not None
        ):
            root = root.get("definition")
        states = None if root is None else root.get("States")
        if root is None or states is None or not states.is_object:
            why = f"{named.path} is not a state machine: an object with StartAt and States"
            self.tell(where, why, node)
            return
        self.found.files.setdefault(str(file), parsed)
        machine = self.found.reader.read(
            resolved(root), ".".join(named.keys), is_express=is_express
        )
        self.found.machines.append(replace(machine, origin=replace(origin, file=str(file))))

    def tell(self, where: str, why: str, node: Node) -> None:
        """Note that something declares a state machine and cannot be read."""
        self.found.unread.append(Unread(where or "it", why, node.at, self.own))


def _moved(at: Position, by: Node) -> Position:
    """A position inside a text, as one in the file around it."""
    if not by.is_block:
        return by.at
    return Position(by.at.line + at.line - 1, by.at.column + at.column - 1)


def _shifted(node: Node, by: Node) -> Node:
    value = node.value
    if isinstance(value, tuple):
        value = tuple(_shifted(each, by) for each in value)
    elif not isinstance(value, (str, int, float, Expression)) and value is not None:
        value = {name: _shifted(each, by) for name, each in value.items()}
    keys = {name: _moved(at, by) for name, at in node.keys.items()}
    duplicates = tuple(
        replace(each, at=_moved(each.at, by), first=_moved(each.first, by))
        for each in node.duplicates
    )
    at = _moved(node.at, by)
    return replace(node, value=value, at=at, keys=keys, duplicates=duplicates)
