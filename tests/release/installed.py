"""A release as its users get it: installed, without this checkout, and tried."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.created import find_python, without_downloads
from release.checked import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FIND_HOOKS = """
import json
from cirrus_callbacks_plugin.cirrus.installed import adapter, cirrus_handler
from importlib.metadata import entry_points
import cirrus_callbacks_plugin.lambda_functions.process as process
import cirrus_callbacks_plugin.lambda_functions.update_state as update_state
import cirrus_callbacks_plugin
for name in ("process", "update_state"):
    assert callable(cirrus_handler(name)), name
    assert entry_points(group="cirrus.hooks", name=name), name
assert callable(process.lambda_handler) and callable(update_state.lambda_handler)
print(json.dumps([adapter().version, cirrus_callbacks_plugin.__file__]))
"""
SENDER_ALONE = """
from cirrus_callbacks_plugin.lambda_functions import reconciler, sender
assert callable(sender.lambda_handler) and callable(reconciler.lambda_handler)
"""


@dataclass(frozen=True)
class Place:
    """An environment in which a release is installed.

    Attributes:
        python: the version.
        extras: what is installed with it.
        cirrus: how the version of Cirrus begins that it must find; empty for none.
        without_needs: a package that is installed without what it asks for.
    """

    python: str
    extras: str
    cirrus: str = ""
    without_needs: str | None = None

    @property
    def title(self) -> str:
        """What people read."""
        return f"[{self.extras}] on Python {self.python}"


_PYTHONS = ("3.12", "3.13", "3.14")
PLACES = (
    Place("3.10", "lambda,cli"),
    Place("3.11", "lambda,cli"),
    *(Place(python, "lambda,cli") for python in _PYTHONS),
    Place("3.12", "cirrus-0-8,cli", "0.8", "cirrus-geo==0.7.0"),
    Place("3.12", "cirrus-0-15,cli", "0.15"),
    Place("3.12", "cirrus-1,cli", "1."),
    *(Place(python, "cirrus-2,cli", "2.") for python in _PYTHONS),
)
LOCAL = tuple(Place(python, "local", "2.") for python in _PYTHONS)


@dataclass
class Installer:
    """Installs a built file into environments of their own.

    Attributes:
        uv: the installer.
        folder: where environments are made; empty otherwise.
        say: prints a line.
    """

    uv: str
    folder: Path
    say: Callable[[str], None]

    def environment(self, place: Place, file: Path) -> Path | None:
        """Make one; None where its interpreter is not on this machine, which is said."""
        at = self.folder / "environment"
        shutil.rmtree(at, ignore_errors=True)
        found = find_python(place.python, self.uv)
        if found is None:
            self.say(f"skipped: {place.title}, there is no Python {place.python} on this machine")
            return None
        self._done("venv", "--quiet", "--python", found, str(at))
        python = str(at / "bin" / "python")
        self._done("pip", "install", "-q", "--python", python, f"{file}[{place.extras}]")
        if place.without_needs:
            self._done("pip", "install", "-q", "--no-deps", "--python", python, place.without_needs)
        return at

    def try_parts(self, place: Place, file: Path, version: str) -> bool:
        """Install, and find hooks, Cirrus and the command; False where it is skipped."""
        at = self.environment(place, file)
        if at is None:
            return False
        told = self.run(at, "cirrus-callbacks", "--version")
        if version not in told:
            raise NotReadyError(f"{place.title}: the command says {told.strip()}, not {version}")
        if not place.cirrus:
            self.run(at, "python", "-W", "ignore", "-c", SENDER_ALONE)
        else:
            found, where = json.loads(self.run(at, "python", "-W", "ignore", "-c", FIND_HOOKS))
            if not found.startswith(place.cirrus) or not where.startswith(str(at)):
                raise NotReadyError(f"{place.title}: Cirrus {found} and {where} were found")
        self.say(f"ok       {file.name}: {place.title}")
        return True

    def run(
        self,
        at: Path,
        command: str,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Run a command of the environment in an empty folder.

        Args:
            at: the environment.
            command: its name.
            arguments: its arguments.
            variables: what is added to the caller's environment.

        Raises:
            NotReadyError: it did not end with 0; what it printed follows.
        """
        empty = self.folder / "empty"
        shutil.rmtree(empty, ignore_errors=True)
        empty.mkdir()
        kept = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            [str(at / "bin" / command), *arguments],
            cwd=empty,
            env={
                **kept,
                **(variables or {}),
                "AWS_DEFAULT_REGION": "us-west-2",
                "VIRTUAL_ENV": str(at),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            shown = " ".join([command, *arguments[:3]])[:80]
            raise NotReadyError(f"{shown}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _done(self, *arguments: str) -> None:
        done = subprocess.run(
            [self.uv, *arguments],
            env=without_downloads(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotReadyError(f"uv {' '.join(arguments)}:\n{done.stderr}")
