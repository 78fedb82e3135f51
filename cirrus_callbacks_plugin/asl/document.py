"""A file, and the state machines in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl import declared, json_source, yaml_source
from cirrus_callbacks_plugin.asl.errors import (
    NamedElsewhereError,
    UnreadableError,
    UnusableFileError,
)
from cirrus_callbacks_plugin.asl.machine import Machine  # noqa: TC001 - the same
from cirrus_callbacks_plugin.asl.named_files import MAX_BYTES
from cirrus_callbacks_plugin.asl.reading import Unread  # noqa: TC001 - a field's type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cirrus_callbacks_plugin.asl.json_source import Parsed

RELAXED_SUFFIXES = (".json5", ".jsonc")
"""Their comments, and a comma too many, are taken out when they are deployed."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read.

    Attributes:
        path: as the user named it.
        parsed: its nodes, comments and duplicate keys.
        machines: the state machines in it.
        unread: what declares a state machine in it and cannot be read; there is a machine or
            one of these.
        named: the files that it names and that hold some of the machines, by their paths.
    """

    path: str
    parsed: Parsed
    machines: tuple[Machine, ...]
    unread: tuple[Unread, ...] = ()
    named: Mapping[str, Parsed] = field(default_factory=dict)

    @property
    def unread_errors(self) -> list[UnusableFileError]:
        """What could not be read, as people are told."""
        return [
            UnusableFileError(
                each.file or self.path, f"{each.where} was not checked: {each.why}", each.at
            )
            for each in self.unread
        ]

    @property
    def by_file(self) -> Iterator[Document]:
        """This file with what stands in it, and each file that it names, with what stands there."""
        own = tuple(each for each in self.machines if each.origin.file is None)
        yield replace(self, machines=own)
        for path, parsed in self.named.items():
            machines = tuple(each for each in self.machines if each.origin.file == path)
            if machines:
                yield Document(path, parsed, machines)


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
        named_file = _find(error.named, Path(path))
        if named_file is None:
            raise
        return read(str(named_file))


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
        UnusableFileError: it is not JSON or YAML, or holds no state machine.
    """
    is_yaml = yaml_source.is_yaml(path)
    is_relaxed = path.lower().endswith(RELAXED_SUFFIXES)
    try:
        if is_yaml:
            parsed = yaml_source.parse(text)
        else:
            parsed = json_source.parse(text, is_relaxed=is_relaxed)
    except UnreadableError as error:
        kind = "YAML" if is_yaml else "JSON"
        raise UnusableFileError(path, f"is not valid {kind}: {error.problem}", error.at) from error
    contents = declared.find(parsed.root, path)
    if not contents.machines and not contents.unread:
        named = parsed.root.get("state_machine_filepath")
        if named is not None and named.text:
            raise NamedElsewhereError(path, named.text)
        raise UnusableFileError(path, "holds no state machine: an object with StartAt and States")
    if not contents.machines and all(each.is_broken for each in contents.unread):
        first = contents.unread[0]
        problem = f"{first.where} {first.why.removeprefix('it ')}"
        raise UnusableFileError(first.file or path, problem, first.at)
    return Document(
        path,
        replace(parsed, comments=()) if is_relaxed else parsed,
        tuple(contents.machines),
        tuple(contents.unread),
        contents.files,
    )
