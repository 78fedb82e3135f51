"""The promises of joins, J1 to J6, judged at the end of a schedule (docs/protocol.md)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.rows import join_id_of
from cirrus_callbacks_plugin.naming import MemberToken
from simulation.ghost import JOIN
from simulation.invariants import (
    NEVER_RERUN,
    NEVER_STARTED,
    isolated,
    once,
    overtaken,
    secret,
    untruths,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulation.ghost import RowFacts
    from simulation.join_ghost import Closing, JoinGhost, Telling
    from simulation.join_request import Join, Member
    from simulation.scenario import Sent
    from simulation.world import World

INVALID_PAYLOAD = "CirrusCallback.InvalidPayload"
JOIN_FAILED = "CirrusCallback.JoinFailed"

Row = dict[str, Any]


def join_violations(world: World) -> list[str]:
    """Every promise of joins that this schedule broke, in words."""
    found = [*world.ghost.problems, *secret(world), *isolated(world)]
    for number, sent in enumerate(world.scenario.messages):
        if sent.join is None or sent.token is None:
            continue
        join = world.joins[join_id_of(sent.token)]
        row = world.waits.items.get((join.join_id, JOIN))
        if row is None:
            if number not in {message.number for message in world.queue.dead}:
                found.append(f"J1. message {number} was processed, but its join is not there")
            continue
        found += _answered_once(world, sent, join, row)
        found += _sent(world, sent.join, join, row)
        for index, member in enumerate(sent.join.members):
            found += _true(world, join, index, member)
        found += _by_itself(world, sent.join, join)
        found += _kept(world, sent.token, number)
    found += [
        f"J1. {token} was never answered"
        for (_, token), row in world.waits.items.items()
        if MemberToken.of(token) is not None and "answer" not in row
    ]
    return found


def _answered_once(world: World, sent: Sent, join: JoinGhost, row: Row) -> Iterator[str]:
    """J1: once; and what the members' rows said when it was settled allowed it."""
    if "answer" not in row:
        yield "J1. the join was never answered"
        return
    if row["answer"]["S"] == "stale" and sent.token in world.sfn.tokens:
        yield "J1. the join is marked stale, though Step Functions still waits for its answer"
    assert sent.token is not None
    facts = world.ghosts[join.join_id].rows[JOIN]
    yield from once(world, sent.token, row, facts)
    assert sent.join is not None
    assert join.closing is not None
    yield from _allowed(world, sent.join, join.closing, row)
    for token, answer, told in world.sfn.accepted:
        if token != sent.token:
            continue
        expected = "success" if row["workflow_state"]["S"] == "SUCCEEDED" else "failure"
        if answer != expected:
            yield f"J1. the join was settled for a {expected}, and answered with a {answer}"
        if answer == "success":
            yield from _output(sent.join, join, json.loads(told or "{}"))


def _allowed(world: World, join: Join, closing: Closing, row: Row) -> Iterator[str]:
    error = row.get("answer_error", {}).get("S")
    if error == INVALID_PAYLOAD:
        if not join.by_url or world.list_changes_left == world.scenario.list_changes:
            yield "J1. the join was answered InvalidPayload, and its list is as it should be"
        return
    total = len(join.members)
    succeeded = sum(answer == "success" for answer in closing.answers.values())
    failed = sum(answer == "failure" for answer in closing.answers.values())
    told = f"{succeeded} of {total} had succeeded and {failed} failed, {join.needed} had to succeed"
    is_success = row["workflow_state"]["S"] == "SUCCEEDED"
    if not is_success and error != JOIN_FAILED:
        yield f"J1. the join failed with {error}"
    if is_success and succeeded < join.needed:
        yield f"J1. the join succeeded when {told}"
    if not is_success and failed <= total - join.needed and not closing.is_late:
        yield f"J1. the join failed when {told}"
    if join.answer == "settled" and succeeded + failed < total and not closing.is_late:
        yield f"J1. the join was settled when {told}, before all had ended"


def _output(join: Join, ghost: JoinGhost, output: dict[str, Any]) -> Iterator[str]:
    """J1: what the parent is told of its members is what their rows say."""
    if output["succeeded"] < join.needed or output["total"] != len(join.members):
        yield f"J1. the parent was told of {output['succeeded']} of {output['total']} successes"
    for entry in output["members"]:
        telling = ghost.told.get(entry["index"])
        state = entry.get("workflow_state")
        stands = None if telling is None else telling.row.get("workflow_state", {}).get("S")
        if state is not None and state != stands:
            yield f"J1. the parent was told {state} of member {entry['index']}, not {stands}"


