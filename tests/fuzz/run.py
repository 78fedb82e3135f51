"""Fuzz the wrapped ``process`` handler on all cores until told to stop: ``make fuzz``.

``--seconds`` or Ctrl-C stops; the last line tells cases, registrations and failures. A case
that fails is shrunk and kept in ``corpus/``, whose cases every ``make test`` runs again.
"""

from __future__ import annotations

import argparse
import itertools
import secrets
import signal
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.check import Checker
from fuzz.explore import explore, keep
from support.all_cores import on_all_cores

CASES_A_ROUND = 50


@dataclass(slots=True)
class Told:
    """What all workers have told so far."""

    cases: int = 0
    registrations: int = 0
    failures: set[str] = field(default_factory=set)


def _work(number: int, workers: int, first_seed: int, queue: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # of cirrus's libraries, about what cases hold
    with Checker() as checker:
        for each in itertools.count(first_seed + number, workers):
            tally = explore(checker, each, CASES_A_ROUND)
            found = None
            if tally.failure is not None:
                found = (str(keep(*tally.failure)), tally.failure[1])
            queue.put((tally.cases, tally.registrations, found, each))


def fuzz_until(seconds: float | None, first_seed: int) -> Told:
    """Fuzz on all cores; returns when the time is out or at Ctrl-C."""
    told = Told()
    on_all_cores(_work, first_seed, lambda message: _hear(message, told), seconds)
    return told


def _hear(message: Any, told: Told) -> None:
    count, registrations, found, at_seed = message
    told.cases += count
    told.registrations += registrations
    if found is not None and found[0] not in told.failures:
        told.failures.add(found[0])
        print(f"\nseed {at_seed}: {found[1]}\nkept as {found[0]}\n")
    print(f"\r{_line(told)}", end="", flush=True)


def _line(told: Told) -> str:
    return (
        f"{told.cases} cases, {told.registrations} registrations, {len(told.failures)} failure(s)"
    )


def main() -> int:
    """Run from the command line; 1 where a case failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, help="stop after so many seconds")
    parser.add_argument(
        "--seed", type=int, help="the first seed; another one each time unless told"
    )
    given_ = parser.parse_args()
    first = secrets.randbits(32) if given_.seed is None else given_.seed
    print(f"first seed {first}; Ctrl-C stops")
    told = fuzz_until(given_.seconds, first)
    print(f"\n{_line(told)}")
    return 1 if told.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
