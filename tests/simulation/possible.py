"""What may happen next in a world, and which of it needs no choice."""

from __future__ import annotations

import functools
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulation import independence, join_independence, join_possible
from simulation.scenario import BY_HAND
from simulation.system import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from simulation.actors import Actor
    from simulation.independence import Touched
    from simulation.world import World

    Environment = Callable[[], list["Option"]]


@dataclass(frozen=True, slots=True)
class Option:
    """Something that may happen next.

    Attributes:
        kind: ``go`` (an actor makes its call), or what the environment does.
        subject: the actor's number, the message, the run, ...
        variant: ``ok``, a fault, or how a run ends.
        label: how traces call it.
    """

    kind: str
    subject: Any
    variant: str
    label: str


def options_of(world: World) -> list[Option]:
    """Everything that may happen next; the first is the undisturbed order."""
    found: list[Option] = []
    under_way = [actor for actor in world.actors if actor.pending is not None]
    environment = functools.cache(lambda: _environment(world, under_way))  # not always asked for
    alone = _undisputed(world, under_way, environment)
    alive = under_way if alone is None else [alone]
    for actor in sorted(alive, key=lambda each: -each.number):
        assert actor.pending is not None
        label = f"{actor.name}: {actor.pending.name}"
        found.append(Option("go", actor.number, "ok", label))
    if alone is None:
        found += environment()
    if world.faults_left:
        kinds = world.scenario.fault_kinds
        faulty = world.scenario.faulty
        for actor in alive:
            assert actor.pending is not None
            if faulty and actor.kind not in faulty:
                continue
            found.extend(
                Option("go", actor.number, fault, f"{actor.name}: {actor.pending.name} {fault}")
                for fault in actor.pending.variants
                if not kinds or fault in kinds
            )
    # A join has a long way to go: what comes of it by itself is explored, not closed.
    goes_on = world.joins and any(each.kind in ("deliver", "stream") for each in found)
    if not alive and not goes_on:
        found.append(Option("finish", None, "ok", "nothing more happens by itself"))
    return found


def is_own(world: World, option: Option) -> bool:
    """True where the option is about a call of the product's."""
    call = world.actors[option.subject].pending
    return call is not None and call.is_own


def _undisputed(world: World, alive: list[Actor], environment: Environment) -> Actor | None:
    """An invocation whose next call nothing else that may happen conflicts with."""
    if world.advances_left:
        return None  # time concerns every call
    for actor in alive:
        if actor.step.is_first:
            # It begins when its first call is made: nobody could tell that it began before,
            # and what a waiter may be told is then judged most strictly.
            return actor
    if world.scenario.running:
        return None  # what the rows of cycles touch has not been told apart
    if world.joins:
        return join_possible.undisputed(world, alive)
    if not alive:
        return None
    coming = list(_coming(world, alive, environment()))
    futures = [future(world, actor) for actor in alive] if len(alive) > 1 else []
    may_tell_early = not sender_comes_last(world)
    for place, actor in enumerate(alive):
        others = [*futures[:place], *futures[place + 1 :], *coming]
        if may_tell_early and actor.kind != "sender":
            others.append(independence.SENDER)  # one at a time
        call = touched(world, actor)
        if not any(call.conflicts(other) for other in others):
            return actor
    return None


def sender_comes_last(world: World) -> bool:
    continues = (world.scenario.payload_id, independence.CONTINUE) in world.waits.items
    return world.scenario.sender_comes_last and not continues


def _coming(world: World, alive: list[Actor], environment: list[Option]) -> Iterator[Touched]:
    """What may be touched by all that is still to begin."""
    kinds = {option.kind for option in environment}
    delivers = "deliver" in kinds or any(
        _is_held_back(world, each) for each in world.queue.messages
    )
    if delivers:
        yield independence.process_of(tuple(_tokens(world, world.queue.messages)))
    starts = delivers or any(each.kind == "process" and not each.is_through for each in alive)
    if _updates_left(world) > 0 and (starts or kinds & {"event", "end", "end-told"}):
        yield independence.UPDATE_STATE
    if kinds & {"end", "end-told", "by-hand", "redrive"}:
        yield independence.END
    if kinds & {"by-hand", "redrive"} and _updates_left(world) > 0:
        yield independence.UPDATE_STATE
    if "delete" in kinds:
        yield independence.DELETION
    if "stream" in kinds:
        yield independence.SENDER
    if world.passes_left:
        yield independence.RECONCILER


