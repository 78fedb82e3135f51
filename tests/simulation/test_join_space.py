"""The small space of joins, whole: one member or two, one mishap, one invocation of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulation import join_possible
from simulation.batch_scenarios import small_batch_join_scenarios
from simulation.fingerprint import fingerprint
from simulation.join_defects import JOIN_DEFECTS
from simulation.join_scenarios import small_join_scenarios, smallest_join_scenarios
from simulation.search import Simulator
from simulation.walks import search_whole

if TYPE_CHECKING:
    from simulation.scenario import Scenario

SMALL = (*small_join_scenarios(), *small_batch_join_scenarios())
SMALLEST = smallest_join_scenarios()
BY_SCHEDULES = {"hints_read_before_they_are_added_to"}
"""Needs two tellers at once: ``test_teeth`` finds it."""


@pytest.mark.parametrize("scenario", SMALL, ids=[each.name for each in SMALL])
def test_every_order_and_every_mishap(
    simulator: Simulator,
    scenario: Scenario,
    record_property: pytest.RecordProperty,
) -> None:
    """Whatever the order of calls, wherever one invocation dies: J1 to J6 are kept."""
    search_whole(simulator, scenario, record_property)


@pytest.mark.parametrize("name", sorted(set(JOIN_DEFECTS) - BY_SCHEDULES))
def test_the_search_notices_a_planted_defect(simulator: Simulator, name: str) -> None:
    """The smallest worlds are large enough for it: one member, one mishap."""
    simulator.forget()
    try:
        with JOIN_DEFECTS[name]():
            schedules = (each for world in SMALLEST for each in simulator.exhaustively(world))
            found = next((each for each in schedules if each.problems), None)
    finally:
        simulator.forget()
    assert found is not None
    print(f"{name}: schedule {simulator.schedules}: {found.problems[0]}")  # noqa: T201


def test_a_call_that_was_not_expected_is_noticed(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Orders are left out by what invocations may still touch: to touch more is a problem."""
    monkeypatch.setattr(join_possible._Reach, "_decision", lambda *_: None)
    schedules = list(simulator.exhaustively(SMALLEST[0]))
    assert any("was not expected to call" in each for found in schedules for each in found.problems)


@pytest.mark.parametrize("scenario", SMALLEST[:2], ids=[each.name for each in SMALLEST[:2]])
def test_orders_that_are_left_out_lead_nowhere_else(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    scenario: Scenario,
) -> None:
    """With every order the schedules end in the same states as without those left out."""
    ends: set[bytes] = set()
    finished = Simulator._finished

    def noted(self: Simulator, world: Any, choices: Any) -> Any:
        ends.add(fingerprint(world))
        return finished(self, world, choices)

    monkeypatch.setattr(Simulator, "_finished", noted)
    list(simulator.exhaustively(scenario))
    reduced, states = set(ends), len(simulator.states)
    monkeypatch.setattr(join_possible, "undisputed", lambda *_: None)
    monkeypatch.setattr(join_possible, "is_registered", lambda *_: False)
    simulator.states.clear()
    ends.clear()
    list(simulator.exhaustively(scenario))
    assert ends == reduced
    assert len(simulator.states) > 5 * states
