"""Worlds with cycles of waits, by random walks and by priorities: what is told is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.cycle_scenarios import cycle_scenarios
from simulation.walks import walk

if TYPE_CHECKING:
    from simulation.search import Simulator

SEEDS = 8


def test_no_schedule_breaks_a_promise(simulator: Simulator) -> None:
    """Two that wait for each other, two parents and two children both ways round.

    A cycle is told only while all of its waits are there, and is told within a whole pass.
    """
    _, line = walk(simulator, tuple(cycle_scenarios()), range(SEEDS), "cycles")
    assert line


def test_a_schedule_repeats_from_its_choices(simulator: Simulator) -> None:
    """What a failing test prints is enough to see the same again, line by line."""
    for seed, scenario in enumerate(cycle_scenarios()):
        schedule = simulator.by_priority(scenario, seed)
        assert simulator.replay(scenario, schedule.choices).trace == schedule.trace
