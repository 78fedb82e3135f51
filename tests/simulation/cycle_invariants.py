"""Promises about cycles of waits, judged at the end of a schedule (docs/protocol.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulation.invariants import isolated, once, secret, untruths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulation.ghost import RowFacts
    from simulation.scenario import Sent
    from simulation.world import World

DEPENDENCY_CYCLE = "CirrusCallback.DependencyCycle"


@dataclass(frozen=True, slots=True)
class _Edge:
    """An open wait at some step: a run that waits, and the run in progress that is waited for."""

    token: str
    waiter: str
    child: str


def cycle_violations(world: World) -> list[str]:
    """Every promise that this schedule broke, in words."""
    found = [*world.ghost.problems, *secret(world), *isolated(world)]
    rows = {token: row for (_, token), row in world.waits.items.items() if token[0] != "#"}
    dead = {message.number for message in world.queue.dead}
    for number, sent in enumerate(world.scenario.messages):
        if sent.token is None:
            continue
        if sent.token not in rows:
            if number not in dead:
                found.append(f"1. message {number} was processed, but was never registered")
            continue
        found += _of_a_wait(world, sent, rows[sent.token], number)
    left = {token for edges in [_edges(world, world.rested)] for token in _in_cycles(edges)}
    if left:
        found.append(f"C2. a whole pass has told nobody of the cycle of {sorted(left)}")
    return found


def _of_a_wait(world: World, sent: Sent, row: dict[str, Any], number: int) -> Iterator[str]:
    assert sent.token is not None
    assert sent.payload_id is not None
    if "answer" not in row:
        yield f"1. {sent.token} was never answered"
        return
    if row["answer"]["S"] == "stale" and sent.token in world.sfn.tokens:
        yield f"1. {sent.token} is marked stale, though Step Functions still waits"
    ghost = world.ghosts[sent.payload_id]
    facts = ghost.rows[sent.token]
    yield from once(world, sent.token, row, facts)
    if row.get("answer_error", {}).get("S") == DEPENDENCY_CYCLE:
        yield from _told_of_a_cycle(world, sent, facts)
    else:
        yield from untruths(ghost, sent.token, row, facts, number, replace=sent.replace)


def _told_of_a_cycle(world: World, sent: Sent, facts: RowFacts) -> Iterator[str]:
    """C1: all of its waits were there at once, while the pass was under way that tells it."""
    if facts.settled_by == "process":
        if sent.waiter != sent.payload_id:
            yield f"C1. {sent.token} was refused, and its parent does not wait for itself"
        return
    assert facts.settled is not None
    cycles = [_in_cycles(_edges(world, step)) for step in range(facts.settler_begun, facts.settled)]
    with_it = [each for each in cycles if sent.token in each]
    if not with_it:
        yield f"C1. {sent.token} was told of a cycle, and a wait of it was not there"


def _edges(world: World, step: int) -> list[_Edge]:
    """The waits that were open at a step, for runs that went on."""
    found = []
    for sent in world.scenario.messages:
        if sent.token is None or sent.waiter is None or sent.payload_id is None:
            continue
        facts = world.ghosts[sent.payload_id].rows.get(sent.token)
        if facts is None or facts.registered > step:
            continue
        if facts.settled is not None and facts.settled <= step:
            continue
        child = _running(world, sent.payload_id, step)
        waiter = _waiter(world, sent, step)
        if child is not None and waiter is not None:
            found.append(_Edge(sent.token, waiter, child))
    return found


def _waiter(world: World, sent: Sent, step: int) -> str | None:
    row = world.waits.items[sent.payload_id, sent.token]
    if "waiter_execution_arn" in row:
        return str(row["waiter_execution_arn"]["S"])
    assert sent.waiter is not None
    return world.ghosts[sent.waiter].latest_listed(step)


def _running(world: World, payload_id: str, step: int) -> str | None:
    """The payload's last listed run, if it went on at a step."""
    ghost = world.ghosts[payload_id]
    last = ghost.latest_listed(step)
    run = None if last is None else ghost.runs[last]
    if run is None or run.started is None or run.started > step:
        return None
    return last if run.ended is None or run.ended > step else None


def _in_cycles(edges: list[_Edge]) -> frozenset[str]:
    """The tokens of waits that lead back to themselves."""
    return frozenset(
        edge.token for edge in edges if edge.waiter in _reached(edges, edge.child, frozenset())
    )


def _reached(edges: list[_Edge], run: str, seen: frozenset[str]) -> frozenset[str]:
    found = seen | {run}
    for edge in edges:
        if edge.waiter == run and edge.child not in found:
            found |= _reached(edges, edge.child, found)
    return found
