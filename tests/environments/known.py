"""The environments in which tests run: every cirrus that is supported, each locked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
COVERAGE = ROOT / ".coverage"
"""Where each run's coverage is put, for ``make test`` to merge."""
# What knows nothing of cirrus's generations is tested with one of them, the newest.
ALIKE = (
    *("sender", "many_waiters", "stream_filters", "table", "flag_update", "wait_log"),
    # What sender, reconciler and commands make of a join; how it is asked for, and by which form of
    # message its members come, is test_joins and test_joins_refused.
    *("joins_beside_older", "joins_commands", "joins_cost", "joins_filtered", "joins_under_faults"),
)
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
    # The linter of imports is installed in the main environment.
    "--ignore=tests/unit/test_layers.py",
    # Arithmetic on hundreds of thousands of rows: the same on every Python.
    "--ignore=tests/unit/reconcile/test_fairness.py",
    "--ignore=tests/unit/reconcile/test_many_open.py",
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