def _tokens(world: World, numbers: Iterable[int]) -> list[str]:
    return [token for each in numbers if (token := world.scenario.messages[each].token) is not None]


def future(world: World, actor: Actor) -> Touched:
    if world.joins:
        return join_possible.future(world, actor)
    tokens = tuple(_tokens(world, world.held.get(actor.number, ())))
    return independence.future(actor.kind, actor.found, tokens, is_through=actor.is_through)


def touched(world: World, actor: Actor) -> Touched:
    assert actor.pending is not None
    if world.joins:
        return join_independence.touched(world, actor.pending)
    return independence.touched(
        actor.pending, lambda token: _is_settled(world, token), comes_again=_comes_again(world)
    )


def _is_settled(world: World, token: str) -> bool:
    row = world.waits.items.get((world.scenario.payload_id, token))
    return row is not None and "settled_at" in row


def _updates_left(world: World) -> int:
    return world.scenario.updates - sum(event.tries for event in world.events.values())


def _comes_again(world: World) -> bool:
    """A message is delivered again, or may be."""
    most = world.scenario.deliveries
    return any(
        each.receives > 1 or (each.receives == 1 and each.is_visible and most > 1)
        for each in world.queue.messages.values()
    )


def _environment(  # noqa: C901 - one thing after the other
    world: World, alive: list[Actor]
) -> list[Option]:
    kinds = Counter(actor.kind for actor in alive)
    if world.is_answering:
        return [] if kinds["sender"] else _deliveries_of_records(world)
    found = []
    if not world.is_closing and kinds["process"] < world.scenario.crowd:
        found += _deliveries_of_messages(world)
    if world.scenario.waits_first and (kinds["process"] or world.queue.messages):
        return found
    may_update = kinds["update_state"] < world.scenario.crowd and _updates_left(world) > 0
    for arn, execution in world.sfn.executions.items():
        name = arn.rpartition(":")[2][:8]
        if execution.status == "RUNNING":
            if world.scenario.waits_first and not _has_listed(alive):
                continue
            ends = _ends(world, alive, arn)
            if ends != "end-told" or may_update:
                told = " and it is told" if ends == "end-told" else ""
                found.extend(
                    Option(ends, arn, result, f"run {name} ends {result}{told}")
                    for result in _results(world)
                )
        elif world.events[arn].left > 0 and may_update:
            found.append(Option("event", arn, "ok", f"the end of run {name} is told"))
    if world.scenario.has_lanes or not (alive if sender_comes_last(world) else kinds["sender"]):
        found.extend(_deliveries_of_records(world))
    if world.passes_left and kinds["reconciler"] < world.scenario.reconcilers:
        found.append(Option("reconcile", None, "ok", "the reconciler begins"))
    found += _by_people(world, is_processing=kinds["process"] > 0)
    if world.joins:
        found += _mishaps(world)
    if world.advances_left:
        found.append(Option("advance", 200, "ok", "200 s pass"))
    return found


def _has_listed(alive: list[Actor]) -> bool:
    """True while a pass is under way that knows which runs go on."""
    return any(actor.step.has_heard("'executions'") for actor in alive)


def _by_people(world: World, *, is_processing: bool) -> list[Option]:
    """What somebody may do by hand.

    A record that is deleted within the invocation that started its run is seen by nobody.
    """
    found = []
    if world.scenario.by_hand and BY_HAND not in world.sfn.executions:
        found.append(Option("by-hand", None, "ok", "an execution is started by hand"))
    if world.redrives_left:
        found += [
            Option("redrive", arn, "ok", f"run {arn.rpartition(':')[2][:8]} is redriven")
            for arn, execution in world.sfn.executions.items()
            if execution.status in ("FAILED", "ABORTED")
        ]
    if world.deletions_left and world.states.items and not is_processing:
        found.append(Option("delete", None, "ok", "the record is deleted"))
    return found