def _true(world: World, join: JoinGhost, index: int, member: Member) -> list[str]:
    """J2: what was told of a member obeys promise 2 for its payload."""
    telling = join.told.get(index)
    if telling is None:
        return []
    token = MemberToken(join.join_id, index).text
    error = telling.row.get("answer_error", {}).get("S")
    if error == INVALID_PAYLOAD and member.is_large:
        return []
    if telling.wait is None:
        if error == NEVER_STARTED and not telling.may_come and member.kind != "attached":
            return []
        coming = ", and its message was still to come" if telling.may_come else ""
        return [f"J2. member {index} was told {error or 'a success'} without a wait{coming}"]
    payload_id = telling.wait["payload_id"]["S"]
    if payload_id != member.payload_id and not world.scenario.list_changes:
        return [f"J2. member {index} is told of by {payload_id}"]
    facts = world.ghosts[payload_id].rows[token]
    if facts.settled is None or facts.settled > telling.step:
        facts = replace(facts, settled=telling.step)
    if member.kind == "attached" and was_completed(world, telling, facts):
        return []
    found = untruths(
        world.ghosts[payload_id],
        f"member {index}",
        as_told(telling),
        facts,
        world.message_of(token),
        replace=False,
    )
    return [f"J{each}" for each in found]


def was_completed(world: World, telling: Telling, facts: RowFacts) -> bool:
    """The record said so when the sender attached to it: no cirrus runs the payload again.

    Whose end that was, of several listed runs, is not asked (promise 2: the state just before
    registration).
    """
    state = telling.row.get("workflow_state", {}).get("S")
    held = world.ghosts[telling.row["member_payload_id"]["S"]].held(facts.begun, facts.settled or 0)
    is_said = any(each.state == state for each in held)
    return facts.settled_by == "sender" and state in NEVER_RERUN and is_said


def as_told(telling: Telling) -> Row:
    """A member's wait with what its join was told in the place of its own outcome."""
    assert telling.wait is not None
    told = ("workflow_state", "execution_arn", "output_payload_url", "answer_error", "answer")
    rest = {name: value for name, value in telling.wait.items() if name not in told}
    return {**rest, **{name: telling.row[name] for name in told if name in telling.row}}


def _sent(world: World, join: Join, ghost: JoinGhost, row: Row) -> list[str]:
    """J3: every payload is sent unless the join is answered first; at most one chunk again."""
    found = []
    is_answered_first = ghost.closing is not None
    if not is_answered_first or int(row.get("sent", {"N": "0"})["N"]) == len(join.members):
        found = [
            f"J3. member {index} was never sent"
            for index, member in enumerate(join.members)
            if member.kind != "attached" and not member.is_large and not ghost.sends.get(index)
        ]
    repeats = max((count - 1 for count in ghost.sends.values()), default=0)
    if repeats > world.sender_faults:
        found.append(f"J3. a member was sent {repeats + 1} times for {world.sender_faults} faults")
    return found


def _by_itself(world: World, join: Join, ghost: JoinGhost) -> list[str]:
    """J6: without faults, or where the sender alone crashed, nobody waits for the reconciler."""
    if world.is_disturbed or join.deadline_seconds is not None or world.queue.dead:
        return []
    payloads = [world.ghosts[each] for each in world.scenario.payload_ids]
    if any(each.listings > 1 for each in payloads):
        return []
    if any(overtaken(each, row) for each in payloads for row in each.rows.values()):
        return []
    for arn in world.sfn.executions:
        if not world.events[arn].tries and world.ghost_of(arn).runs[arn].ended != 0:
            return []
    if ghost.answered_by_itself:
        return []
    return ["J6. the join had to wait for the reconciler, though the sender alone was disturbed"]


def _kept(world: World, token: str, request: int) -> list[str]:
    """J4: the parent's token stands in one row, and nowhere but in its own message."""
    rows = [item for (_, name), item in world.waits.items.items() if name != JOIN]
    messages = [*world.queue.messages.values(), *world.queue.dead]
    places = {
        "a row beside the join's own": repr(rows),
        "a member's message": repr([each for each in messages if each.number != request]),
        "what cirrus was given": repr([each for each in world.ghost.log if each[0] == "handler"]),
    }
    return [f"J4. {token} is in {place}" for place, text in places.items() if token in text]
