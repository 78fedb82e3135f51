"""Larger worlds, by random walks and by priorities: thousands of distinct schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulation.batch_scenarios import batch_scenarios
from simulation.scenario import larger_scenarios
from simulation.walks import walk

if TYPE_CHECKING:
    from simulation.search import Simulator

SHARES = 8
SEEDS = 28
"""For every share, strategy and world: 8 x 28 x 2 x 27 schedules, some of them alike."""
BATCH_SEEDS = 16
"""The small space of batches is explored whole."""


@pytest.mark.parametrize("share", range(SHARES))
def test_no_schedule_breaks_a_promise(simulator: Simulator, share: int) -> None:
    """Two messages, late and repeated events, two faults: all promises are kept."""
    seeds = range(share * SEEDS, (share + 1) * SEEDS)
    distinct, line = walk(simulator, tuple(larger_scenarios()), seeds, f"share {share}")
    assert distinct >= 5000 / SHARES, line


def test_no_schedule_with_batches_breaks_a_promise(simulator: Simulator) -> None:
    """Rows settled and marked in one batch: a mishap of any statement concerns its row alone."""
    walk(simulator, batch_scenarios(), range(BATCH_SEEDS), "batches")


def test_a_schedule_repeats_from_its_choices(simulator: Simulator) -> None:
    """What a failing test prints is enough to see the same again, line by line."""
    for seed, scenario in enumerate(larger_scenarios()):
        schedule = simulator.by_priority(scenario, seed)
        again = simulator.replay(scenario, schedule.choices)
        assert again.trace == schedule.trace
        assert simulator.by_priority(scenario, seed).trace == schedule.trace
