"""The state machines that a file declares: by itself, or as resources of a template.

A file is one state machine, or holds some: objects with ``StartAt`` and ``States``, texts of
them (CloudFormation's ``DefinitionString``, joined and substituted where a function makes
them), and files that it names (SAM's ``DefinitionUri``, the serverless framework's
``${file()}``). What declares a state machine and cannot be read is told, never passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from cirrus_callbacks_plugin.asl import json_source, yaml_source
from cirrus_callbacks_plugin.asl.errors import UnreadableError, UnusableFileError
from cirrus_callbacks_plugin.asl.machine import Machine, Origin, Style, read_machine, step
from cirrus_callbacks_plugin.asl.nodes import Expression, Node, Position
from cirrus_callbacks_plugin.asl.references import text_of

RESOURCES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")
"""CloudFormation's and SAM's types of a state machine."""

_EXPRESS = "EXPRESS"
_FILE = re.compile(r"\$\{file\((?P<path>[^)]+)\)\}")
_YAML_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that declares a state machine and cannot be read.

    Attributes:
        where: the resource, as its path in the file.
        why: what keeps it from being read, and what to do.
        at: where it stands.
    """

    where: str
    why: str
    at: Position


@dataclass(slots=True)
class Found:
    """What a file declares."""

    machines: list[Machine] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def find(root: Node, path: str) -> Found:
    """Every state machine that a file declares.

    Args:
        root: what stands in the file.
        path: the file; files that it names are looked for beside it.

    Raises:
        UnusableFileError: a ``DefinitionString`` is not valid JSON.
    """
    found = Found()
    if (states := root.get("States")) is not None and states.is_object:
        found.machines.append(read_machine(root, ""))
    else:
        _Search(path, found).look_into(root, "", is_express=False)
    return found


@dataclass(slots=True)
class _Search:
    path: str
    found: Found

    def look_into(self, node: Node, where: str, *, is_express: bool) -> None:
        """State machines that stand in something else: a template, a cirrus 0.x definition."""
        states = node.get("States")
        if "StartAt" in node.members and states is not None and states.is_object:
            self.found.machines.append(read_machine(node, where, is_express=is_express))
            return
        kind = node.get("Type") or node.get("type")
        if kind is not None and kind.text in RESOURCES:
            self._resource(node, where)
            return
        express = is_express or (kind is not None and (kind.text or "").upper() == _EXPRESS)
        for name, member in node.members.items():
            inner = step(where, name)
            if member.text is not None:
                self._text(member, name, inner, is_express=express)
            else:
                self.look_into(member, inner, is_express=express)
        for index, element in enumerate(node.elements):
            inner = f"{where}[{index}]"
            if element.text is not None:
                self._text(element, "", inner, is_express=is_express)
            else:
                self.look_into(element, inner, is_express=is_express)

    def _text(self, node: Node, name: str, where: str, *, is_express: bool) -> None:
        """A definition that is kept as a text, or in a file that the text names."""
        text = node.text or ""
        if name == "definition" and (named := _FILE.fullmatch(text.strip())) is not None:
            self._file(named["path"], node, where, Origin(), is_express=is_express)
            return
        if not text.lstrip().startswith("{") or '"StartAt"' not in text or '"States"' not in text:
            return
        try:
            root = json_source.parse(text).root
        except UnreadableError as error:
            if name != "DefinitionString":
                return
            problem = f"{where} is not valid JSON: {error.problem}"
            raise UnusableFileError(self.path, problem, _moved(error.at, node)) from error
        self.found.machines.append(
            read_machine(_shifted(root, node), where, is_express=is_express),
        )

    def _resource(self, node: Node, where: str) -> None:
        """A resource of CloudFormation or SAM that is a state machine."""
        properties = node.get("Properties") or node
        of_type = properties.get("StateMachineType") or properties.get("Type")
        express = of_type is not None and (of_type.text or "").upper() == _EXPRESS
        label = properties.get("StateMachineName") or properties.get("Name")
        given = properties.get("DefinitionSubstitutions")
        texts = {name: text_of(value) for name, value in (given.members if given else {}).items()}
        origin = Origin(
            name=where.rpartition(".")[2] or None,
            label=None if label is None else text_of(label),
            style=Style.CLOUDFORMATION,
            substitutions={name: text for name, text in texts.items() if text is not None},
        )
        inner = step(where, "Properties")
        if (definition := properties.get("Definition")) is not None and definition.is_object:
            at = step(inner, "Definition")
            self._add(definition, at, origin, is_express=express)
        elif (text := properties.get("DefinitionString")) is not None:
            self._string(text, step(inner, "DefinitionString"), origin, is_express=express)
        elif (uri := properties.get("DefinitionUri")) is not None:
            at = step(inner, "DefinitionUri")
            if uri.text is None or uri.text.startswith("s3://"):
                self._tell(at, "its definition lies in S3: give the file itself", uri)
            else:
                self._file(uri.text, uri, at, origin, is_express=express)
        elif (place := properties.get("DefinitionS3Location")) is not None:
            at = step(inner, "DefinitionS3Location")
            self._tell(at, "its definition lies in S3: give the file itself", place)
        else:
            self._tell(where, "it has no definition here", node)

    def _string(self, node: Node, where: str, origin: Origin, *, is_express: bool) -> None:
        text = text_of(node)
        if text is None:
            self._tell(where, "a function in it is not known here: give what it makes", node)
            return
        try:
            root = json_source.parse(text).root
        except UnreadableError as error:
            problem = f"{where} is not valid JSON: {error.problem}"
            raise UnusableFileError(self.path, problem, _moved(error.at, node)) from error
        self._add(_shifted(root, node), where, origin, is_express=is_express)

    def _add(self, node: Node, where: str, origin: Origin, *, is_express: bool) -> None:
        states = node.get("States")
        if states is None or not states.is_object:
            self._tell(where, "it is not a state machine: an object with StartAt and States", node)
            return
        machine = read_machine(node, where, is_express=is_express)
        self.found.machines.append(replace(machine, origin=origin))

    def _file(
        self, named: str, node: Node, where: str, origin: Origin, *, is_express: bool
    ) -> None:
        """A definition in a file of its own, named relative to this one."""
        file = Path(self.path).parent / named.strip()
        try:
            text = file.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            self._tell(where, f"its definition, {named}, cannot be read", node)
            return
        try:
            is_yaml = file.suffix.lower() in _YAML_SUFFIXES
            root = (yaml_source if is_yaml else json_source).parse(text).root
        except UnreadableError as error:
            raise UnusableFileError(
                str(file), f"is not valid: {error.problem}", error.at
            ) from error
        self._add(root, where, replace(origin, file=str(file)), is_express=is_express)

    def _tell(self, where: str, why: str, node: Node) -> None:
        self.found.unread.append(Unread(where, why, node.at))


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
