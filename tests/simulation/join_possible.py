"""What invocations of worlds with joins may still touch, and those that are still to begin."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.naming import MemberToken
from simulation.ghost import JOIN, member_named
from simulation.independence import CONTINUE, Touched
from simulation.join_ghost import member_of
from simulation.join_independence import (
    DEFINITION,
    EXPAND,
    PLACES,
    SENDING,
    TOKENS,
    Things,
    member_row,
    touched,
)
from simulation.join_request import LIST_KEY
from simulation.system import JOINS_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulation.actors import Actor
    from simulation.world import World

Key = tuple[str, str]
"""A row's partition and token."""


def undisputed(world: World, alive: list[Actor]) -> Actor | None:
    """An invocation whose next call nothing else that may happen conflicts with."""
    if world.scenario.list_changes or world.scenario.redrives:
        return None  # which payload is which member's is not told then, nor how often a run ends
    futures = [future(world, actor) for actor in alive] if len(alive) > 1 else []
    for place, actor in enumerate(alive):
        assert actor.pending is not None
        call = touched(world, actor.pending)
        others = [*futures[:place], *futures[place + 1 :]]
        if any(call.conflicts(each) for each in others):
            continue
        if not call.conflicts(coming(world, alive, actor)):
            return actor
    return None


@dataclass(slots=True)
class _Reach:
    """Collects what is touched."""

    things: Things
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)

    def touched(self) -> Touched:
        """All of it."""
        return Touched.of(self.reads, self.writes)

    def request(self, join_id: str) -> None:
        """A ``process`` with a join request."""
        self.writes |= {f"W {join_id} {token}" for token in (DEFINITION, JOIN, EXPAND)}
        self.reads.update(self.things.members(join_id))

    def registration(self, payload_id: str, token: str | None, *, is_through: bool) -> None:
        """A ``process`` with a payload's message."""
        self.reads |= self.things.run(payload_id)
        if not is_through:
            self.writes |= {f"S {payload_id}", f"X {payload_id}"}
        if token is None:
            return
        self.reads.add(f"R {payload_id} {token}")
        self.writes.add(f"W {payload_id} {token}")
        member = member_named(token)
        if member is not None and not is_through:
            self.writes.add(member_row(member.join_id, member.index))
            asked = self.things.joins[member.join_id].members[member.index]
            self.reads.add(f"B {asked.object_key}")

    def end_told(self, payload_id: str, *, writes: bool, found: Iterable[str] | None) -> None:
        """An ``update-state``."""
        self.reads |= self.things.run(payload_id)
        if writes:
            self.writes.add(f"S {payload_id}")
        if found is None:
            self.writes.update(self.things.open_rows(payload_id))
        else:
            self.writes |= {f"W {payload_id} {token}" for token in (*found, CONTINUE)}
        self.reads.update(self.things.settled_rows(payload_id))

    def record(self, world: World, key: Key) -> None:
        """A sender with a record of this row."""
        partition, token = key
        member = member_named(token)
        if member is not None:
            self.writes |= {f"R {partition} {token}", member_row(member.join_id, member.index)}
            self._decision(member.join_id)
        elif token == JOIN:
            self._decision(partition)
            self.writes |= {TOKENS, f"B {JOINS_PREFIX}{partition.removeprefix('join:')}.json"}
        elif token == EXPAND:
            self._expansion(world, partition)
        elif token == CONTINUE:
            self.end_told(partition, writes=False, found=None)
        else:
            self.writes |= {TOKENS, f"R {partition} {token}"}

    def _decision(self, join_id: str) -> None:
        self.reads.update(self.things.members(join_id))
        self.writes.add(f"W {join_id} {JOIN}")

    def _expansion(self, world: World, join_id: str) -> None:
        self.reads |= {f"W {join_id} {DEFINITION}", f"B {LIST_KEY}"}
        self.writes |= {f"W {join_id} {EXPAND}", f"W {join_id} {JOIN}", SENDING}
        if int(world.waits.items.get((join_id, JOIN), {}).get("total", {"N": "0"})["N"]) == 0:
            self._decision(join_id)  # its list may break the rules, or name nobody
        for index, member in enumerate(self.things.joins[join_id].members):
            token = MemberToken(join_id, index).text
            if member.is_large:
                self.writes.add(member_row(join_id, index))
                self.reads.add(f"W {member.payload_id} {token}")
                self.reads |= self.things.run(member.payload_id)
                self._decision(join_id)
            elif member.kind == "attached":
                self.writes.add(member_row(join_id, index))
                self.writes.add(f"W {member.payload_id} {token}")
                self.reads.add(f"R {member.payload_id} {token}")
                self.reads |= self.things.run(member.payload_id)

    def everything(self) -> None:
        """A reconciler."""
        rows = self.things.rows()
        self.reads |= {*rows, *self.things.all_runs()}
        self.reads |= {f"B {LIST_KEY}"}
        self.writes |= {*rows, TOKENS, PLACES}
        for join_id in self.things.joins:
            self.writes.add(f"B {JOINS_PREFIX}{join_id.removeprefix('join:')}.json")


