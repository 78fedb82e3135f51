"""Runs cases by a seed, and keeps what fails."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.case import CORPUS, Case
from fuzz.events import cases

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.check import Checker


@dataclass(slots=True)
class Tally:
    """What came of some cases.

    Attributes:
        cases: how many were run; those of the shrinking do not count.
        registrations: how many of them put a row.
        failure: the smallest case that failed, and why.
    """

    cases: int = 0
    registrations: int = 0
    failure: tuple[Case, str] | None = None


class CaseFailedError(AssertionError):
    """Ends hypothesis's search, and lets it shrink the case."""


def explore(
    checker: Checker,
    first_seed: int,
    count: int,
    *,
    shrink: bool = True,
) -> Tally:
    """Run new cases; at the first that fails, its smallest form is looked for."""
    tally = Tally()

    @seed(first_seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        report_multiple_bugs=False,
    )
    @given(cases())
    def run(case: Case) -> None:
        verdict = checker.check(case)
        if tally.failure is None:
            tally.cases += 1
            tally.registrations += verdict.registrations > 0
        if verdict.problems:
            tally.failure = (case, "\n".join(verdict.problems))
            raise CaseFailedError

    try:
        run()
    except CaseFailedError:
        assert tally.failure is not None
    return tally


def keep(case: Case, why: str) -> Path:
    """Put a case into the corpus."""
    case.why = why.splitlines()[0][:200]
    name = hashlib.sha256(repr(case.event).encode("utf-8", "replace")).hexdigest()[:12]
    path = CORPUS / f"found-{name}.json"
    case.write(path)
    return path