def _mishaps(world: World) -> list[Option]:
    """What may be lost or changed, of a join."""
    found = []
    if world.losses_left:
        found += [
            Option("lose", number, "ok", f"message {number} is lost")
            for number in world.queue.messages
            if _may_be_lost(world, number)
        ]
    if world.lost_records_left:
        found += [
            Option("lose-record", lane, "ok", "a record of the stream is lost")
            for lane in _lanes_to_read(world)
        ]
    if world.list_changes_left:
        found.append(Option("change-list", None, "ok", "the list is changed"))
    if world.scenario.may_close and world.sfn.tokens:
        found.append(Option("close", None, "ok", "the parent ends"))
    return found


def _may_be_lost(world: World, number: int) -> bool:
    """Not so for a message of somebody else's: without it his payload is never run."""
    messages, message = world.scenario.messages, world.queue.messages[number]
    if world.scenario.dead_letters:
        return message.is_visible and message.receives > 0 and number >= len(messages)
    is_of_join = number >= len(messages) or messages[number].join is not None
    return message.is_visible and is_of_join


def _lanes_to_read(world: World) -> list[str]:
    busy = world.lanes_read()
    if not world.scenario.has_lanes and busy:
        return []
    return [lane for lane in world.lanes() if lane not in busy and world.new_records(lane)]


def _ends(world: World, alive: list[Actor], arn: str) -> str:
    """Whether a run's end is one thing with its being told.

    Apart from the reconciler only judgements know when a run ended: whether before a
    registration, and before a settle, which the telling precedes. (An end that is never
    told may come when nothing else is under way.)
    """
    if not alive or world.scenario.may_reconcile or world.scenario.running:
        return "end"
    if world.joins:
        is_told = world.events[arn].left > 0 and join_possible.is_registered(world, arn)
        return "end-told" if is_told else "end"
    waits = {task_token for _, task_token in world.waits.items}
    unregistered = set(_tokens(world, world.queue.messages)) - waits
    return "end" if unregistered else "end-told"


def _results(world: World) -> tuple[str, ...]:
    """How the next run to end may end."""
    ends = world.scenario.ends
    if not ends:
        return world.scenario.outcomes
    ended = sum(
        step > 0
        for ghost in world.all_ghosts()
        for run in ghost.runs.values()
        for step, _ in run.ends
    )
    return (ends[min(ended, len(ends) - 1)],)


def _deliveries_of_messages(world: World) -> list[Option]:
    visible = tuple(
        number
        for number, message in world.queue.messages.items()
        if message.is_visible
        and message.receives < world.scenario.deliveries
        and not _is_held_back(world, number)
    )
    batches = [(number,) for number in visible]
    if len(visible) > 1:
        batches.append(visible)
    return [
        Option("deliver", batch, "ok", f"message {'+'.join(map(str, batch))} is delivered")
        for batch in batches
    ]


def _is_held_back(world: World, number: int) -> bool:
    """True for a message that a parent sends once it has been told of an earlier token."""
    messages = world.scenario.messages
    after = messages[number].after if number < len(messages) else None
    return after is not None and after not in {token for token, _, _ in world.sfn.accepted}


def _deliveries_of_records(world: World) -> list[Option]:
    found = []
    for lane in _lanes_to_read(world):
        pending = len(world.new_records(lane))
        counts = [pending, 1] if pending > 1 else [1] * pending
        if world.joins:  # so one record more takes no choice away
            counts = list(range(pending, 0, -1))
        found += [
            Option("stream", (lane, count), "ok", f"{count} record{'s' * (count > 1)} delivered")
            for count in counts
        ]
        if world.slow_left:
            found += _slow_expansions(world, lane, counts)
    return found


def _slow_expansions(world: World, lane: str, counts: list[int]) -> list[Option]:
    """A sender that sends no member, or some, and then has no time left."""
    found = []
    for count in counts:
        keys = [each["dynamodb"]["Keys"] for each in world.new_records(lane)[:count]]
        if any(key["task_token"]["S"] == join_independence.EXPAND for key in keys):
            joins = world.things.joins
            most = max(len(each.members) for each in joins.values())
            found += [
                Option(
                    "stream",
                    (lane, count, chunks),
                    "ok",
                    f"{count} record{'s' * (count > 1)} delivered, time for {chunks} chunks",
                )
                for chunks in range(math.ceil(most / CHUNK))
            ]
    return found
