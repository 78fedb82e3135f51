"""The same deliveries and the same order of cirrus's own calls, without the hooks."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from simulation.scenario import Scenario
from simulation.system import JOINS_PREFIX
from simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulation.actors import Actor


# Invalid payloads are stored under a UUID made of time and machine.
_TIME_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


Left = tuple[Any, ...]
"""What handlers have left, in the order of ``_NAMES``."""
_NAMES = (
    "the state table",
    "what was published",
    "what was started",
    "payloads in S3",
    "how handlers ended",
)


def replay(world: World) -> list[tuple[str, Any, Any]]:
    """Run the bare handlers as the wrapped ones ran.

    What they leave follows from the world that they begin in, from what they were given and from
    the order of their calls: it is kept, since many schedules differ by the product's calls alone.

    Returns:
        For each thing that must not differ: its name, as the hooks left it, as the bare
        handlers leave it.
    """
    scenario = _without_product(world.scenario)
    numbers: dict[int, int] = {}
    log = list(_without_gaps(world.ghost.log, numbers))
    key = hashlib.blake2b(repr((scenario, log)).encode(), digest_size=16).digest()
    kept = world.system.without_hooks().left
    if key not in kept:
        kept[key] = _left_by_bare_handlers(world, scenario, log)
    return list(zip(_NAMES, _left_in(world, numbers), kept[key], strict=True))


def _without_gaps(log: list[tuple[Any, ...]], numbers: dict[int, int]) -> Iterator[tuple[Any, ...]]:
    """What concerns cirrus's handlers alone; these are numbered in the order of their coming."""
    for kind, subject, *rest in log:
        if kind in ("ended", "by hand", "deleted", "redriven"):
            yield (kind, subject, *rest)
        elif kind == "handler":
            yield (kind, numbers.setdefault(subject, len(numbers)), *rest)
        elif subject in numbers:
            yield (kind, numbers[subject], *rest)


def _left_by_bare_handlers(world: World, scenario: Scenario, log: list[tuple[Any, ...]]) -> Left:
    bare = World(scenario, world.system.without_hooks(), world.clock)
    actors: dict[int, Actor] = {}
    for entry in log:
        kind, subject = entry[0], entry[1]
        if kind == "handler":
            actors[subject] = bare.start_bare(subject, entry[2], entry[3])
        elif kind == "call":
            bare.faults_left = 1
            bare.let_go_on(actors[subject], entry[2])
        elif kind == "crashed" and actors[subject].is_alive:
            bare.crash(actors[subject])
        elif kind == "by hand":
            bare.start_by_hand()
        elif kind == "redriven":
            bare.redrive(subject)
        elif kind == "deleted":
            bare.delete_record()
        elif kind == "ended":
            bare.end_run(subject, entry[2])
    return _left_in(bare, {number: number for number in actors})


def _left_in(world: World, numbers: dict[int, int]) -> Left:
    return (
        _records(world),
        _published(world),
        _started(world),
        _keys(world),
        _endings(world, numbers),
    )


def _without_product(scenario: Scenario) -> Scenario:
    return Scenario(
        before=scenario.before,
        messages=scenario.messages,
        can_start=scenario.can_start,
        faults=0,
        shares_key=scenario.shares_key,
        is_redriven=scenario.is_redriven,
        before_id=scenario.before_id,
        running=scenario.running,
    )


def _records(world: World) -> Any:
    """State, runs and error of the record; times are those of other schedules."""
    return [
        (
            item["state_updated"]["S"].partition("_")[0],
            [each["S"] for each in item.get("executions", {}).get("L", ())],
            item.get("last_error"),
        )
        for item in world.states.items.values()
    ]


def _published(world: World) -> list[str]:
    return sorted(
        _TIME_ID.sub(
            "(an id)",
            json.dumps(
                {name: value for name, value in each.items() if name != "isotimestamp"},
                sort_keys=True,
            ),
        )
        for each in world.topic.published
    )


def _keys(world: World) -> list[str]:
    return sorted(
        _TIME_ID.sub("(an id)", key)
        for key in world.bucket.objects
        if not key.startswith(JOINS_PREFIX)
    )


def _started(world: World) -> list[tuple[str, str]]:
    return [(each.arn, each.input) for each in world.sfn.executions.values()]


def _endings(world: World, numbers: dict[int, int]) -> list[tuple[int, str]]:
    return sorted((numbers[actor], ending) for actor, ending in world.ghost.endings)
