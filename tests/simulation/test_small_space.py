"""The small space, whole: one payload, one process, one update-state, one sender, one fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulation import actors
from simulation.batch_scenarios import small_batch_scenarios
from simulation.scenario import small_scenarios
from simulation.walks import search_whole

if TYPE_CHECKING:
    from simulation.scenario import Scenario
    from simulation.search import Simulator

SMALL = (*small_scenarios(has_all_ends=False), *small_batch_scenarios())


@pytest.mark.parametrize("scenario", SMALL, ids=[each.name for each in SMALL])
def test_every_order_and_every_crash(
    simulator: Simulator,
    scenario: Scenario,
    record_property: pytest.RecordProperty,
) -> None:
    """Whatever the order of calls, wherever one invocation dies: all promises are kept."""
    search_whole(simulator, scenario, record_property)


def test_where_code_stands_decides_nothing(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Code that has to run once more from its beginning does what it did: the same schedules."""
    kept = list(simulator.exhaustively(SMALL[0]))
    simulator.forget()
    monkeypatch.setattr(actors, "MOST_STANDING", 1)
    assert list(simulator.exhaustively(SMALL[0])) == kept
