"""What a zip for Lambda contains: versions, Python, architecture, wrapped handlers."""

from __future__ import annotations

import re
import struct
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package.compiled import compiled_modules, stale
from cirrus_callbacks_plugin.package.dist import SOURCES, UNTOUCHED, WRAPPED, root_handler
from cirrus_callbacks_plugin.package.plugin import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.package.archive import File, Files

# e_machine of an ELF header, by Lambda's names.
# https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}
_ELF = b"\x7fELF"
_ELF_MACHINE = 18
"""Where e_machine stands: two bytes."""
_ABI = re.compile(r"\.cpython-(\d)(\d+)[^/]*\.so$")
_TAG = re.compile(r"^Tag: cp(\d)(\d+)-cp\d", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a zip contains.

    Attributes:
        cirrus: cirrus-geo's version, None where there is none.
        plugin: the plugin's version, None where it is not in it.
        pythons: Python versions that its compiled parts are for; empty: any.
        architectures: what its compiled parts run on; empty: any.
        handlers: of each handler at the root ``wrapped``, ``cirrus's own`` or ``changed``.
        modules: how many modules it holds.
        compiled: how many of them are compiled, by Python version; empty: a cold start
            compiles each module that it imports.
        stale: modules whose compiled code, which is what runs, is of another source.
    """

    cirrus: str | None
    plugin: str | None
    pythons: tuple[str, ...]
    architectures: tuple[str, ...]
    handlers: dict[str, str]
    modules: int = 0
    compiled: dict[str, int] = field(default_factory=dict)
    stale: tuple[str, ...] = ()

    @property
    def is_hooked(self) -> bool:
        """True where the plugin is in it, and no handler passes the hooks by."""
        own = [self.handlers.get(name) == "cirrus's own" for name in WRAPPED]
        return self.plugin is not None and not any(own)

    def to_json(self) -> dict[str, Any]:
        """What ``--check --json`` prints."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """What ``--check`` prints."""
        yield f"cirrus-geo: {self.cirrus or 'none'}"
        yield f"{PACKAGE.replace('_', '-')}: {self.plugin or 'none'}"
        yield f"Python: {', '.join(self.pythons) or 'any'}"
        yield f"architecture: {', '.join(self.architectures) or 'any'}"
        for name, state in self.handlers.items():
            yield f"{name}.lambda_handler: {state}"
        for python, count in self.compiled.items():
            yield f"compiled for Python {python}: {count:,} of {self.modules:,} modules"
        if not self.compiled:
            yield "compiled: no"


def inspect(files: Files, name: str) -> Contents:
    """Say what a zip contains.

    Raises:
        PackageError: it holds neither cirrus nor the plugin, or a library that is cut off.
    """
    _refuse_stumps(files, name)
    contents = Contents(
        cirrus=_version(files, "cirrus_geo"),
        plugin=plugin_version(files),
        pythons=tuple(sorted(set(_pythons(files)), key=lambda text: int(text[2:]))),
        architectures=tuple(sorted(set(_architectures(files)))),
        handlers={
            handler: _handler(files, handler)
            for handler in (*WRAPPED, *UNTOUCHED)
            if f"{handler}.py" in files
        },
        modules=sum(entry.endswith(".py") for entry in files),
        compiled=compiled_modules(files),
        stale=tuple(sorted(stale(files))),
    )
    if contents.cirrus is None and contents.plugin is None:
        raise PackageError(f"{name}: holds neither cirrus-geo nor the plugin")
    return contents


def _refuse_stumps(files: Files, name: str) -> None:
    for library, file in _libraries(files):
        if len(file.data) < _ELF_MACHINE + 2:
            raise PackageError(
                f"{name}: {library} is cut off after {len(file.data)} bytes; build the zip again"
            )


def machine_of(library: bytes) -> str:
    """The architecture of an ELF file, by Lambda's name; a hexadecimal number otherwise."""
    order = "<" if library[5:6] == b"\x01" else ">"
    (machine,) = struct.unpack_from(f"{order}H", library, _ELF_MACHINE)
    return _MACHINES.get(machine, hex(machine))


def _handler(files: Files, handler: str) -> str:
    present = files[f"{handler}.py"].data
    if present == root_handler(handler).data:
        return "wrapped"
    source = files.get(f"{SOURCES}/{handler}.py")
    return "cirrus's own" if source is not None and source.data == present else "changed"


def plugin_version(files: Files) -> str | None:
    """The plugin's version, by its metadata; None where it has none in it."""
    return _version(files, PACKAGE)


def _version(files: Files, distribution: str) -> str | None:
    pattern = re.compile(rf"{distribution}-([^/]+)\.dist-info/METADATA")
    versions = [match[1] for name in files if (match := pattern.fullmatch(name))]
    return " and ".join(sorted(versions)) or None


def _libraries(files: Files) -> Iterator[tuple[str, File]]:
    for name, file in files.items():
        if (name.endswith(".so") or ".so." in name) and file.data[:4] == _ELF:
            yield name, file


def _pythons(files: Files) -> Iterator[str]:
    for name, _ in _libraries(files):
        for match in _ABI.finditer(name):
            yield f"{match[1]}.{match[2]}"
    for name, file in files.items():
        if name.endswith(".dist-info/WHEEL"):
            text = file.data.decode(errors="replace")
            if "abi3" not in text:
                for match in _TAG.finditer(text):
                    yield f"{match[1]}.{match[2]}"


def _architectures(files: Files) -> Iterator[str]:
    for _, file in _libraries(files):
        yield machine_of(file.data)
