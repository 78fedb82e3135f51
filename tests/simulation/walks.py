"""Walks through worlds, at random and by priorities, and whole searches of them, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

    from simulation.scenario import Scenario
    from simulation.search import Simulator


def walk(
    simulator: Simulator,
    scenarios: Sequence[Scenario],
    seeds: Iterable[int],
    name: str,
) -> tuple[int, str]:
    """Walk through every world with every seed, in both ways; no schedule breaks a promise.

    Returns:
        How many distinct schedules there were, and a line that says so, which is printed.
    """
    distinct = set()
    for seed in seeds:
        for scenario in scenarios:
            for explore in (simulator.at_random, simulator.by_priority):
                schedule = explore(scenario, seed)
                distinct.add((scenario, schedule.trace))
                assert not schedule.problems, simulator.shrink(schedule).report(
                    f"{explore.__name__}, seed {seed}",
                )
    line = f"{len(distinct)} distinct schedules of {simulator.schedules}"
    print(f"{name}: {line}")  # noqa: T201
    return len(distinct), line


def search_whole(
    simulator: Simulator,
    scenario: Scenario,
    record_property: pytest.RecordProperty,
) -> None:
    """Search a world whole; no schedule breaks a promise. How many there were is printed."""
    for schedule in simulator.exhaustively(scenario):
        assert not schedule.problems, simulator.shrink(schedule).report(scenario.name)
    record_property("schedules", simulator.schedules)
    record_property("states", len(simulator.states))
    print(f"{scenario.name}: {simulator.schedules} schedules, {len(simulator.states)} states")  # noqa: T201
