"""The same deliveries and the same order of cirrus's own calls, without the hooks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from simulation.scenario import Scenario
from simulation.world import World

if TYPE_CHECKING:
    from simulation.actors import Actor


# Invalid payloads are stored under a UUID made of time and machine.
_TIME_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def replay(world: World) -> list[tuple[str, Any, Any]]:
    """Run the bare handlers as the wrapped ones ran.

    Returns:
        For each thing that must not differ: its name, as the hooks left it, as the bare
        handlers leave it.
    """
    bare = World(_without_product(world.scenario), world.system.without_hooks(), world.clock)
    actors: dict[int, Actor] = {}
    for entry in world.ghost.log:
        kind, subject = entry[0], entry[1]
        if kind == "handler":
            actors[subject] = bare.start_bare(subject, entry[2], entry[3])
        elif kind == "call":
            bare.faults_left = 1
            bare.let_go_on(actors[subject], entry[2])
        elif kind == "crashed" and subject in actors and actors[subject].is_alive:
            bare.crash(actors[subject])
        elif kind == "by hand":
            bare.start_by_hand()
        elif kind == "deleted":
            bare.delete_record()
        elif kind == "ended":
            bare.end_run(subject, entry[2])
    bare.dispose()
    return [
        ("the state table", _records(world), _records(bare)),
        ("what was published", _published(world), _published(bare)),
        ("what was started", _started(world), _started(bare)),
        ("payloads in S3", _keys(world), _keys(bare)),
        ("how handlers ended", _endings(world), _endings(bare)),
    ]


def _without_product(scenario: Scenario) -> Scenario:
    return Scenario(
        before=scenario.before,
        messages=scenario.messages,
        can_start=scenario.can_start,
        faults=0,
        shares_key=scenario.shares_key,
        is_redriven=scenario.is_redriven,
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
    return sorted(_TIME_ID.sub("(an id)", key) for key in world.bucket.objects)


def _started(world: World) -> list[tuple[str, str]]:
    return [(each.arn, each.input) for each in world.sfn.executions.values()]


def _endings(world: World) -> list[tuple[int, str]]:
    return sorted(world.ghost.endings)
