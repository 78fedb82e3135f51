"""Run the tests in the environment of every cirrus that is supported: real packages, locked.

``run.py UV [NAME ...] [-- PYTEST ARGUMENT ...]``; a name is ``0.7``, ``0.15``, ``1.3``,
``2.0`` (each Python that it is tested on) or ``none`` (the unit tests without any cirrus,
on the oldest Python). Without a name all run, except what the main environment covers.

An interpreter that is not on this machine is skipped, by name, and never downloaded.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PROJECT = ROOT / "pyproject.toml"
COVERAGE = ROOT / ".coverage"
"""Where each run's coverage is put, for ``make test`` to merge."""
# What knows nothing of cirrus's generations is tested with one of them, the newest.
ALIKE = ("sender", "many_waiters", "stream_filters", "table", "flag_update", "wait_log")
WHOLE_LOOP = (
    "tests/functional",
    "--ignore=tests/functional/local",
    *(f"--ignore=tests/functional/test_{name}.py" for name in ALIKE),
    "tests/generations",
)
UNITS = (
    "tests/unit",
    "tests/package/test_archive.py",
    "--ignore=tests/unit/local",
    # Arithmetic on twenty thousand rows: the same on every Python.
    "--ignore=tests/unit/reconcile/test_fairness.py",
)


@dataclass(frozen=True)
class Environment:
    """One cirrus (or none) on one Python.

    Attributes:
        cirrus: the generation, as its lock file is named.
        python: the Python version.
        tests: what runs there.
        is_counted: its coverage is.
        in_main: True where the main environment runs the same tests anyway.
    """

    cirrus: str
    python: str
    tests: tuple[str, ...] = WHOLE_LOOP
    is_counted: bool = True
    in_main: bool = False

    @property
    def folder(self) -> Path:
        """Where it is created."""
        return ROOT / ".venvs" / f"{self.cirrus}-{self.python}"

    @property
    def title(self) -> str:
        """What people read."""
        cirrus = "no cirrus" if self.cirrus == "none" else f"cirrus {self.cirrus}"
        return f"{cirrus} on Python {self.python}"


ENVIRONMENTS = (
    Environment("0.7", "3.12"),
    Environment("0.15", "3.12"),
    Environment("1.3", "3.12"),
    Environment("2.0", "3.12", in_main=True),
    Environment("2.0", "3.13"),
    Environment("2.0", "3.14"),
    # Counting is cheap from Python 3.12 on.
    Environment("none", "3.10", UNITS, is_counted=False),
)


def say(line: str) -> None:
    """Print a line now, in order with what pytest prints."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def create(environment: Environment, uv: str) -> str | None:
    """Create an environment, or bring it up to date.

    Returns:
        Why it cannot be had on this machine; None where it is ready.
    """
    lock = HERE / f"{environment.cirrus}.lock"
    wanted = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (lock, PROJECT)]
    ready = environment.folder / ".ready"
    found_ready = ready.read_text().split() if ready.exists() else []
    if found_ready == wanted:
        return None
    quiet = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    quiet.pop("VIRTUAL_ENV", None)
    found = subprocess.run(
        [uv, "python", "find", "--no-project", "--system", environment.python],
        env=quiet,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        return f"there is no Python {environment.python} on this machine"
    python = str(environment.folder / "bin" / "python")
    say(f"Creating .venvs/{environment.folder.name} ...")
    steps: list[tuple[object, ...]] = [
        ("venv", "--clear", "--python", found.stdout.strip(), environment.folder),
        # Compiled once, here: cirrus-lib's jsonpath-ng holds invalid escapes, which Python
        # warns about whenever it compiles them.
        ("pip", "sync", "--require-hashes", "--compile-bytecode", "--python", python, lock),
        ("pip", "install", "--no-deps", "--no-build-isolation", "--python", python, "-e", ROOT),
    ]
    if found_ready[:1] == wanted[:1]:
        del steps[:2]  # the packages are the same; only the project's own metadata changed
    for step in steps:
        subprocess.run([uv, *map(str, step), "--quiet"], env=quiet, check=True)
    ready.write_text("\n".join(wanted))
    return None


def run(environment: Environment, arguments: list[str]) -> bool:
    """Run an environment's tests; True where they passed."""
    chosen = arguments or environment.tests
    cache = f"cache_dir={environment.folder / 'cache'}"
    command = ["-m", "pytest", "-q", "-o", cache, *chosen]
    beside = ["-n", "auto", "--dist", "loadgroup", "--cache-clear"]
    if _passes(environment, [*command, *beside], "beside"):
        return True
    say("\nOnce more, by themselves, the tests that failed:")
    again = ["--last-failed", "--last-failed-no-failures", "none"]
    return _passes(environment, [*command, *again], "again")


def _passes(environment: Environment, command: list[str], name: str) -> bool:
    counted = []
    if environment.is_counted:
        COVERAGE.mkdir(exist_ok=True)
        out = COVERAGE / f"{environment.folder.name}-{name}.json"
        counted = ["-m", "slipcover", "--json", "--out", str(out)]
    python = str(environment.folder / "bin" / "python")
    return subprocess.run([python, *counted, *command], cwd=ROOT, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    """Run what was named; 0 where everything that could run passed."""
    uv, names = arguments[0], arguments[1:]
    passed_on: list[str] = []
    if "--" in names:
        cut = names.index("--")
        names, passed_on = names[:cut], names[cut + 1 :]
    known = {environment.cirrus for environment in ENVIRONMENTS}
    if unknown := sorted(set(names) - known):
        say(f"There is no environment {', '.join(unknown)}: {', '.join(sorted(known))}")
        return 2
    lines, failed = [], False
    for environment in ENVIRONMENTS:
        if environment.in_main if not names else environment.cirrus not in names:
            continue
        missing = create(environment, uv)
        if missing is not None:
            lines.append(f"{environment.title}: skipped, {missing}")
            continue
        say(f"\n{environment.title}")
        started = time.monotonic()
        passed = run(environment, passed_on)
        failed = failed or not passed
        seconds = time.monotonic() - started
        lines.append(f"{environment.title}: {'passed' if passed else 'FAILED'} ({seconds:.0f} s)")
    say("\n" + "\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
