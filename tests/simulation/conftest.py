"""One simulator a module: its clients are built once, and what code did is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulation.search import Simulator
from simulation.system import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    """A simulator; real time and real clients come back after the module's tests."""
    with Simulator() as running:
        yield running


@pytest.fixture
def simulator(running: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """The module's simulator, as if nothing had been explored; what code did is remembered."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    running.schedules = 0
    running.states.clear()
    return running
