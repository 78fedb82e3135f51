"""Worlds with joins, by random walks and by priorities: J1 to J6 are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulation.batch_scenarios import batch_join_scenarios
from simulation.join_scenarios import join_scenarios
from simulation.walks import walk

if TYPE_CHECKING:
    from simulation.search import Simulator

WORLDS = (*join_scenarios(), *batch_join_scenarios())
SHARES = 2
SEEDS = 5
"""For every share, strategy and world; the small space is explored whole (``test_join_space``)."""


@pytest.mark.parametrize("share", range(SHARES))
def test_no_schedule_breaks_a_promise(simulator: Simulator, share: int) -> None:
    """Two and three members, each kind and rule, crashes and losses: all promises are kept."""
    seeds = range(share * SEEDS, (share + 1) * SEEDS)
    distinct, line = walk(simulator, WORLDS, seeds, f"share {share}")
    assert distinct >= simulator.schedules * 0.8, line


def test_a_schedule_repeats_from_its_choices(simulator: Simulator) -> None:
    """What a failing test prints is enough to see the same again, line by line."""
    for seed, scenario in enumerate(join_scenarios()):
        schedule = simulator.by_priority(scenario, seed)
        assert simulator.replay(scenario, schedule.choices).trace == schedule.trace
