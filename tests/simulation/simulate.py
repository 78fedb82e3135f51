"""Explore schedules on all cores until told to stop: ``make simulate``.

The small worlds whole; then half of the workers explore the larger worlds with joins and those
with two of each, the others go on with random walks and priorities without end. ``--seconds`` or
Ctrl-C stops: how far each world came is told, and in the last line what was explored. ``--whole``
has all workers explore these worlds, a token on one message, and ends with the last.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.batch_scenarios import (
    batch_join_scenarios,
    batch_scenarios,
    large_batch_join_scenarios,
    small_batch_join_scenarios,
    small_batch_scenarios,
)
from simulation.cycle_scenarios import cycle_scenarios
from simulation.join_scenarios import (
    join_scenarios,
    larger_join_spaces,
    small_join_scenarios,
)
from simulation.scenario import (
    Scenario,
    larger_scenarios,
    small_scenarios,
    twofold_scenarios,
    with_two_tokens,
)
from simulation.search import Simulator
from simulation.teeth import NAMES, hunt, table
from simulation.test_teeth import TABLE
from support.all_cores import on_all_cores

REPORT_EVERY_SECONDS = 2.0


@dataclass
class Told:
    """What the workers have told so far."""

    schedules: int = 0
    violations: int = 0
    states: set[bytes] = field(default_factory=set)
    spaces: dict[str, Space] = field(default_factory=dict)


@dataclass(frozen=True)
class Space:
    """How far the exhaustive exploration of one world came.

    Attributes:
        schedules: run to their end.
        states: distinct ones.
        is_whole: nothing is left to explore.
    """

    schedules: int
    states: int
    is_whole: bool

    def line(self, name: str) -> str:
        """What a person reads of it."""
        told = "whole" if self.is_whole else "so far, not whole"
        return f"{name}: {self.schedules} schedules, {self.states} states ({told})"


def _redriven(seed: int) -> list[Scenario]:
    """The larger worlds and those with joins; with every other seed a run may be redriven."""
    worlds = (
        *larger_scenarios(),
        *batch_scenarios(),
        *join_scenarios(),
        *batch_join_scenarios(),
    )
    return [replace(scenario, redrives=seed % 2) for scenario in worlds]


def _explore(
    number: int,
    workers: int,
    first_seed: int,
    tell: Any,
    *,
    worlds: Any,
    is_whole: bool,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    last = time.perf_counter()
    with Simulator(notes_states=True) as simulator:

        def report(problem: str | None = None) -> None:
            nonlocal last
            tell.put(("progress", simulator.schedules, b"".join(simulator.states), problem))
            simulator.schedules = 0
            simulator.states.clear()
            last = time.perf_counter()

        # Worlds with two of each take hours: half of the workers go on to the walks at once.
        explores = is_whole or number < (workers + 1) // 2
        for name, scenario in iter(worlds.get, None) if explores else ():
            explored = states = 0
            for schedule in simulator.exhaustively(scenario):
                explored += 1
                if schedule.problems:
                    states += len(simulator.states)
                    report(simulator.shrink(schedule).report("exhaustive search"))
                if time.perf_counter() - last > REPORT_EVERY_SECONDS:
                    states += len(simulator.states)
                    tell.put(("space", name, Space(explored, states, is_whole=False)))
                    report()
            states += len(simulator.states)
            tell.put(("space", name, Space(explored, states, is_whole=True)))
            report()
        for seed in () if is_whole else itertools.count(first_seed + number, workers):
            for scenario in (*_redriven(seed), *cycle_scenarios()):
                for explore in (simulator.at_random, simulator.by_priority):
                    schedule = explore(scenario, seed)
                    if schedule.problems:
                        title = f"{explore.__name__}, seed {seed}"
                        report(simulator.shrink(schedule).report(title))
            report()


def explore_until(seconds: float | None, first_seed: int, *, is_whole: bool) -> Told:
    """Explore on all cores; returns when the time is out, at Ctrl-C, or with the last world."""
    told = Told()
    small = [(f"one of each, {each.name}", each) for each in small_scenarios()]
    small += [(f"a batch, {each.name}", each) for each in small_batch_scenarios()]
    joins = (*small_join_scenarios(), *small_batch_join_scenarios())
    small += [(f"a join, {each.name}", each) for each in joins]
    twofold = twofold_scenarios() if is_whole else [*twofold_scenarios(), *with_two_tokens()]
    worlds: Any = multiprocessing.Queue()
    none_left = [None] * (os.cpu_count() or 1)  # one a worker
    larger = [(f"a join, {each.name}", each) for each in larger_join_spaces()]
    larger += [(f"a join, {each.name}", each) for each in large_batch_join_scenarios()]
    larger += [(f"two of each, {each.name}", each) for each in twofold]
    for world in [*small, *larger, *none_left]:
        worlds.put(world)
    work = functools.partial(_explore, worlds=worlds, is_whole=is_whole)
    on_all_cores(work, first_seed, lambda message: _hear(message, told), seconds)
    worlds.cancel_join_thread()
    return told


def _hear(message: Any, told: Told) -> None:
    if message[0] == "space":
        told.spaces[message[1]] = message[2]
        if message[2].is_whole:
            print(f"\n{message[2].line(message[1])}")
        return
    _, schedules, states, problem = message
    told.schedules += schedules
    told.states.update(states[start : start + 16] for start in range(0, len(states), 16))
    if problem is not None:
        told.violations += 1
        print(f"\n{problem}\n")
    print(
        f"\r{told.schedules} schedules, {len(told.states)} states, {told.violations} violations",
        end="",
        flush=True,
    )


def write_table() -> int:
    """Write the table of planted defects again; 1 if one goes unnoticed."""
    with Simulator() as simulator:
        catches = {name: hunt(simulator, name) for name in NAMES}
    missed = [name for name, catch in catches.items() if catch is None]
    TABLE.write_text(table({name: catch for name, catch in catches.items() if catch}))
    print(f"{len(catches) - len(missed)} of {len(catches)} planted defects noticed: {TABLE.name}")
    for name in missed:
        print(f"unnoticed: {name}")
    return 1 if missed else 0


def main() -> int:
    """Run from the command line; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, help="stop after so many seconds")
    parser.add_argument("--seed", type=int, default=1000, help="the first seed")
    parser.add_argument(
        "--whole", action="store_true", help="the larger worlds to their end, no walks"
    )
    parser.add_argument("--table", action="store_true", help="write the table of defects")
    given = parser.parse_args()
    if given.table:
        return write_table()
    told = explore_until(given.seconds, given.seed, is_whole=given.whole)
    for name, space in told.spaces.items():
        if not space.is_whole:
            print(f"\n{space.line(name)}", end="")
    print(
        f"\n{told.schedules} schedules explored, {len(told.states)} distinct states, "
        f"{told.violations} violations",
    )
    return 1 if told.violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
