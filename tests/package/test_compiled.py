"""Compiled code in zips: of the functions' own Python, or none."""

from __future__ import annotations

import importlib.util
import marshal
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.package import compiled
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.package.compiled import (
    compiled_modules,
    interpreter,
    stale,
    with_compiled,
    without_compiled,
)

if TYPE_CHECKING:
    from pathlib import Path

HERE = f"3.{sys.version_info.minor}"
OTHER = "3.13" if HERE != "3.13" else "3.12"
FILES = {
    "process.py": File(b"x = 1\n"),
    "a/__init__.py": File(b""),
    "a/b-c.py": File(b"x = __file__ in {'p', 'q', 'r'}, 1.5, (1.5, 'p')\n"),
    "re.py": File(b"raise SystemExit('this is not the standard library')\n"),
    "old/bad.py": File(b"print 'x'\n"),
    "a/data.txt": File(b"x"),
}
MODULES = ("process", "re")


@pytest.fixture(scope="module")
def made() -> dict[str, File]:
    """The files with compiled code for the Python that runs the tests."""
    done = with_compiled(FILES, HERE)
    assert done.left_out is None
    return done.files


def cached(module: str, python: str = HERE) -> str:
    """Where Python looks for a module's compiled code."""
    return f"__pycache__/{module}.cpython-{python.replace('.', '')}.pyc"


def test_the_same_sources_make_the_same_bytes(made: dict[str, File]) -> None:
    """Whenever they are compiled, alone or beside others; compiled code is not an input."""
    assert with_compiled(FILES, HERE).files == made
    assert with_compiled(made, HERE).files == made
    alone = with_compiled({"process.py": FILES["process.py"]}, HERE).files
    assert alone[cached("process")] == made[cached("process")]


def test_every_source_is_beside_what_was_compiled_of_it(made: dict[str, File]) -> None:
    """No source is changed; one that this Python cannot read stays alone, and the rest counts.

    Nothing of the zip is run, whatever its modules are called.
    """
    assert {name: made[name] for name in FILES} == FILES
    added = set(made) - set(FILES)
    assert added == {*map(cached, MODULES), f"a/{cached('__init__')}", f"a/{cached('b-c')}"}
    assert compiled_modules(made) == {HERE: 4}


def test_code_names_lambdas_folder_and_no_other(made: dict[str, File]) -> None:
    """Tracebacks read as in Lambda; its form is loaded without a look at the source."""
    data = made[f"a/{cached('b-c')}"].data
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[4:8] == (0b01).to_bytes(4, "little")  # hashed, and not checked (PEP 552)
    assert data[8:16] == importlib.util.source_hash(FILES["a/b-c.py"].data)
    code = marshal.loads(data[16:])  # noqa: S302 - made above
    assert code.co_filename == "/var/task/a/b-c.py"


def test_a_source_that_was_changed_is_named(made: dict[str, File]) -> None:
    """What was compiled before would run; compiling again mends it, dropping it too."""
    changed = {**made, "process.py": File(b"x = 2\n")}
    assert list(stale(made)) == []
    assert list(stale(changed)) == ["process.py"]
    assert list(stale(with_compiled(changed, HERE).files)) == []
    assert without_compiled(changed) == {**FILES, "process.py": File(b"x = 2\n")}


def test_what_others_compiled_is_dropped() -> None:
    """An installer's has the times of a machine that is gone; without its source none is loaded."""
    others = {cached("gone"): File(b""), "a/__pycache__/x.cpython-312.opt-1.pyc": File(b"")}
    assert without_compiled({**FILES, **others, "kept.pyc": File(b"")}) == {
        **FILES,
        "kept.pyc": File(b""),
    }
    assert compiled_modules(others) == {}


def test_without_that_python_there_are_sources_alone(made: dict[str, File]) -> None:
    """And the reason is told; nothing is compiled for a Python that is not known."""
    done = with_compiled(made, "3.99")
    assert (done.files, done.left_out) == (FILES, "there is no Python 3.99 on this machine")
    done = with_compiled(made, None)
    assert (done.files, done.left_out) == (
        FILES,
        "the zip does not tell for which Python it is",
    )


@pytest.mark.parametrize(
    "says",
    ["exit 127", "echo 'cpython 3.12 final:/x'", "echo 'cpython 3.99 alpha:/x'", "echo pypy"],
)
def test_an_interpreter_is_asked_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    """A shim may stand for no Python, or another; before a release bytecode still changes."""
    shim = tmp_path / "python3.99"
    shim.write_text(f"#!/bin/sh\n{says}\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert interpreter("3.99") is None
    shim.write_text("#!/bin/sh\necho 'cpython 3.99 final:/x/python'\n")
    assert interpreter("3.99") == "/x/python"


def test_what_would_not_fit_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda takes 250 MB: a zip that fits without compiled code is not made too large by it."""
    monkeypatch.setattr(compiled, "MAX_UNZIPPED", sum(len(file.data) for file in FILES.values()))
    done = with_compiled(FILES, HERE)
    assert (done.files, done.left_out) == (FILES, "the zip would be larger than Lambda takes")


@pytest.mark.skipif(interpreter(OTHER) is None, reason="there is no other Python here")
def test_another_python_compiles_for_itself(tmp_path: Path) -> None:
    """And loads what it compiled."""
    files = with_compiled(FILES, OTHER).files
    assert list(compiled_modules(files)) == [OTHER]
    assert files[cached("process", OTHER)].data[:4] != importlib.util.MAGIC_NUMBER
    (tmp_path / "__pycache__").mkdir()
    for name in ("process.py", cached("process", OTHER)):
        (tmp_path / name).write_bytes(files[name].data)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
        "sys.addaudithook(lambda name, about: print(name, about[1]) if name == 'compile' else None)"
        "; import process; print(process.x)"
    )
    done = subprocess.run(
        [str(interpreter(OTHER)), "-I", "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"
