"""How soon the simulation notices each planted defect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.batch_defects import BATCH_DEFECTS
from simulation.batch_scenarios import batch_join_scenarios, batch_scenarios
from simulation.cycle_defects import CYCLE_DEFECTS
from simulation.cycle_scenarios import cycle_scenarios
from simulation.defects import DEFECTS, SHORT_REDELIVERY, redelivery_too_short
from simulation.join_defects import JOIN_DEFECTS
from simulation.join_scenarios import disturbed_scenarios
from simulation.scenario import larger_scenarios

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any

    from simulation.scenario import Scenario
    from simulation.search import Schedule, Simulator

    Defect = Callable[[], AbstractContextManager[Any]]

MAX_SEEDS = 150


@dataclass(frozen=True, slots=True)
class Catch:
    """A defect that was noticed.

    Attributes:
        strategy: which kind of schedules noticed it.
        schedules: how many it took, both strategies counted.
        shortest: the schedule after shrinking.
    """

    strategy: str
    schedules: int
    shortest: Schedule


NAMES = (*DEFECTS, *BATCH_DEFECTS, *JOIN_DEFECTS, *CYCLE_DEFECTS)
"""Every planted defect, as the table has them."""


def hunt(simulator: Simulator, name: str) -> Catch | None:
    """Explore, as ever, until a promise is broken; None where none is."""
    if name in CYCLE_DEFECTS:
        return _hunt(simulator, CYCLE_DEFECTS[name], cycle_scenarios())
    if name in JOIN_DEFECTS:
        return _hunt(simulator, JOIN_DEFECTS[name], disturbed_scenarios())
    if name in BATCH_DEFECTS:
        worlds = [*batch_scenarios(), *batch_join_scenarios()]
        return _hunt(simulator, BATCH_DEFECTS[name], worlds)
    short = name == redelivery_too_short.__name__
    worlds = larger_scenarios(redelivery_seconds=SHORT_REDELIVERY if short else 5400)
    return _hunt(simulator, DEFECTS[name], worlds)


def _hunt(simulator: Simulator, defect: Defect, worlds: list[Scenario]) -> Catch | None:
    explored = 0
    simulator.forget()
    with defect():
        for seed in range(MAX_SEEDS):
            for scenario in worlds:
                for explore in (simulator.at_random, simulator.by_priority):
                    explored += 1
                    schedule = explore(scenario, seed)
                    if schedule.problems:
                        strategy = "random" if explore == simulator.at_random else "priorities"
                        shortest = simulator.shrink(schedule)
                        simulator.forget()
                        return Catch(strategy, explored, shortest)
    simulator.forget()
    return None


def table(catches: dict[str, Catch]) -> str:
    """The table that CONTRIBUTING links, in Markdown."""
    lines = [
        "# Planted defects, and how the simulation notices them",
        "",
        "Written by `make tables`; `make test` checks that each is noticed.",
        "",
        "| Defect | Noticed by | Schedules needed | Shortest trace, lines | Broken promise |",
        "|---|---|---|---|---|",
    ]
    for name, catch in catches.items():
        promise = catch.shortest.problems[0].replace("|", "\\|")
        lines.append(
            f"| {name.replace('_', ' ')} | {catch.strategy} | {catch.schedules} "
            f"| {len(catch.shortest.trace)} | {promise[:100]} |",
        )
    return "\n".join(lines) + "\n"
