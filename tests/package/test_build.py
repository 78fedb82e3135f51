"""A dist zip from the package index."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.cirrus.generations import of_version
from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package import archive, build
from cirrus_callbacks_plugin.package.build import BuildTarget
from cirrus_callbacks_plugin.package.contents import inspect
from support.unpacked import Unpacked
from support.zip_loop import deploy, environment, run_loop

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.package.archive import File

ROOT = Path(__file__).parents[2]
HERE = {"aarch64": "arm64", "x86_64": "x86_64"}.get(platform.machine(), "none")
OTHER = "x86_64" if HERE == "arm64" else "arm64"


@pytest.fixture(autouse=True)
def uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """The uv that the Makefile installed, before any other."""
    monkeypatch.setenv("PATH", f"{ROOT / '.tools' / 'bin'}{os.pathsep}{os.environ['PATH']}")


def interpreter(python: str) -> str:
    """An interpreter of that version on this machine, never downloaded."""
    found = subprocess.run(
        [str(shutil.which("uv")), "python", "find", "--no-project", "--system", python],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        pytest.skip(f"there is no Python {python} on this machine")
    return found.stdout.strip()


@pytest.mark.skipif(HERE == "none", reason="Lambda has no functions of this architecture")
@pytest.mark.parametrize(
    "target",
    [
        BuildTarget("2.0.0", "3.12", HERE),
        BuildTarget("1.3.2", "3.13", HERE),
        BuildTarget("2.0.0", "3.14", HERE),
    ],
    ids=lambda target: f"{target.cirrus}-{target.python}",
)
def test_a_built_zip_runs_the_loop(
    tmp_path: Path,
    boto3_alone: Path,
    endpoint: str,
    target: BuildTarget,
) -> None:
    """Where its interpreter is to be had, a built zip registers and settles by itself."""
    runs_on = interpreter(target.python)
    packed = archive.write(tmp_path / "built.zip", build.build(target)).path
    created = deploy(endpoint)
    functions = Unpacked.of(packed, tmp_path / "t", boto3_alone, runs_on, **environment(created))
    row = run_loop(functions, created)
    assert row["workflow_state"] == {"S": of_version(target.cirrus).completed}
    assert row["cirrus_version"] == {"S": target.cirrus}


@pytest.fixture(scope="module")
def foreign() -> dict[str, File]:
    """The zip of FilmDrop's default today, but for an architecture that is not this one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", f"{ROOT / '.tools' / 'bin'}{os.pathsep}{os.environ['PATH']}")
        return build.build(BuildTarget("2.0.0", "3.14", OTHER))


def test_a_zip_for_another_machine_holds_its_libraries_alone(foreign: dict[str, File]) -> None:
    """Every library is for the architecture and Python asked for, and every wheel's tag."""
    found = inspect(foreign, "built.zip")
    assert (found.pythons, found.architectures) == (("3.14",), (OTHER,))
    assert (found.cirrus, found.handlers["process"]) == ("2.0.0", "wrapped")
    tags = [
        line.removeprefix("Tag: ")
        for name, file in foreign.items()
        if name.endswith(".dist-info/WHEEL")
        for line in file.data.decode().splitlines()
        if line.startswith("Tag: ")
    ]
    machine = build.ARCHITECTURES[OTHER]
    wrong = [tag for tag in tags if not tag.endswith(("-any", f"_{machine}"))]
    assert wrong == []
    assert sum(machine in tag for tag in tags) > 5


def test_a_built_zip_is_laid_out_as_cirrus_lays_out_its_own(foreign: dict[str, File]) -> None:
    """Handlers at the root, the costly import emptied, nothing of the installer's."""
    assert foreign["api.py"] == foreign["cirrus/lambda_functions/api.py"]
    assert foreign["stactask/__init__.py"].data == b""
    assert not [name for name in foreign if name.startswith(("bin/", ".lock"))]
    assert not [name for name in foreign if name.endswith(("/INSTALLER", ".pyc"))]


def test_building_again_makes_the_same_files(foreign: dict[str, File]) -> None:
    """Two builds of the same target hold the same bytes."""
    assert build.build(BuildTarget("2.0.0", "3.14", OTHER)) == foreign


@pytest.mark.parametrize("cirrus", ["0.15.4", "0.7.0", "1.0.2", "abc", "2.0.0 --pre", ""])
def test_a_cirrus_without_such_a_zip_is_refused(cirrus: str) -> None:
    """Older cirrus has a package a function; what is not a version is not a version."""
    with pytest.raises(PackageError, match=r"name a release from 1\.1 on"):
        build.build(BuildTarget(cirrus, "3.12", "arm64"))


def test_a_version_that_is_not_there_is_named() -> None:
    """What the installer says reaches the person, with what was asked for."""
    with pytest.raises(PackageError, match=r"cirrus-geo==2\.999 .* Python 3\.14 on arm64 by uv"):
        build.build(BuildTarget("2.999", "3.14", "arm64"))


def test_without_an_installer_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither uv nor pip: the message says what to install; with pip alone, pip is used."""
    monkeypatch.setattr(build.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(PackageError, match="pip install uv"):
        build.build(BuildTarget("2.0.0", "3.14", "arm64"))
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda _: object())
    command = build._installer(BuildTarget("2.0.0", "3.14", "arm64"))
    assert command[1:4] == ["-m", "pip", "install"]
    assert "manylinux2014_aarch64" in command


def test_libraries_for_something_else_are_refused(foreign: dict[str, File]) -> None:
    """An installer that ignored the target would otherwise show only in Lambda."""
    with pytest.raises(PackageError, match=r"for 3\.14, .* instead of Python 3\.12"):
        build._refuse_foreign(foreign, BuildTarget("2.0.0", "3.12", HERE), "x")


@pytest.mark.skipif(Path(sys.prefix) != ROOT / ".venv", reason="not the environment of make demo")
def test_the_environment_of_make_demo_has_an_installer() -> None:
    """A uv of its own, whatever is on PATH: what it builds needs nothing else."""
    (own, *_) = build._installer(BuildTarget("2.0.0", "3.12", "arm64"))
    assert Path(own) == ROOT / ".venv" / "bin" / "uv"
    done = subprocess.run([own, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("uv ")
