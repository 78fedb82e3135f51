"""Create the environment of one cirrus, or bring it up to date."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

from environments.known import HERE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from environments.known import Environment

PROJECT = ROOT / "pyproject.toml"
WARNED_ABOUT = ("jsonpath_ng",)
"""Packages with invalid escapes, of which Python warns whenever it compiles them (cirrus-lib's)."""


def create(environment: Environment, uv: str, say: Callable[[str], None]) -> str | None:
    """Create an environment, or bring it up to date.

    An interpreter that is not on this machine is never downloaded.

    Returns:
        Why it cannot be had on this machine; None where it is ready.
    """
    lock = HERE / f"{environment.cirrus}.lock"
    wanted = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (lock, PROJECT)]
    ready = environment.folder / ".ready"
    found_ready = ready.read_text().split() if ready.exists() else []
    if found_ready == wanted:
        return None
    found = find_python(environment.python, uv)
    if found is None:
        return f"there is no Python {environment.python} on this machine"
    quiet = without_downloads()
    python = str(environment.folder / "bin" / "python")
    say(f"Creating .venvs/{environment.folder.name} ...")
    steps: list[tuple[object, ...]] = [
        ("venv", "--clear", "--python", found, environment.folder),
        # Compiled when it is imported: most of moto never is.
        ("pip", "sync", "--require-hashes", "--python", python, lock),
        ("pip", "install", "--no-deps", "--no-build-isolation", "--python", python, "-e", ROOT),
    ]
    if found_ready[:1] == wanted[:1]:
        del steps[:2]  # the packages are the same; only the project's own metadata changed
    for step in steps:
        subprocess.run([uv, *map(str, step), "--quiet"], env=quiet, check=True)
    _compile(environment.folder, python)
    ready.write_text("\n".join(wanted))
    return None


def find_python(version: str, uv: str) -> str | None:
    """The path of an interpreter; None where it is not on this machine."""
    found = subprocess.run(
        [uv, "python", "find", "--no-project", "--system", version],
        cwd=ROOT,  # whose .python-version lets pyenv give the ones that it has
        env=without_downloads(),
        capture_output=True,
        text=True,
        check=False,
    )
    return None if found.returncode else found.stdout.strip()


def without_downloads() -> dict[str, str]:
    """The variables with which uv downloads no interpreter and knows of no environment."""
    kept = {name: text for name, text in os.environ.items() if name != "VIRTUAL_ENV"}
    return {**kept, "UV_PYTHON_DOWNLOADS": "never"}


def _compile(folder: Path, python: str) -> None:
    """Compile once, here, what warns."""
    for package in WARNED_ABOUT:
        for found in folder.glob(f"lib/python*/site-packages/{package}"):
            compiled = [python, "-W", "ignore", "-m", "compileall", "-q", str(found)]
            subprocess.run(compiled, check=True)
