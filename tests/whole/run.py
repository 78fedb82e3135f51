"""Run every test, with every cirrus: ``make test``.

``run.py UV WORKERS [PYTEST ARGUMENT ...]``. First come the tests of the main environment, on
so many workers, many of which wait for Terraform or for executions. Beside them, and with less
of a claim to the cores, run those that only compute, and the other environments are installed.
These run afterwards, one a core. What the first tests print is seen at once, that of the others
then, one after the other. At the end what failed runs once more, by itself.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from environments.created import create
from environments.known import COVERAGE, ENVIRONMENTS, ROOT
from whole.beside import Beside, Ran, end_all
from whole.part import CACHES, Part, run_here, say

if TYPE_CHECKING:
    from collections.abc import Callable

# Schedules, cases and faults are many, and run no line that the other tests do not.
COMPUTING = (
    Part("simulation", "Simulation", ("tests/simulation",)),
    Part("fuzz-and-faults", "Fuzzer and fault matrix", ("tests/fuzz", "tests/faults")),
)
NO_TESTS = 5
"""pytest's exit status where an argument leaves no test."""
WANTED_COVERAGE = "95"


def main_part(workers: str) -> Part:
    """The tests of the main environment but for those that only compute."""
    apart = [f"--ignore={folder}" for part in COMPUTING for folder in part.tests]
    return Part(
        "main",
        "Main environment",
        (*apart, "tests"),
        options=("-n", workers, "--dist", "loadgroup"),
        is_counted=True,
    )


def main(arguments: list[str]) -> int:
    """Run the whole; 0 where everything that could run passed."""
    uv, workers, *passed_on = arguments
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for folder in (COVERAGE, CACHES):
        shutil.rmtree(folder, ignore_errors=True)
    environments = {
        Part.of_environment(environment): environment
        for environment in ENVIRONMENTS
        if not environment.in_main
    }
    parts = [*COMPUTING, *environments]

    def prepare(part: Part, tell: Callable[[str], None]) -> str | None:
        return create(environments[part], uv, tell) if part in environments else None

    _compile_once()
    first = main_part(workers)
    with tempfile.TemporaryDirectory() as logs:
        beside = Beside(parts, Path(logs), prepare, passed_on)
        try:
            ran = {first: _first(first, passed_on)}
            beside.go_on()
            for part in parts:
                say(f"\n{part.title}")
                ran[part] = beside.shown(part)
                if ran[part].missing is not None:
                    say(f"skipped, {ran[part].missing}")
        except KeyboardInterrupt:
            say("\nStopped.")
            beside.stop()
            return 130
    return _judged(ran, is_whole=not passed_on)


def _compile_once() -> None:
    """In a fresh clone each of many workers would compile all that tests import."""
    if not (ROOT / "tests" / "__pycache__").exists():
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests"]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)


def _first(part: Part, passed_on: list[str]) -> Ran:
    started = time.monotonic()
    process = subprocess.Popen(part.command(*passed_on), cwd=ROOT)
    try:
        status = process.wait()
    except KeyboardInterrupt:
        end_all([process])
        raise
    return Ran(status, time.monotonic() - started)


def _judged(ran: dict[Part, Ran], *, is_whole: bool) -> int:
    """Run once more what failed, by itself; then tell how everything ended."""
    lines, failed = [], False
    for part, end in ran.items():
        if end.missing is not None:
            lines.append(f"{part.title}: skipped, {end.missing}")
            continue
        passed, told = end.status in (0, NO_TESTS), "passed"
        if not passed:
            say(f"\n{part.title}: once more, by themselves, the tests that failed above:")
            part.forget_groups()
            passed, told = run_here(part.command_again()) == 0, "passed, some at a second try"
        failed = failed or not passed
        lines.append(f"{part.title}: {told if passed else 'FAILED'} ({end.seconds:.0f} s)")
    say("\n" + "\n".join(lines))
    if is_whole:  # a choice of tests covers what it covers
        merged = sorted(map(str, COVERAGE.glob("*.json")))
        command = [sys.executable, "-m", "slipcover", "--merge", *merged]
        out = ["--out", str(ROOT / ".coverage.json"), "--skip-covered"]
        failed = run_here([*command, *out, "--fail-under", WANTED_COVERAGE]) != 0 or failed
    run_here([sys.executable, "tests/support/terraform_lint.py", "--skipped"])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
