"""One checker a process; and what was fuzzed is told at the end of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fuzz.check import Checker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def checker() -> Iterator[Checker]:
    """A checker for this test; real clients come back after it."""
    with Checker() as running:
        yield running


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the counts, of workers too, however the output is captured."""
    told = [
        dict(report.user_properties)
        for report in terminalreporter.getreports("passed")
        if "fuzz_cases" in dict(report.user_properties)
    ]
    if told:
        cases = sum(each["fuzz_cases"] for each in told)
        registrations = sum(each["fuzz_registrations"] for each in told)
        terminalreporter.write_line(f"fuzzed: {cases} cases, {registrations} with a registration")
