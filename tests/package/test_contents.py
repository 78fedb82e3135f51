"""What a zip contains, as ``--check`` says it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package import archive
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.package.contents import inspect, machine_of
from cirrus_callbacks_plugin.package.dist import with_callbacks
from support.generation import VERSION

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "cirrus_geo-2.0.0.dist-info/METADATA"


def library(machine: int) -> File:
    """The head of a shared library."""
    return File(b"\x7fELF\x02\x01" + bytes(12) + struct.pack("<H", machine))


def test_a_dist_before_and_after(dist: Path) -> None:
    """Versions and handlers are told apart before and after the hooks are in."""
    files = archive.read(dist)
    before = inspect(files, dist.name)
    assert (before.cirrus, before.plugin) == (VERSION, None)
    assert set(before.handlers.values()) == {"cirrus's own"}
    after = inspect(with_callbacks(files, dist.name), dist.name)
    assert after.plugin is not None
    assert after.handlers == {
        "process": "wrapped",
        "update_state": "wrapped",
        "api": "cirrus's own",
        "pre_batch": "cirrus's own",
        "post_batch": "cirrus's own",
    }


def test_python_and_architecture_are_those_of_its_libraries() -> None:
    """Names of libraries and tags of wheels give the Python, ELF headers the architecture."""
    files = {
        METADATA: File(b""),
        "a/_x.cpython-314-aarch64-linux-gnu.so": library(0xB7),
        "b/_y.abi3.so": library(0xB7),
        "c-1.dist-info/WHEEL": File(b"Tag: cp314-cp314-manylinux_2_28_aarch64\n"),
        "d-1.dist-info/WHEEL": File(b"Tag: cp39-abi3-manylinux_2_28_aarch64\n"),
        "e-1.dist-info/WHEEL": File(b"Tag: py3-none-any\n"),
    }
    found = inspect(files, "x.zip")
    assert (found.pythons, found.architectures) == (("3.14",), ("arm64",))
    mixed = inspect({**files, "f.cpython-312-x86_64-linux-gnu.so": library(0x3E)}, "x.zip")
    assert (mixed.pythons, mixed.architectures) == (("3.12", "3.14"), ("arm64", "x86_64"))
    assert machine_of(library(0xF3).data) == "0xf3"
    pure = inspect({METADATA: File(b"")}, "x.zip")
    assert "Python: any" in list(pure.lines())


def test_a_changed_handler_is_called_changed() -> None:
    """A root handler that is neither ours nor cirrus's is not taken for either."""
    files = {METADATA: File(b""), "process.py": File(b"x"), "api.py": File(b"y")}
    assert inspect(files, "x.zip").handlers == {"process": "changed", "api": "changed"}


def test_a_foreign_zip_is_refused() -> None:
    """A zip with neither cirrus nor the plugin has nothing to check."""
    with pytest.raises(PackageError, match="neither cirrus-geo nor the plugin"):
        inspect({"x.py": File(b"")}, "x.zip")


@pytest.mark.parametrize("size", [4, 5, 19])
def test_a_library_that_is_cut_off_is_named(size: int) -> None:
    """One line instead of a traceback."""
    files = {METADATA: File(b""), "a/_x.so": File(library(0xB7).data[:size])}
    with pytest.raises(PackageError, match=rf"x\.zip: a/_x\.so is cut off after {size} bytes"):
        inspect(files, "x.zip")


def test_a_zip_with_the_plugin_and_cirrus_own_handler_is_not_hooked(dist: Path) -> None:
    """With a handler put back, the hooks are taken out."""
    files = with_callbacks(archive.read(dist), dist.name)
    assert inspect(files, dist.name).is_hooked
    files["process.py"] = files["cirrus/lambda_functions/process.py"]
    assert not inspect(files, dist.name).is_hooked