def future(world: World, actor: Actor) -> Touched:
    """What an invocation may still touch."""
    reach = _Reach(world.things)
    if actor.kind == "process":
        for number in world.held.get(actor.number, ()):
            _deliver(world, reach, number, is_through=actor.is_through)
    elif actor.kind == "update_state":
        payload_id = _payload_of(world, actor.subject)
        reach.end_told(payload_id, writes=not actor.is_through, found=actor.found)
    elif actor.kind == "sender":
        for key in world.batch_of(actor):
            reach.record(world, key)
    else:
        reach.everything()
    return reach.touched()


def _deliver(world: World, reach: _Reach, number: int, *, is_through: bool = False) -> None:
    join_id, payload_id, token = _asked(world, number)
    if join_id is not None:
        reach.request(join_id)
    elif payload_id is not None:
        reach.registration(payload_id, token, is_through=is_through)


def _asked(world: World, number: int) -> tuple[str | None, str | None, str | None]:
    """What a message is about: a join; or a payload, and the token that waits for it."""
    messages = world.scenario.messages
    if number < len(messages):
        sent = messages[number]
        if sent.join is not None:
            return next(iter(world.joins)), None, None
        return None, sent.payload_id or world.scenario.payload_id, sent.token
    message = world.queue.messages[number]
    member = member_of(message.attributes)
    assert member is not None
    asked = world.things.joins[member.join_id].members[member.index]
    return None, asked.payload_id, member.text


def _payload_of(world: World, arn: str) -> str:
    return str(json.loads(world.sfn.executions[arn].input)["id"])


def is_registered(world: World, arn: str) -> bool:
    """True where no registration is still to be told from the end of this run."""
    payload_id = _payload_of(world, arn)
    waits = world.things.waits[payload_id]
    return all((payload_id, token) in world.waits.items for token in waits)


def coming(world: World, alive: list[Actor], actor: Actor) -> Touched:
    """What may be touched by all that may begin before this invocation makes its call.

    One invocation of a kind at a time (``Scenario.crowd``; of senders without lanes always): what
    is of the same kind begins once this one is through.
    """
    reach = _Reach(world.things)
    scenario = world.scenario
    if world.passes_left and not (scenario.reconcilers == 1 and actor.kind == "reconciler"):
        reach.everything()
    if scenario.may_close and world.sfn.tokens:
        reach.writes.add(TOKENS)
    _Coming(world, [each for each in alive if each is not actor], actor, reach).collect()
    return reach.touched()


