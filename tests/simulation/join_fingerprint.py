"""What a world with joins is told by: its rows, and the notes of every payload and join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import moment
from simulation.clock import START
from simulation.facts import (
    facts_of_wait,
    ghost_facts,
    items_of,
    older_items_of,
    open_facts,
    records_of,
    truths,
)
from simulation.ghost import JOIN, member_named
from simulation.join_ghost import member_of
from simulation.join_independence import EXPAND
from simulation.join_invariants import as_told, was_completed
from simulation.join_request import LIST_KEY
from simulation.scenario import EVENT_TRIES
from simulation.texts import Parted, parted, parted_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulation.actors import Actor
    from simulation.ghost import Ghost
    from simulation.join_ghost import JoinGhost, Telling
    from simulation.world import World


def join_facts(world: World) -> Iterator[Parted]:
    """Everything but the rows."""
    yield from items_of([item for _, item in sorted(world.states.items.items())])
    kinds = world.scenario.fault_kinds
    if world.faults_left and (not kinds or any(each.startswith("stale") for each in kinds)):
        # What an eventually consistent read may still see.
        yield from older_items_of([pair for _, pair in sorted(world.states.older.items())])
    for actor in sorted(
        (each for each in world.actors if each.pending is not None),
        key=lambda each: (each.kind, each.number),
    ):
        assert actor.pending is not None
        yield parted(repr((actor.kind, _subject(world, actor), actor.pending.name)))
        yield actor.step.history
    for join_id in world.joins:
        # Whether it is the one that a sender has read.
        yield parted_item(world.waits.items.get((join_id, EXPAND)))
    yield parted(repr((sorted(world.sfn.accepted, key=repr), world.bucket.objects.get(LIST_KEY))))
    yield Parted(
        repr(
            (
                sorted((each.arn, each.status) for each in world.sfn.executions.values()),
                sorted(world.sfn.tokens),
                sorted(_messages(world)),
                (world.queue.sent, sorted(each.number for each in world.queue.dead)),
                sorted(
                    (arn, event.left, event.tries % EVENT_TRIES, event.tries > 0)
                    for arn, event in world.events.items()
                ),
                (world.faults_left, world.sender_faults, world.is_disturbed, world.may_repeat),
                (world.passes_left, world.advances_left, world.losses_left, world.redrives_left),
                (world.lost_records_left, world.list_changes_left, world.slow_left),
                sorted(world.bucket.objects),
                int((world.clock.now - START).total_seconds()),
                [(each, ghost_facts(ghost)) for each, ghost in sorted(world.ghosts.items())],
            )
        ),
        (world.clock.now.isoformat(timespec="microseconds"),),
    )


def _messages(world: World) -> Iterator[tuple[Any, ...]]:
    for number, message in world.queue.messages.items():
        member = member_of(message.attributes)
        first = world.first_of(number)
        yield number, member and member.text, first, message.receives, message.is_visible


def _subject(world: World, actor: Actor) -> Any:
    begun = world.begun[actor.number]
    if actor.kind == "sender":
        return world.batch_of(actor), [_since(ghost, begun) for ghost in world.ghosts.values()]
    if actor.kind == "process":
        return actor.subject, [_since(ghost, begun) for ghost in world.ghosts.values()]
    return actor.subject


def _since(ghost: Ghost, begun: int) -> Any:
    """What came to be since an invocation began that may register a wait."""
    return (
        sorted({(each.state, each.run or "") for each in ghost.held(begun, ghost.step)}),
        [arn for arn, run in sorted(ghost.runs.items()) if (run.started or 0) > begun],
    )


def join_rows(world: World) -> Iterator[str]:
    """The rows, what is new of them in the stream, and what they are judged by."""
    for lane in world.lanes():
        yield from records_of(world.new_records(lane))
    if world.faults_left and world.scenario.may_reconcile:
        yield parted(repr(sorted(world.waits.older.items()))).text
    for (partition, token), row in sorted(world.waits.items.items()):
        join = world.joins.get(partition)
        if join is None:
            yield from _wait(world, partition, token, row)
            continue
        yield parted_item(row).text
        if token == JOIN:
            facts = world.ghosts[partition].rows[JOIN]
            yield repr(([image["answer"] for image in facts.images], _deadline(row)))
    for join in world.joins.values():
        yield parted(repr(list(_notes(world, join)))).text


def _deadline(row: dict[str, Any]) -> float | None:
    if "deadline_at" not in row:
        return None
    return (moment(row["deadline_at"]["S"]) - START).total_seconds()


def _wait(world: World, payload_id: str, token: str, row: dict[str, Any]) -> Iterator[str]:
    ghost = world.ghosts[payload_id]
    if token not in ghost.rows:
        yield parted_item(row).text
        return
    number, replace = world.message_of(token), False
    if member_named(token) is None:
        sent = world.scenario.messages
        number = next(n for n, each in enumerate(sent) if each.token == token)
        replace = sent[number].replace
    yield from facts_of_wait(ghost, row, number, replace=replace)
    facts = ghost.rows[token]
    if facts.settled is None:
        yield repr(
            sorted(
                {(each.state, each.run) for each in ghost.held(facts.begun, ghost.step)}, key=repr
            )
        )


def _notes(world: World, join: JoinGhost) -> Iterator[Any]:
    yield sorted(join.sends.items())
    if join.closing is not None:
        yield sorted(join.closing.answers.items()), join.closing.is_late
    for index, telling in sorted(join.told.items()):
        yield index, [_telling(world, MemberToken(join.join_id, index).text, telling)]


def _telling(world: World, token: str, telling: Telling) -> Any:
    """What a member's telling is judged by; its row stands in the table."""
    if telling.wait is None:
        return telling.may_come
    payload_id = telling.wait["payload_id"]["S"]
    ghost = world.ghosts[payload_id]
    facts = ghost.rows[token]
    if facts.settled is None or facts.settled > telling.step:
        # Told before its wait was settled: judged as of then.
        return telling.step, facts.begun, open_facts(ghost, facts), repr(ghost)
    told = as_told(telling)
    return (
        sorted((name, repr(told[name])) for name in told if name.startswith("answer")),
        truths(ghost, facts, told, replace=False),
        was_completed(world, telling, facts),
    )
