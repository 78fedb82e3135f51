"""Run the tests in the environment of one cirrus: real packages, locked.

``run.py UV NAME ... [-- PYTEST ARGUMENT ...]``; a name is ``0.7``, ``0.15``, ``1.3``,
``2.0`` (each Python that it is tested on) or ``none`` (the unit tests without any cirrus,
on the oldest Python). ``make test`` runs them all (``tests/whole``).

An interpreter that is not on this machine is skipped, by name, and never downloaded.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from environments.created import create
from environments.known import ENVIRONMENTS
from whole.part import Part, run_here, say


def main(arguments: list[str]) -> int:
    """Run what was named; 0 where everything that could run passed."""
    uv, names = arguments[0], arguments[1:]
    passed_on: list[str] = []
    if "--" in names:
        cut = names.index("--")
        names, passed_on = names[:cut], names[cut + 1 :]
    known = {environment.cirrus for environment in ENVIRONMENTS}
    if not names or set(names) - known:
        say(f"Name an environment: {', '.join(sorted(known))}")
        return 2
    lines, failed = [], False
    for environment in ENVIRONMENTS:
        if environment.cirrus not in names:
            continue
        missing = create(environment, uv, say)
        if missing is not None:
            lines.append(f"{environment.title}: skipped, {missing}")
            continue
        say(f"\n{environment.title}")
        started = time.monotonic()
        part = Part.of_environment(environment)
        beside = ["-n", "auto", "--dist", "loadgroup"]
        passed = run_here(part.command(*beside, tests=passed_on)) == 0
        if not passed:
            say("\nOnce more, by themselves, the tests that failed:")
            part.forget_groups()
            passed = run_here(part.command_again(tests=passed_on)) == 0
        failed = failed or not passed
        seconds = time.monotonic() - started
        lines.append(f"{environment.title}: {'passed' if passed else 'FAILED'} ({seconds:.0f} s)")
    say("\n" + "\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
