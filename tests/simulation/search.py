"""How schedules are chosen: exhaustively, at random, or by priorities; replay and shrinking."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from simulation.clock import Clock
from simulation.cycle_invariants import cycle_violations
from simulation.fake_aws.client import installed
from simulation.fingerprint import fingerprint
from simulation.invariants import violations
from simulation.join_invariants import join_violations
from simulation.possible import Option, is_own, options_of
from simulation.system import System, prepared
from simulation.world import World

if TYPE_CHECKING:
    from datetime import datetime

    from simulation.scenario import Scenario

Chooser = Callable[[World, Sequence[Option]], int]
"""Chooses among what may happen next, by its index."""

MAX_STEPS = 400
COLLECT_EVERY = 1000
"""Schedules."""
COLLECT_EVERY_STATES = 20_000
"""Of a search, which seldom ends a schedule."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule, run to its end.

    Attributes:
        scenario: where it began.
        choices: the index of the option taken at each step.
        trace: what happened, a line each.
        problems: the promises it broke.
    """

    scenario: Scenario
    choices: tuple[int, ...]
    trace: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def deviations(self) -> int:
        """Steps at which it left the undisturbed order."""
        return sum(1 for choice in self.choices if choice)

    def report(self, title: str) -> str:
        """What a person reads of it."""
        lines = [title, f"scenario: {self.scenario}", *self.problems, "", *self.trace, ""]
        lines.append(f"replay with: {list(self.choices)}")
        return "\n".join(lines)


@dataclass(slots=True)
class _Crossing:
    """A state that a search has still to leave in some directions.

    Attributes:
        world: as it stands, for the next direction; before one is taken, it is forked for the rest.
        moment: its time.
        choices: that led there.
        options: what may happen next, by their index; the last is taken first.
    """

    world: World
    moment: datetime
    choices: tuple[int, ...]
    options: list[tuple[int, Option]]

    def leave(self) -> tuple[World, tuple[int, ...], Option]:
        """A world to go on with, the choices that led there, and what happens next."""
        number, option = self.options.pop()
        world = self.world  # its code goes on; that of a fork has to run again
        if self.options:
            self.world = world.fork()
        world.take_over(self.moment)
        return world, (*self.choices, number), option


@dataclass
class Simulator:
    """Runs schedules in this process; use it as a context manager.

    Attributes:
        schedules: how many it has run.
        notes_states: True where walks note each state that they come through (a quarter of their
            time); a search, which has to know them, always does.
        states: the distinct ones.
    """

    schedules: int = 0
    notes_states: bool = False
    states: set[bytes] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._contexts: list[Any] = [prepared(), installed()]
        for context in self._contexts:
            context.__enter__()
        # Schedules leave nothing to collect but what the memory of actors keeps anyway.
        _collect()
        gc.disable()
        self._clock = Clock()
        self._system = System()
        return self

    def __exit__(self, *_: object) -> None:
        self._system.forget()
        gc.unfreeze()
        gc.enable()
        self._clock.stop()
        for context in reversed(self._contexts):
            context.__exit__(None, None, None)

    def run(self, scenario: Scenario, choose: Chooser) -> Schedule:
        """Run one schedule."""
        world = World(scenario, self._system, self._clock)
        choices: list[int] = []
        while len(choices) < MAX_STEPS:
            options = options_of(world)
            choice = choose(world, options)
            choices.append(choice)
            if options[choice].kind == "finish":
                break
            world.apply(options[choice])
        return self._finished(world, tuple(choices))

    def _finished(self, world: World, choices: tuple[int, ...]) -> Schedule:
        """Nothing more happens by itself: what comes then, and the judgement."""
        world.close()
        self.schedules += 1
        if self.schedules % COLLECT_EVERY == 0:
            _collect()
        judged = join_violations if world.joins else violations
        if world.scenario.running:
            judged = cycle_violations
        problems = tuple(judged(world))
        return Schedule(world.scenario, choices, tuple(world.trace), problems)

    def _note(self, world: World) -> None:
        if self.notes_states:
            self.states.add(fingerprint(world))

    def forget(self) -> None:
        """The code under test has changed: what it did before says nothing any more."""
        self._system.memory.forget()

    def replay(self, scenario: Scenario, choices: Sequence[int]) -> Schedule:
        """Run a schedule again; where its choices end or do not fit, the undisturbed order."""
        given = list(choices)

        def choose(_: World, options: Sequence[Option]) -> int:
            choice = given.pop(0) if given else 0
            return choice if choice < len(options) else 0

        return self.run(scenario, choose)

    def at_random(self, scenario: Scenario, seed: int) -> Schedule:
        """A uniform random walk."""
        chance = random.Random(seed)  # noqa: S311 - a seed to repeat it by
        faults = _Faults.of(chance, scenario)

        def choose(world: World, options: Sequence[Option]) -> int:
            self._note(world)
            fault = faults.choose(world, options, chance)
            if fault is not None:
                return fault
            return chance.choice(
                [index for index, each in enumerate(options) if not _is_fault(each)],
            )

        return self.run(scenario, choose)

    def by_priority(self, scenario: Scenario, seed: int, depth: int = 3) -> Schedule:
        """Probabilistic concurrency testing: few, well-placed changes of priority.

        Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding
        bugs" (ASPLOS 2010): the highest priority always goes on; at ``depth`` steps chosen
        beforehand the one that would go on falls behind all others instead.
        """
        chance = random.Random(seed)  # noqa: S311 - a seed to repeat it by
        faults = _Faults.of(chance, scenario)
        changes = set(chance.sample(range(60), depth))
        priorities: dict[str, float] = {}
        step = 0

        def choose(world: World, options: Sequence[Option]) -> int:
            nonlocal step
            self._note(world)
            step += 1
            fault = faults.choose(world, options, chance)
            if fault is not None:
                return fault
            plain = [index for index, each in enumerate(options) if not _is_fault(each)]
            groups = {_thread(options[index]): index for index in reversed(plain)}
            for name in groups:
                priorities.setdefault(name, chance.random())
            best = max(groups, key=lambda name: priorities[name])
            if step in changes:
                priorities[best] = -step
                best = max(groups, key=lambda name: priorities[name])
            same = [index for index in plain if _thread(options[index]) == best]
            return chance.choice(same)

        return self.run(scenario, choose)

    def exhaustively(self, scenario: Scenario) -> Iterator[Schedule]:
        """Every schedule, up to states that were seen already."""
        assert not scenario.running, "no fingerprint tells all that a cycle's future depends on"
        seen: set[bytes] = set()
        begun = World(scenario, self._system, self._clock)
        crossings = [self._crossing(begun, (), seen)]
        while crossings:
            crossing = crossings[-1]
            if not crossing.options:
                crossings.pop()
                continue
            world, choices, option = crossing.leave()
            if option.kind == "finish":
                yield self._finished(world, choices)
                continue
            world.apply(option)
            crossings.append(self._crossing(world, choices, seen))

    def _crossing(self, world: World, choices: tuple[int, ...], seen: set[bytes]) -> _Crossing:
        """Where the search next has a choice; with no way on where it has been before."""
        options = options_of(world)
        while len(options) == 1 and options[0].kind != "finish":
            world.apply(options[0])
            choices = (*choices, 0)
            options = options_of(world)
        state = fingerprint(world)
        if state in seen:
            options = []
        else:
            seen.add(state)
            self.states.add(state)
            if len(seen) % COLLECT_EVERY_STATES == 0:
                _collect()
        return _Crossing(world, self._clock.now, choices, list(enumerate(options))[::-1])

    def shrink(self, schedule: Schedule) -> Schedule:
        """The same violation with the fewest deviations from the undisturbed order."""
        best = schedule
        wanted = {problem[:2] for problem in schedule.problems}
        improved = True
        while improved:
            improved = False
            for index in range(len(best.choices) - 1, -1, -1):
                if index >= len(best.choices) or not best.choices[index]:
                    continue
                choices = [*best.choices[:index], 0, *best.choices[index + 1 :]]
                for shorter in (choices, [*best.choices[:index], *best.choices[index + 1 :]]):
                    tried = self.replay(best.scenario, shorter)
                    still = wanted & {problem[:2] for problem in tried.problems}
                    if still and tried.deviations < best.deviations:
                        best, improved = tried, True
                        break
        return best


def _collect() -> None:
    """Collect what is new; what is left is the memory of actors, and not looked at again."""
    gc.collect()
    gc.freeze()


def _is_fault(option: Option) -> bool:
    return option.kind == "go" and option.variant != "ok"


@dataclass(frozen=True, slots=True)
class _Faults:
    """Which faults a schedule has, and how readily: a style of its own for each seed.

    A uniform choice would be nearly always a crash: it can happen at every call, a stale
    or a partial read at few.

    Attributes:
        kinds: the faults of this schedule.
        own: True for the product's calls alone, False for cirrus's alone, None for both.
        chance_of: that one is chosen where there is a choice.
    """

    kinds: tuple[str, ...]
    own: bool | None
    chance_of: float

    @classmethod
    def of(cls, chance: random.Random, scenario: Scenario) -> _Faults:
        """A style, one that makes a fault where the world has but some kinds of them."""
        kinds = scenario.fault_kinds
        styles = [each for each in _STYLES if each._makes(kinds)] if kinds else _STYLES
        return chance.choice(styles)

    def _makes(self, kinds: Sequence[str]) -> bool:
        return any(kind.startswith(self.kinds) for kind in kinds)

    def choose(
        self,
        world: World,
        options: Sequence[Option],
        chance: random.Random,
    ) -> int | None:
        """A fault, or None."""
        found = [
            index
            for index, each in enumerate(options)
            if _is_fault(each)
            and each.variant.startswith(self.kinds)
            and self.own in (None, is_own(world, each))
        ]
        if not found or chance.random() >= self.chance_of:
            return None
        return chance.choice(found)


_ANY = ("crash", "throttle", "stale", "unprocessed", "failed-entry")
_STYLES = (
    _Faults(_ANY, own=None, chance_of=0.1),
    _Faults(("crash",), own=None, chance_of=0.1),
    _Faults(("throttle", "unprocessed", "failed-entry"), own=True, chance_of=0.3),
    _Faults(("stale",), own=True, chance_of=0.7),
    _Faults(("stale", "throttle"), own=False, chance_of=0.3),
)


def _thread(option: Option) -> str:
    """What PCT gives a priority to: an invocation, or one kind of outside event."""
    return f"actor {option.subject}" if option.kind == "go" else option.kind
