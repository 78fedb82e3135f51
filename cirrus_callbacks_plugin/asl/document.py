"""A file, and the state machines in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl import json_source, yaml_source
from cirrus_callbacks_plugin.asl.errors import (
    NamedElsewhereError,
    UnreadableError,
    UnusableFileError,
)
from cirrus_callbacks_plugin.asl.machine import Machine, read_machine, step
from cirrus_callbacks_plugin.asl.nodes import Expression, Node, Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.json_source import Parsed

YAML_SUFFIXES = (".yml", ".yaml")
RELAXED_SUFFIXES = (".json5", ".jsonc")
"""Their comments, and a comma too many, are taken out by whoever deploys them."""

MAX_BYTES = 16 * 1024 * 1024
"""Step Functions takes a definition of 1 MB; a template around several may be longer."""

_EXPRESS = "EXPRESS"


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read.

    Attributes:
        path: as the user named it.
        parsed: its nodes, comments and duplicate keys.
        machines: the state machines in it, one at least.
    """

    path: str
    parsed: Parsed
    machines: tuple[Machine, ...]


def read(path: str) -> Document:
    """Read a file; a FilmDrop definition that names a state machine leads to that one.

    Raises:
        UnusableFileError: it cannot be read, or holds no state machine.
    """
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise UnusableFileError(path, f"is larger than {MAX_BYTES} bytes")
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UnusableFileError(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnusableFileError(path, "cannot be read: it is not in UTF-8") from error
    try:
        return read_text(text, path)
    except NamedElsewhereError as error:
        found = _find(error.named, Path(path))
        if found is None:
            raise
        return read(str(found))


def _find(named: str, definition: Path) -> Path | None:
    """A file that is named relative to the root module, which stands somewhere above."""
    for folder in (Path(), *definition.parents):
        candidate = folder / named
        if candidate.is_file() and candidate.resolve() != definition.resolve():
            return candidate
    return None


def read_text(text: str, path: str) -> Document:
    """Read what stands in a file.

    Raises:
        UnusableFileError: it is no JSON or YAML, or holds no state machine.
    """
    is_yaml = path.lower().endswith(YAML_SUFFIXES)
    is_relaxed = path.lower().endswith(RELAXED_SUFFIXES)
    try:
        if is_yaml:
            parsed = yaml_source.parse(text)
        else:
            parsed = json_source.parse(text, is_relaxed=is_relaxed)
    except UnreadableError as error:
        kind = "YAML" if is_yaml else "JSON"
        raise UnusableFileError(path, f"is no valid {kind}: {error.problem}", error.at) from error
    machines = tuple(_machines(parsed.root, path))
    if not machines:
        named = parsed.root.get("state_machine_filepath")
        if named is not None and named.text:
            raise NamedElsewhereError(path, named.text)
        raise UnusableFileError(path, "holds no state machine: an object with StartAt and States")
    return Document(path, replace(parsed, comments=()) if is_relaxed else parsed, machines)


def _machines(root: Node, path: str) -> Iterator[Machine]:
    if (states := root.get("States")) is not None and states.is_object:
        yield read_machine(root, "")
        return
    yield from _inside(root, "", path, is_express=False)


def _inside(node: Node, where: str, path: str, *, is_express: bool) -> Iterator[Machine]:
    """State machines that stand in something else: a template, a cirrus 0.x definition."""
    states = node.get("States")
    if "StartAt" in node.members and states is not None and states.is_object:
        yield read_machine(node, where, is_express=is_express)
        return
    kind = node.get("Type") or node.get("type")
    express = is_express or (kind is not None and (kind.text or "").upper() == _EXPRESS)
    for name, member in node.members.items():
        inner = step(where, name)
        if member.text is not None:
            yield from _in_text(member, name, inner, path, is_express=express)
        else:
            yield from _inside(member, inner, path, is_express=express)
    for index, element in enumerate(node.elements):
        inner = f"{where}[{index}]"
        if element.text is not None:
            yield from _in_text(element, "", inner, path, is_express=is_express)
        else:
            yield from _inside(element, inner, path, is_express=is_express)


def _in_text(
    node: Node, name: str, where: str, path: str, *, is_express: bool
) -> Iterator[Machine]:
    """A definition that is kept as a text, as in CloudFormation's ``DefinitionString``."""
    text = node.text or ""
    if not text.lstrip().startswith("{") or '"StartAt"' not in text or '"States"' not in text:
        return
    try:
        root = json_source.parse(text).root
    except UnreadableError as error:
        if name != "DefinitionString":
            return
        problem = f"{where} is no valid JSON: {error.problem}"
        raise UnusableFileError(path, problem, _moved(error.at, node)) from error
    yield read_machine(_shifted(root, node), where, is_express=is_express)


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
    return replace(node, value=value, at=_moved(node.at, by), keys=keys)
