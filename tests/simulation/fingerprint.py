"""Which worlds are alike: two with one fingerprint have the same futures and judgements.

Left out is what can decide nothing any more: when a row was written (nothing compares a row's
times with others to less than a minute), and what a settled row saw at its registration. Of
other times it counts which are the same, not which they are.

Isolation alone is judged along the way that led there, by a replay without hooks
(``bare``): of several ways to one state, on the first.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from simulation.clock import START
from simulation.facts import (
    facts_of_wait,
    ghost_facts,
    items_of,
    older_items_of,
    records_of,
    text_of_row,
)
from simulation.join_fingerprint import join_facts, join_rows
from simulation.scenario import EVENT_TRIES
from simulation.texts import Parted, parted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulation.actors import Actor
    from simulation.world import World


def fingerprint(world: World) -> bytes:
    """16 bytes."""
    texts: list[str] = []
    times: list[str] = []
    for fact in join_facts(world) if world.joins else _facts(world):
        texts.append(fact.text)
        times += fact.times
    texts += join_rows(world) if world.joins else _rows(world)
    rank: dict[str, int] = {}
    texts.append(repr([rank.setdefault(time, len(rank)) for time in times]))
    return hashlib.blake2b("\n".join(texts).encode(), digest_size=16).digest()


def _facts(world: World) -> Iterator[Parted]:
    """Everything but the rows."""
    yield from items_of(world.states.items.values())
    if world.faults_left:
        # What an eventually consistent read may still see.
        yield from older_items_of(world.states.older.values())
    for actor in world.actors:
        if actor.pending is not None:
            yield parted(repr((actor.kind, _subject(world, actor), actor.pending.name)))
            yield actor.step.history
    yield parted(repr(sorted(world.sfn.accepted, key=repr)))
    yield Parted(
        repr(
            (
                [(each.arn, each.status) for each in world.sfn.executions.values()],
                sorted(world.sfn.tokens),
                sorted(
                    (number, each.receives, each.is_visible)
                    for number, each in world.queue.messages.items()
                ),
                sorted(each.number for each in world.queue.dead),
                sorted(
                    (arn, event.left, event.tries % EVENT_TRIES, event.tries > 0)
                    for arn, event in world.events.items()
                ),
                (world.faults_left, world.is_disturbed, world.may_repeat, world.is_answering),
                sorted(world.stream_position.items()) if world.scenario.has_lanes else 0,
                (world.passes_left, world.advances_left),
                (world.deletions_left, world.redrives_left),
                int((world.clock.now - START).total_seconds()),
                ghost_facts(world.ghost),
            )
        ),
        (world.clock.now.isoformat(timespec="microseconds"),),
    )


def _subject(world: World, actor: Actor) -> Any:
    if actor.kind == "sender":
        # Where its batch begins and what is in it is told by the new records.
        return actor.subject.count("+")
    if actor.kind == "process":
        begun = world.begun[actor.number]
        started = [arn for arn, run in world.ghost.runs.items() if (run.started or 0) > begun]
        return actor.subject, world.ghost.were_final(begun, world.ghost.step), sorted(started)
    return actor.subject


def _rows(world: World) -> Iterator[str]:
    yield from records_of(world.new_records())
    if world.faults_left and world.scenario.may_reconcile:
        yield parted(repr(sorted(world.waits.older.items()))).text
    for key in sorted(world.waits.items):
        row = world.waits.items[key]
        token = key[1]
        if token.startswith("#"):
            yield text_of_row(row)
            continue
        number = next(n for n, sent in enumerate(world.scenario.messages) if sent.token == token)
        replace = world.scenario.messages[number].replace
        yield from facts_of_wait(world.ghost, row, number, replace=replace)
