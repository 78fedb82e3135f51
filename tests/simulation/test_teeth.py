"""The simulation notices every planted defect, without a schedule written for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simulation.teeth import NAMES, hunt

if TYPE_CHECKING:
    from simulation.search import Simulator

TABLE = Path(__file__).with_name("defects.md")


@pytest.mark.parametrize("name", NAMES)
def test_the_defect_is_noticed(simulator: Simulator, name: str) -> None:
    """A product with this mistake breaks a promise in some schedule, and it is found."""
    catch = hunt(simulator, name)
    assert catch is not None, f"{name} goes unnoticed: the simulation is too weak"
    told = f"{catch.schedules} schedules ({catch.strategy}), {len(catch.shortest.trace)} lines"
    print(f"{name}: {told}: {catch.shortest.problems[0]}")  # noqa: T201


def test_the_table_names_every_defect() -> None:
    """The table in the repository is the one that these defects make (``make tables``)."""
    text = TABLE.read_text()
    for name in NAMES:
        assert f"| {name.replace('_', ' ')} |" in text
