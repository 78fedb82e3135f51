"""Which worlds are alike: two with one fingerprint have the same futures and judgements.

Left out is what can decide nothing any more: when a row was written (nothing compares a row's
times with others to less than a minute), and what a settled row saw at its registration. Of
other times it counts which are the same, not which they are.

Isolation alone is judged along the way that led there, by a replay without hooks
(``bare``): of several ways to one state, on the first.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
from typing import TYPE_CHECKING, Any

from simulation.clock import START
from simulation.invariants import is_old, is_true, overtaken, ran_again
from simulation.scenario import EVENT_TRIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from simulation.actors import Actor
    from simulation.ghost import Ghost, RowFacts
    from simulation.world import World

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00")
_PAST = ("seen_state", "seen_execution")
"""Of a settled row: decides nothing any more."""


def fingerprint(world: World) -> bytes:
    """16 bytes."""
    texts: list[str] = []
    times: list[str] = []
    for fact in _facts(world):
        text, found = _parted(fact)
        texts.append(text)
        times += found
    texts += [_parted(repr(fact))[0] for fact in _rows(world)]
    rank: dict[str, int] = {}
    texts.append(repr([rank.setdefault(time, len(rank)) for time in times]))
    return hashlib.blake2b("\n".join(texts).encode(), digest_size=16).digest()


@functools.lru_cache(maxsize=1 << 17)
def _parted(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without its times, and they."""
    return _TIME.sub("*", text), tuple(_TIME.findall(text))


def _facts(world: World) -> Iterator[str]:
    """Everything but the rows."""
    yield repr(list(world.states.items.values()))
    if world.faults_left:
        # What an eventually consistent read may still see.
        yield repr(list(world.states.older.values()))
    for actor in world.actors:
        if actor.is_alive:
            assert actor.pending is not None
            yield repr((actor.kind, _subject(world, actor), actor.pending.name))
            yield from actor.history
    yield repr(
        (
            [(each.arn, each.status) for each in world.sfn.executions.values()],
            sorted(world.sfn.tokens),
            sorted(world.sfn.accepted, key=repr),
            sorted((n, each.receives, each.is_visible) for n, each in world.queue.messages.items()),
            sorted(each.number for each in world.queue.dead),
            sorted(
                (arn, event.left, event.tries % EVENT_TRIES, event.tries > 0)
                for arn, event in world.events.items()
            ),
            (world.faults_left, world.is_disturbed, world.may_repeat, world.is_answering),
            sorted(world.stream_position.items()) if world.scenario.has_lanes else 0,
            (world.passes_left, world.advances_left, world.deletions_left, world.redrives_left),
            world.clock.now.isoformat(timespec="microseconds"),
            int((world.clock.now - START).total_seconds()),
            _ghost(world.ghost),
        ),
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


def _ghost(ghost: Ghost) -> tuple[Any, ...]:
    listed = [(run.listed, arn) for arn, run in ghost.runs.items() if run.listed is not None]
    return (
        [arn for _, arn in sorted(listed)],
        [
            (
                arn,
                run.started is not None,
                run.ended is not None,
                run.result,
                run.messages,
                run.is_replacement,
                run.is_unnoted,
                sorted({result for _, result in run.ends}),
            )
            for arn, run in sorted(ghost.runs.items())
        ],
        ghost.listings,
        [(each.state, each.run) for each in ghost.written[-1:]],
        ghost.problems,
    )


def _rows(world: World) -> Iterator[Any]:
    yield [_without_past(each["dynamodb"]["NewImage"]) for each in world.new_records()]
    if world.faults_left and world.scenario.may_reconcile:
        yield sorted(world.waits.older.items())
    unstarted = list(_parts(world.ghost.never_came_to_be()))
    for key in sorted(world.waits.items):
        row = world.waits.items[key]
        yield _without_past(row)
        token = key[1]
        if token.startswith("#"):
            continue
        number = next(n for n, sent in enumerate(world.scenario.messages) if sent.token == token)
        facts = world.ghost.rows[token]
        yield (
            ran_again(world.ghost, facts, number),
            ran_again(world.ghost, facts, number, for_itself=True),
            overtaken(world.ghost, facts),
            facts.settled_by,
            sorted(facts.unseen),
            any(
                (run.started or 0) > facts.registered and number in run.messages
                for run in world.ghost.runs.values()
            ),
            [image["answer"] for image in facts.images],
        )
        if facts.settled is None:
            yield _open(world.ghost, facts)
        else:
            replace = world.scenario.messages[number].replace
            yield [
                is_true(world.ghost, facts, row, replace=replace, ran_again=again, besides=besides)
                for again in (False, True)
                for besides in unstarted
            ]


def _parts(runs: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Which of the runs that have not started may never do so."""
    for count in range(len(runs) + 1):
        yield from itertools.combinations(sorted(runs), count)


def _without_past(row: dict[str, Any]) -> dict[str, Any]:
    if "settled_at" not in row:
        return row
    return {name: value for name, value in row.items() if name not in _PAST}


def _open(ghost: Ghost, facts: RowFacts) -> tuple[Any, ...]:
    """What a row's judgement will depend on, when it is settled."""
    held = {
        (each.state, each.run, ghost.latest_listed(max(each.step, facts.registered)))
        for each in ghost.held(facts.registered, ghost.step)
    }
    return (
        ghost.latest_listed(facts.registered),
        ghost.was_final(facts),
        sorted(held, key=repr),
        [
            (arn, run.ended is not None and run.ended < facts.registered, is_old(run, facts))
            for arn, run in sorted(ghost.runs.items())
        ],
    )
