"""A dist zip of cirrus-geo from the package index, in cirrus's own layout, hooks included."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cirrus_callbacks_plugin.cirrus.installed import choose
from cirrus_callbacks_plugin.errors import PackageError, UnsupportedCirrusError
from cirrus_callbacks_plugin.package.archive import OF_THE_INSTALLER, File
from cirrus_callbacks_plugin.package.contents import inspect
from cirrus_callbacks_plugin.package.dist import SOURCES, UNTOUCHED, WRAPPED, with_callbacks

PYTHONS = ("3.12", "3.13", "3.14")
ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names, and the wheels'."""

_GLIBC = range(28, 16, -1)
"""Minor versions of glibc 2 whose wheels run on Amazon Linux 2023 (glibc 2.34)."""

# Cirrus's build empties this file: it imports what only tasks need, at every cold start.
_EMPTIED = "stactask/__init__.py"

_OLD_PIP = " (an older pip cannot resolve cirrus-geo 2: pip install uv)"
_VERSION = re.compile(r"\d+\.\d+[0-9a-z.]*")


@dataclass(frozen=True, slots=True)
class BuildTarget:
    """What to build.

    Attributes:
        cirrus: the version of cirrus-geo.
        python: Lambda's Python version, as ``3.14``.
        architecture: ``arm64`` or ``x86_64``.
    """

    cirrus: str
    python: str
    architecture: str


def build(target: BuildTarget) -> dict[str, File]:
    """Install cirrus-geo for a Lambda runtime and lay it out as its own dist zip.

    Only wheels are used, so nothing is compiled and no foreign code runs here.

    Raises:
        PackageError: cirrus has no such zip, there is no installer, or it failed.
    """
    _refuse_unsupported(target)
    with tempfile.TemporaryDirectory(prefix="cirrus-callbacks-package-") as folder:
        _install(target, Path(folder))
        files = _collect(Path(folder))
    for handler in (*WRAPPED, *UNTOUCHED):
        source = files.get(f"{SOURCES}/{handler}.py")
        if source is not None:
            files[f"{handler}.py"] = source
    name = f"cirrus-geo {target.cirrus}"
    built = with_callbacks(files, name)
    _refuse_foreign(built, target, name)
    return built


def _refuse_unsupported(target: BuildTarget) -> None:
    try:
        has_zip = choose([target.cirrus], []).generation.lists_run_at_claim
    except UnsupportedCirrusError:
        has_zip = False
    if not has_zip or not _VERSION.fullmatch(target.cirrus):
        raise PackageError(
            f"cirrus-geo {target.cirrus!r}: name a release from 1.1 on. Older ones have no zip "
            "for all their functions; there the handler is replaced in the project "
            "(docs/installing)",
        )


def _refuse_foreign(files: dict[str, File], target: BuildTarget, name: str) -> None:
    """An installer that ignored what it was told would show only in Lambda."""
    contents = inspect(files, name)
    wrong = [text for text in contents.pythons if text != target.python]
    wrong += [text for text in contents.architectures if text != target.architecture]
    if wrong:
        raise PackageError(
            f"{name}: the installer brought libraries for {', '.join(wrong)} instead of Python "
            f"{target.python} on {target.architecture}; try another installer (uv or pip)",
        )


def _install(target: BuildTarget, folder: Path) -> None:
    requirement = f"cirrus-geo=={target.cirrus}"
    command = [*_installer(target), "--target", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR:")]  # pip's; uv says little
        raise PackageError(
            f"{requirement} could not be installed for Python {target.python} on "
            f"{target.architecture} by {Path(command[0]).name}: "
            f"{' '.join(errors or said[-6:]) or 'it said nothing'}"
            f"{_OLD_PIP if errors else ''}",
        )


def _installer(target: BuildTarget) -> list[str]:
    """Uv where it is, since older pips cannot resolve cirrus-geo 2; pip otherwise.

    Raises:
        PackageError: neither is there.
    """
    wheels = ARCHITECTURES[target.architecture]
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is not None:
        return [
            *(uv, "pip", "install", "--quiet", "--only-binary", ":all:"),
            *("--python", sys.executable, "--python-version", target.python),
            *("--python-platform", f"{wheels}-manylinux_2_28"),
        ]
    if importlib.util.find_spec("pip") is None:
        raise PackageError(
            "Neither uv nor pip is here to install cirrus-geo with: pip install uv",
        )
    platforms = [f"manylinux_2_{minor}_{wheels}" for minor in _GLIBC] + [f"manylinux2014_{wheels}"]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-compile", "--only-binary", ":all:", "--implementation", "cp"),
        *("--python-version", target.python),
        *(part for platform in platforms for part in ("--platform", platform)),
    ]


def _collect(folder: Path) -> dict[str, File]:
    """Every installed file that a lambda may need."""
    files = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if not path.is_file() or "__pycache__" in name.parts or name.parts[0] in ("bin", ".lock"):
            continue
        if name.parent.name.endswith(".dist-info") and name.name in OF_THE_INSTALLER:
            continue
        executable = bool(path.stat().st_mode & 0o100) and path.suffix not in (".so", ".py")
        files[name.as_posix()] = File(path.read_bytes(), executable=executable)
    if _EMPTIED in files:
        files[_EMPTIED] = File(b"")
    return files
