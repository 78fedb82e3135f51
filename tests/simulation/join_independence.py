"""What there is to touch in worlds with joins, and what each call touches of it.

As ``independence`` has it, but apart by payload and by row. A thing is a text: a payload's record
(``S payload``), its executions (``X``) and their ends (``E``), an object in S3 (``B key``), the
order of messages sent (``Q``), the parents' tokens (``K``), where passes of the reconciler stopped
(``P``), and rows: of the tracking table
(``W partition token``), those of waits once they are settled under another name (``R``).
Nobody sees a change of a settled row who looks for open ones, and none is settled twice.

Touched is also what a promise is judged by: a wait's registration and settling by its payload's
record and runs, a member's telling by its wait, a join's settling by its members' rows.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.joins.rows import join_id_of
from cirrus_callbacks_plugin.naming import MemberToken
from simulation.ghost import JOIN
from simulation.independence import CONTINUE, WRITING, Touched
from simulation.join_ghost import MEMBER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulation.actors import Call
    from simulation.join_request import Join
    from simulation.scenario import Scenario
    from simulation.world import World

EXPAND, DEFINITION = "#expand", "#definition"
TOKENS, SENDING, PLACES = "K", "Q", "P"
_ABSENT = "attribute_not_exists(payload_id)"


@dataclass(frozen=True, slots=True)
class Things:
    """Everything that there is in a world.

    Attributes:
        joins: the requests, by their joins' ids.
        waits: the tokens of waits, by payload.
        payload_of: by a record's key.
    """

    joins: dict[str, Join]
    waits: dict[str, tuple[str, ...]]
    payload_of: dict[tuple[str, ...], str]

    def run(self, payload_id: str) -> frozenset[str]:
        """A payload's record, its executions and their ends: what a wait is judged by."""
        return _run(payload_id)

    def open_rows(self, payload_id: str) -> tuple[str, ...]:
        """A payload's rows while they wait."""
        return _rows("W", payload_id, (*self.waits[payload_id], CONTINUE))

    def settled_rows(self, payload_id: str) -> tuple[str, ...]:
        """A payload's rows once they are settled."""
        return _rows("R", payload_id, self.waits[payload_id])

    def members(self, join_id: str) -> tuple[str, ...]:
        """The rows of a join's members."""
        return _members(join_id, len(self.joins[join_id].members))

    def rows(self) -> list[str]:
        """Every row."""
        found = [row for each in self.joins for row in self.members(each)]
        found += [f"W {each} {token}" for each in self.joins for token in _OF_JOIN]
        for payload_id in self.waits:
            found += [*self.open_rows(payload_id), *self.settled_rows(payload_id)]
        return found

    def all_runs(self) -> list[str]:
        """Every payload's record, executions and ends."""
        return [each for payload_id in self.waits for each in self.run(payload_id)]


@functools.lru_cache(maxsize=256)
def _run(payload_id: str) -> frozenset[str]:
    return frozenset(f"{kind} {payload_id}" for kind in "SXE")