@dataclass(slots=True)
class _Coming:
    """Follows what may begin: messages, runs, ends, records, one from the other.

    Attributes:
        others: invocations under way beside ``actor``.
        runs: payloads of which a run may be told of.
        settled: rows that may be settled, and so be with a sender.
    """

    world: World
    others: list[Actor]
    actor: Actor
    reach: _Reach
    runs: set[str] = field(default_factory=set)
    settled: set[Key] = field(default_factory=set)

    def collect(self) -> None:
        """Collect all of it."""
        world, is_alone = self.world, self.world.scenario.crowd == 1
        sends = world.scenario.has_lanes or self.actor.kind != "sender"
        self.settled |= {
            (each["payload_id"]["S"], each["task_token"]["S"])
            for lane in world.lanes()
            for record in world.new_records(lane)
            for each in [record["dynamodb"]["Keys"]]
        }
        if any(each.kind == "reconciler" for each in self.others) or world.passes_left:
            self.settled |= {(join_id, EXPAND) for join_id in world.joins}
        for other in self.others:
            if other.kind == "process":
                for number in world.held[other.number]:
                    self._process(number, is_through=other.is_through)
            elif other.kind == "update_state":
                self._told(_payload_of(world, other.subject))
            elif other.kind == "sender":
                self._continued(world.batch_of(other))
        self._continued(list(self.settled))
        if not (is_alone and self.actor.kind == "process"):
            self._messages(sends=sends)
        self._runs(tells=not (is_alone and self.actor.kind == "update_state"))
        if sends:
            self._records()

    def _messages(self, *, sends: bool) -> None:
        """Messages that may be delivered; those of members that are still to be sent as well."""
        world = self.world
        for number, message in world.queue.messages.items():
            is_mine = number in world.held.get(self.actor.number, ())
            if not is_mine and message.receives < world.scenario.deliveries:
                _deliver(world, self.reach, number)
                self._process(number, is_through=False)
        senders = [each for each in self.others if each.kind == "sender"]
        for join_id, join in self.reach.things.joins.items():
            is_coming = sends and self._may_expand(join_id)
            if not is_coming and not any((join_id, EXPAND) in world.batch_of(s) for s in senders):
                continue
            sent = int(world.waits.items.get((join_id, JOIN), {}).get("sent", {"N": "0"})["N"])
            for index, member in enumerate(join.members):
                if member.kind == "attached" or index < sent:
                    continue
                token = MemberToken(join_id, index).text
                self.reach.registration(member.payload_id, token, is_through=False)
                self.runs.add(member.payload_id)
                self.settled.add((member.payload_id, token))

    def _may_expand(self, join_id: str) -> bool:
        return (join_id, EXPAND) in self.settled

    def _process(self, number: int, *, is_through: bool) -> None:
        """What comes of a message that is or will be with a ``process``."""
        join_id, payload_id, token = _asked(self.world, number)
        if join_id is not None:
            self.settled |= {(join_id, EXPAND), (join_id, JOIN)}
        elif payload_id is not None:
            if not is_through:
                self.runs.add(payload_id)
            if token is not None:
                self.settled.add((payload_id, token))

    def _told(self, payload_id: str) -> None:
        """What comes of the end of a payload's run: its waits are settled, now or by the sender."""
        self.settled |= {(payload_id, token) for token in self.reach.things.waits[payload_id]}
        if self.world.faults_left:
            self.settled.add((payload_id, CONTINUE))

    def _continued(self, keys: Iterable[Key]) -> None:
        """What comes of rows that carry an end on to the sender."""
        for payload_id, token in keys:
            if token == CONTINUE:
                self._told(payload_id)

    def _runs(self, *, tells: bool) -> None:
        world = self.world
        for arn, execution in world.sfn.executions.items():
            if execution.status == "RUNNING" or world.events[arn].left:
                self.runs.add(_payload_of(world, arn))
        for payload_id in self.runs:
            self.reach.writes.add(f"E {payload_id}")
            if tells:
                self.reach.end_told(payload_id, writes=True, found=None)
                self._told(payload_id)

    def _records(self) -> None:
        for join_id, join in self.reach.things.joins.items():
            if self._may_expand(join_id):
                self.settled |= {
                    (each.payload_id, MemberToken(join_id, index).text)
                    for index, each in enumerate(join.members)
                    if each.kind == "attached"
                }
                self.settled.add((join_id, JOIN))
            elif any(member_named(token) is not None for _, token in self.settled):
                self.settled.add((join_id, JOIN))
        for key in self.settled:
            self.reach.record(self.world, key)
