"""The state machines that a file declares: by itself, or as resources of a template.

A file is one state machine, or holds some: objects with ``StartAt`` and ``States``, texts of
them (CloudFormation's ``DefinitionString``, joined and substituted where a function makes
them), and files that it names (:mod:`cirrus_callbacks_plugin.asl.named_files`). What declares
a state machine and cannot be read is told, never passed over. What a YAML alias repeats is
looked into once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl import cloudformation, terraform_json
from cirrus_callbacks_plugin.asl.errors import UnreadableError
from cirrus_callbacks_plugin.asl.machine import Origin, Style, names_express, step
from cirrus_callbacks_plugin.asl.named_files import (
    Named,
    meant,
    read_named,
    serverless_file,
    why_not,
)
from cirrus_callbacks_plugin.asl.reading import Found, Reading
from cirrus_callbacks_plugin.asl.references import resolved, text_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.nodes import Node

SERVERLESS = "stepFunctions"
"""The section of the serverless framework's plugin."""

_UNKNOWN = "what it names is not known here: give the file itself"
_DEFINITIONS = ("definition", "Definition", "DefinitionString")


def find(root: Node, path: str) -> Found:
    """Every state machine that a file declares.

    Args:
        root: what stands in the file.
        path: the file; files that it names are looked for beside it.
    """
    contents = Found()
    if (states := root.get("States")) is not None and states.is_object:
        contents.machines.append(contents.reader.read(root, ""))
    else:
        visited = {str(Path(path).resolve())}
        _Search(Reading(path, contents), visited).look_into(root, "", is_express=False)
    return contents


class _Search:
    """A search through one file; another one goes through each file that it names."""

    def __init__(self, reading: Reading, visited: set[str]) -> None:
        self._reading = reading
        self._visited = visited
        self._looked_into: set[int] = set()

    def look_into(self, node: Node, where: str, *, is_express: bool) -> None:
        """State machines that stand in something else: a template, a cirrus 0.x definition."""
        if id(node) in self._looked_into:
            return
        self._looked_into.add(id(node))
        if self._is_declared(node, where, is_express=is_express):
            return
        kind = node.get("Type") or node.get("type")
        express = is_express or names_express(kind)
        for name, member in node.members.items():
            inner = step(where, name)
            if member.text is not None:
                self._text(member, name, inner, is_express=express)
            elif name == SERVERLESS:
                self._serverless(member, inner)
            elif name == terraform_json.RESOURCE:
                terraform_json.read_resources(self._reading, member, inner)
            else:
                self.look_into(member, inner, is_express=express)
        for index, element in enumerate(node.elements):
            inner = f"{where}[{index}]"
            if element.text is not None:
                self._text(element, "", inner, is_express=is_express)
            else:
                self.look_into(element, inner, is_express=is_express)

    def _is_declared(self, node: Node, where: str, *, is_express: bool) -> bool:
        """Read a state machine, or a resource that is one; False for anything else."""
        states, kind = node.get("States"), node.get("Type") or node.get("type")
        if "StartAt" in node.members and states is not None and states.is_object:
            self._reading.add(resolved(node), where, Origin(), is_express=is_express)
        elif kind is not None and kind.text in cloudformation.RESOURCES:
            cloudformation.read_resource(self._reading, node, where)
        elif kind is not None and kind.text == terraform_json.RESOURCE and node.get("values"):
            values = node.members["values"]
            terraform_json.read_resource(self._reading, values, step(where, "values"))
        else:
            return False
        return True

    def _text(self, node: Node, name: str, where: str, *, is_express: bool) -> None:
        """A definition that is kept as a text, or in a file that the text names."""
        text = node.text or ""
        if (named := serverless_file(text)) is not None:
            must = name == "definition" or f".{SERVERLESS}" in f".{where}"
            self._search_in(named, node, where, must=must, is_express=is_express)
            return
        if not text.lstrip().startswith("{") or '"StartAt"' not in text or '"States"' not in text:
            return
        if (root := self._reading.parsed(node, text, where, must=name in _DEFINITIONS)) is not None:
            self._reading.add(root, where, Origin(), is_express=is_express)

    def _serverless(self, node: Node, where: str) -> None:
        """``stepFunctions`` of the serverless framework's plugin."""
        machines = node.get("stateMachines")
        if machines is None:
            self.look_into(node, where, is_express=False)
            return
        inner = step(where, "stateMachines")
        if serverless_file(machines.text) is not None:
            self._text(machines, "", inner, is_express=False)
        elif not machines.is_object and not machines.is_list:
            self._reading.tell(inner, _UNKNOWN, machines)
        for name, machine in machines.members.items():
            self._serverless_machine(machine, name, step(inner, name))
        for index, element in enumerate(machines.elements):
            if element.text is not None:
                self._text(element, "", f"{inner}[{index}]", is_express=False)
            for name, machine in element.members.items():
                self._serverless_machine(machine, name, step(f"{inner}[{index}]", name))

    def _serverless_machine(self, node: Node, name: str, where: str) -> None:
        definition = node.get("definition")
        if node.text is not None and serverless_file(node.text) is not None:
            self._text(node, name, where, is_express=False)
            return
        of_type, label = node.get("type"), node.get("name")
        express = names_express(of_type)
        called = None if label is None else text_of(label)
        origin = Origin(name=name, label=called, style=Style.CLOUDFORMATION)
        at = step(where, "definition")
        if definition is None:
            self._reading.tell(where, "it has no definition here", node)
        elif (named := serverless_file(definition.text)) is not None:
            self._reading.read_file(named, definition, at, origin, is_express=express)
        elif definition.text is not None and definition.text.lstrip().startswith("{"):
            cloudformation.read_string(self._reading, definition, at, origin, is_express=express)
        elif definition.is_object:
            self._reading.add(resolved(definition), at, origin, is_express=express)
        else:
            self._reading.tell(at, _UNKNOWN, definition)

    def _search_in(
        self, named: Named, node: Node, where: str, *, must: bool, is_express: bool
    ) -> None:
        """Whatever a file declares that is named in the place of some part of this one."""
        file = named.beside(self._reading.path)
        if str(file.resolve()) in self._visited:
            return
        self._visited.add(str(file.resolve()))
        try:
            parsed = read_named(file)
        except (OSError, UnicodeDecodeError, UnreadableError) as error:
            if must:
                self._reading.tell(where, f"its definition, {named.path}, {why_not(error)}", node)
            return
        self._reading.found.files[str(file)] = parsed
        reading = Reading(str(file), self._reading.found, str(file))
        search = _Search(reading, self._visited)
        root = meant(parsed.root, named.keys)
        before = len(self._reading.found.machines) + len(self._reading.found.unread)
        if root is not None:
            self._search_root(search, root, where, is_express=is_express)
        if must and before == len(self._reading.found.machines) + len(self._reading.found.unread):
            self._reading.tell(where, f"{named.path} holds no state machine", node)

    def _search_root(self, search: _Search, root: Node, where: str, *, is_express: bool) -> None:
        """What is named in the place of ``stateMachines``, or of one of them, is declared there."""
        place = where.rpartition(SERVERLESS)[2]
        if where.endswith(SERVERLESS):
            search._serverless(root, SERVERLESS)
        elif place == ".stateMachines":
            for name, machine in root.members.items():
                search._serverless_machine(machine, name, name)
        elif place.startswith(".stateMachines") and "definition" in root.members:
            search._serverless_machine(root, place.rpartition(".")[2], "")
        else:
            search.look_into(root, "", is_express=is_express)