@functools.lru_cache(maxsize=1024)
def _rows(kind: str, payload_id: str, tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{kind} {payload_id} {token}" for token in tokens)


@functools.lru_cache(maxsize=256)
def _members(join_id: str, count: int) -> tuple[str, ...]:
    return tuple(member_row(join_id, index) for index in range(count))


_OF_JOIN = (JOIN, EXPAND, DEFINITION)


@functools.lru_cache(maxsize=64)
def things_of(scenario: Scenario) -> Things:
    """Everything that there is in a scenario's worlds."""
    joins = {
        join_id_of(sent.token): sent.join
        for sent in scenario.messages
        if sent.join is not None and sent.token is not None
    }
    waits: dict[str, list[str]] = {each: [] for each in scenario.payload_ids}
    for join_id, join in joins.items():
        for index, member in enumerate(join.members):
            waits[member.payload_id].append(MemberToken(join_id, index).text)
    for sent in scenario.messages:
        if sent.join is None and sent.token is not None:
            waits[sent.payload_id or scenario.payload_id].append(sent.token)
    keys = {each: StateKey.of(each) for each in waits}
    return Things(
        joins=joins,
        waits={each: tuple(tokens) for each, tokens in waits.items()},
        payload_of={_values(key.to_item()): each for each, key in keys.items() if key is not None},
    )


def _values(key: Any) -> tuple[str, ...]:
    return key["collections_workflow"]["S"], key["itemids"]["S"]


def member_row(join_id: str, index: int) -> str:
    """The row of a join's member."""
    return f"W {join_id} {MEMBER}{index:05d}"


def touched(world: World, call: Call) -> Touched:
    """What a call touches, and what its effect is judged by."""
    things = world.things
    if call.service == "sqs":
        # What an invocation holds nobody else receives.
        return Touched.of((), [SENDING] if call.operation.startswith("SendMessage") else ())
    if call.service == "s3":
        key = [f"B {call.request['Key']}"]
        return Touched.of((), key) if call.operation == "PutObject" else Touched.of(key, ())
    if call.service == "stepfunctions":
        return _execution(world, things, call)
    return _table(world, things, call)


def _execution(world: World, things: Things, call: Call) -> Touched:
    if call.operation == "StartExecution":
        return Touched.of((), [f"X {json.loads(call.request['input'])['id']}"])
    if call.operation.startswith("SendTask"):
        return Touched.of((), [TOKENS])
    execution = world.sfn.executions.get(call.request.get("executionArn", ""))
    if execution is None:  # a list of them; or one that never came to be
        return Touched.of(things.all_runs(), ())
    return Touched.of(things.run(json.loads(execution.input)["id"]), ())


def _table(world: World, things: Things, call: Call) -> Touched:
    request = call.request
    table, keys = call.keys
    if not table.endswith("-callbacks"):
        records = [f"S {things.payload_of[_values(key)]}" for key in keys]
        writes = call.operation in WRITING
        return Touched.of((), records) if writes else Touched.of(records, ())
    if not keys:
        return Touched.of(_queried(things, request), ())
    if call.operation not in WRITING:
        return Touched.of([_row(world, key) for key in keys], ())
    (key,) = keys
    if request.get("ConditionExpression") == _ABSENT and _is_there(world, key):
        return Touched.of([_row(world, key)], ())
    partition, token = key["payload_id"]["S"], key["task_token"]["S"]
    settles = "settled_at" in str(request)
    if partition in things.joins:
        judged = _judged_of_join(world, things, partition, token, settles=settles)
        return Touched.of(judged, [_row(world, key)])
    row = _row(world, key)
    if row.startswith("R ") and settles:
        return Touched.of([row], ())  # a settled row is settled no second time
    return Touched.of(things.run(partition) if row.startswith("W ") else (), [row])


def _judged_of_join(
    world: World, things: Things, join_id: str, token: str, *, settles: bool
) -> Iterable[str]:
    if token == JOIN and settles:
        return things.members(join_id)
    if not token.startswith(MEMBER):
        return ()
    index = int(token.removeprefix(MEMBER))
    payload_id = things.joins[join_id].members[index].payload_id
    name = MemberToken(join_id, index).text
    key = {"payload_id": {"S": payload_id}, "task_token": {"S": name}}
    row = _row(world, key)
    return [row] if row.startswith("R ") else [row, *things.run(payload_id)]


def _queried(things: Things, request: dict[str, Any]) -> Iterable[str]:
    if "IndexName" in request:
        return things.rows()
    (partition,) = [
        value["S"]
        for name, value in request["ExpressionAttributeValues"].items()
        if name in (":payload_id", ":join_id")
    ]
    return things.members(partition) if partition in things.joins else things.open_rows(partition)


def _is_there(world: World, key: dict[str, Any]) -> bool:
    return (key["payload_id"]["S"], key["task_token"]["S"]) in world.waits.items


def _row(world: World, key: dict[str, Any]) -> str:
    partition, token = key["payload_id"]["S"], key["task_token"]["S"]
    is_payload = partition in world.scenario.payload_ids
    if not is_payload and partition not in world.joins:
        return PLACES
    row = world.waits.items.get((partition, token), {})
    is_settled = is_payload and token != CONTINUE and "settled_at" in row
    return f"{'R' if is_settled else 'W'} {partition} {token}"
