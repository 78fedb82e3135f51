"""A part of the whole run: tests that one pytest runs, in one environment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.known import COVERAGE, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.known import Environment

CACHES = ROOT / ".pytest_cache"
_GROUP = re.compile(r"@[^@\]]+\Z")
"""Behind a test's name; a parameter, in which there may be such a sign, ends with a bracket."""


def say(line: str) -> None:
    """Print a line now, in order with what pytest prints."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run_here(command: Sequence[str]) -> int:
    """Run a command on this terminal; its exit status."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


@dataclass(frozen=True)
class Part:
    """Tests that one pytest runs.

    Attributes:
        name: names its files.
        title: what people read.
        tests: files, folders and what is left out of them.
        python: the interpreter.
        options: of pytest, for its first try.
        is_counted: its coverage is.
        is_alone: it comes once the first part is through: some of its tests wait for real
            time, and fail where they get too little of a core.
    """

    name: str
    title: str
    tests: tuple[str, ...]
    python: str = sys.executable
    options: tuple[str, ...] = ("-q",)
    is_counted: bool = False
    is_alone: bool = False

    @classmethod
    def of_environment(cls, environment: Environment) -> Part:
        """The tests of an environment."""
        return cls(
            environment.folder.name,
            environment.title,
            environment.tests,
            str(environment.folder / "bin" / "python"),
            is_counted=environment.is_counted,
            is_alone=True,
        )

    def command(self, *options: str, tests: Sequence[str] = ()) -> list[str]:
        """What runs it.

        Args:
            options: further options of pytest.
            tests: what runs instead of its own tests.
        """
        return self._command("first", [*self.options, *options, "--cache-clear"], tests)

    def command_again(self, *, tests: Sequence[str] = ()) -> list[str]:
        """What runs, by themselves, the tests that failed."""
        again = ["-q", "--last-failed", "--last-failed-no-failures", "none"]
        return self._command("again", again, tests)

    def forget_groups(self) -> None:
        """Let what failed be found again: xdist notes tests of a group by another name.

        Of names that no test has pytest would say that nothing of it failed, and run everything.
        """
        file = CACHES / self.name / "v" / "cache" / "lastfailed"
        if file.exists():
            failed = json.loads(file.read_text())
            file.write_text(
                json.dumps({_GROUP.sub("", name): each for name, each in failed.items()})
            )

    def _command(self, which: str, options: Sequence[str], tests: Sequence[str]) -> list[str]:
        counted: list[str] = []
        if self.is_counted:
            COVERAGE.mkdir(exist_ok=True)
            out = COVERAGE / f"{self.name}-{which}.json"
            counted = ["-m", "slipcover", "--json", "--out", str(out)]
        pytest = ["-m", "pytest", "-o", f"cache_dir={CACHES / self.name}"]
        return [self.python, *counted, *pytest, *options, *(tests or self.tests)]
