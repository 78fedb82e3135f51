"""Compiled code in a zip: Lambda's folder for code is read-only, so nothing is kept there.

Without it every cold start compiles every module again. It is compiled by an interpreter of
the functions' own Python, or not at all. Its form is PEP 552's unchecked hash: no times, so
the same sources make the same bytes, and no look at the sources when it is loaded. A source
that is changed in such a zip has to be compiled again; :func:`stale` names those that were not.
"""

from __future__ import annotations

import _imp
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package.archive import MAX_UNZIPPED, File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.package.archive import Files

TASK_ROOT = "/var/task"
"""Where Lambda unpacks a zip: what tracebacks name.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Of Lambda's those that write a set of constants in one order, and so the same bytes."""

_CACHE = "__pycache__"
_COMPILED = re.compile(
    rf"(?P<folder>.+/)?{_CACHE}/(?P<module>[^/]+)\.cpython-3(?P<minor>\d+)\.pyc",
)
_HEADER = 16
_UNCHECKED_HASH = 1
_HASHED_ALIKE = 11
"""From this minor version of Python 3 on, all hash a source alike (SipHash-1-3)."""

_WHICH = (
    "import sys; v = sys.version_info; "
    "print(sys.implementation.name, f'{v.major}.{v.minor} {v.releaselevel}:{sys.executable}')"
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """Files with compiled code, or the same files and why there is none.

    Attributes:
        files: what to put in the zip.
        left_out: None where all was compiled; otherwise the reason, for people.
    """

    files: dict[str, File]
    left_out: str | None = None


def with_compiled(files: Files, python: str | None) -> Compiled:
    """Add compiled code for one Python; what was compiled before is dropped.

    A module that is not valid source for that Python stays as it is. Without an interpreter
    of that Python on this machine, or where the zip would grow beyond what Lambda takes,
    there is none.

    Args:
        files: a zip's files.
        python: the functions' Python, as ``3.14``; None where the zip does not tell.

    Raises:
        PackageError: the interpreter failed.
    """
    sources = without_compiled(files)
    if python is None:
        return Compiled(sources, "the zip does not tell for which Python it is")
    runs_on = interpreter(python)
    if runs_on is None:
        return Compiled(sources, f"there is no Python {python} on this machine")
    added = {**sources, **_compile(sources, runs_on)}
    if sum(len(file.data) for file in added.values()) > MAX_UNZIPPED:
        return Compiled(sources, "the zip would be larger than Lambda takes")
    return Compiled(added)


def without_compiled(files: Files) -> dict[str, File]:
    """The files without what was compiled from others of them."""
    return {
        name: file
        for name, file in files.items()
        if not (PurePosixPath(name).parent.name == _CACHE and name.endswith(".pyc"))
    }


def compiled_modules(files: Files) -> dict[str, int]:
    """How many of a zip's modules are compiled, by Python version."""
    minors = [int(match["minor"]) for match, _ in _found(files)]
    return {f"3.{minor}": minors.count(minor) for minor in sorted(set(minors))}


def stale(files: Files) -> Iterator[str]:
    """Sources of which the zip holds the compiled code of another text, which would run."""
    for match, source in _found(files):
        data = files[match[0]].data
        is_unchecked = int.from_bytes(data[4:8], "little") == _UNCHECKED_HASH
        if min(int(match["minor"]), sys.version_info.minor) < _HASHED_ALIKE or not is_unchecked:
            continue
        key = int.from_bytes(data[:4], "little")  # as `importlib.util.source_hash` does it
        if data[8:_HEADER] != _imp.source_hash(key, files[source].data):
            yield source


def interpreter(python: str) -> str | None:
    """An interpreter of a Python version on this machine; none is ever downloaded."""
    for path in _candidates(python):
        # It may be a shim for another, or one from before the release.
        name, _, executable = _output([path, "-I", "-S", "-c", _WHICH], python).partition(":")
        if name == f"cpython {python} final":
            return executable
    return None


def _found(files: Files) -> Iterator[tuple[re.Match[str], str]]:
    """Compiled modules and their sources: without one nothing in ``__pycache__`` is loaded."""
    for name in files:
        match = _COMPILED.fullmatch(name)
        if match is None:
            continue
        source = f"{match['folder'] or ''}{match['module']}.py"
        if source in files:
            yield match, source


def _candidates(python: str) -> Iterator[str]:
    yield sys.executable
    on_path = shutil.which(f"python{python}")
    if on_path is not None:
        yield on_path
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is not None:
        command = [uv, "python", "find", "--no-project", "--system", "--no-python-downloads"]
        interpreter = _output([*command, python], python)
        if interpreter:
            yield interpreter


def _output(command: list[str], python: str) -> str:
    # pyenv's shims choose by a folder's file otherwise, and take a version's beginning.
    environment = {**os.environ, "PYENV_VERSION": python}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _compile(sources: Files, runs_on: str) -> dict[str, File]:
    with tempfile.TemporaryDirectory(prefix="cirrus-callbacks-compiled-") as name:
        folder = Path(name).resolve()
        for source, file in sources.items():
            if source.endswith(".py"):
                path = folder / source
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.data)
        done = subprocess.run(
            [
                *(runs_on, "-I", "-S", "-W", "ignore", "-m", "compileall", "-q", "-q"),
                *("-s", str(folder), "-p", TASK_ROOT),
                *("--invalidation-mode", "unchecked-hash", str(folder)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        compiled = {
            path.relative_to(folder).as_posix(): File(path.read_bytes())
            for path in folder.rglob(f"{_CACHE}/*.pyc")
        }
    if not compiled and any(source.endswith(".py") for source in sources):
        raise PackageError(f"{runs_on} compiled nothing: {done.stderr.strip()[-500:]}")
    return compiled
