"""One simulator a process: its clients and cirrus's modules are built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulation.search import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator for this test; real time and real clients come back after it."""
    with Simulator() as running:
        yield running
