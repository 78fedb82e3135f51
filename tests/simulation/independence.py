"""Which calls need no choice: nothing else that may happen could tell a difference.

Partial-order reduction: where an invocation stands at a call that no other one, under way or
still to come, conflicts with, that call is made at once; other orders lead to the same states.
(Faults of that call are choices all the same.) What an invocation may still touch is
told by how far it has come; the world notes it as a problem if one touches anything else.

Things are told apart by a text: the record (``S``), executions (``X``), ends of runs (``E``),
task tokens (``K``), the queue (``Q``), settled rows (``R``: hooks neither see nor change them,
but for registering a message that comes again), a row that waits (``W token``), all of
these (``W``).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulation.fake_aws import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from simulation.actors import Call


@dataclass(frozen=True, slots=True)
class Touched:
    """What is read and what is written."""

    reads: frozenset[str]
    writes: frozenset[str]

    @classmethod
    def of(cls, reads: Iterable[str], writes: Iterable[str]) -> Touched:
        """From any collections; what is written is also read."""
        return cls(frozenset(reads) | frozenset(writes), frozenset(writes))

    def conflicts(self, other: Touched) -> bool:
        """True where the order of the two could be told."""
        return _meet(self.writes, other.reads) or _meet(self.reads, other.writes)

    def covers(self, other: Touched) -> bool:
        """True where the other one touches nothing but what this one does."""
        return _within(other.reads, self.reads) and _within(other.writes, self.writes)


def _meet(some: frozenset[str], others: frozenset[str]) -> bool:
    if not some.isdisjoint(others):
        return True
    return ("W" in some and _has_row(others)) or ("W" in others and _has_row(some))


def _has_row(things: frozenset[str]) -> bool:
    return any(each.startswith("W ") for each in things)


def _within(some: frozenset[str], others: frozenset[str]) -> bool:
    return some <= others or all(
        each in others or (each.startswith("W ") and "W" in others) for each in some
    )


WRITING = ("PutItem", "UpdateItem", "DeleteItem", "BatchExecuteStatement")
CONTINUE = "#continue"
"""The key of the row by which a hook leaves the rest of its settling to the sender."""
UPDATE_STATE = Touched.of("SW", "SW")
SENDER = Touched.of("WRSK", "WRK")
RECONCILER = Touched.of("WRSXEK", "WRK")
END = Touched.of("", "E")
DELETION = Touched.of("", "S")
_QUEUE, _START, _ANSWER = Touched.of((), "Q"), Touched.of((), "X"), Touched.of((), "K")
_RUN = Touched.of("E", ())


@functools.lru_cache(maxsize=256)
def process_of(tokens: tuple[str, ...]) -> Touched:
    """A ``process`` invocation with these tokens."""
    rows = [f"W {token}" for token in tokens]
    return Touched.of([*rows, *"SXQ"], [*rows, *"SXQ"])


@functools.lru_cache(maxsize=1024)
def future(
    kind: str, found: frozenset[str] | None, tokens: tuple[str, ...], *, is_through: bool
) -> Touched:
    """What an invocation may still touch.

    Args:
        kind: of the invocation.
        found: of ``update_state``: the tokens of the open rows that it has found.
        tokens: of ``process``: those of its messages.
        is_through: cirrus's handler, in it, has ended.
    """
    if kind == "process":
        if not is_through:
            return process_of(tokens)
        rows = [f"W {token}" for token in tokens]
        return Touched.of([*rows, "R", "S"], [*rows, "Q"])
    if kind == "update_state":
        if not is_through:
            return Touched.of("SWR", "SW")
        if found is None:
            return Touched.of("SWR", "W")
        return Touched.of("SR", [f"W {token}" for token in (*found, CONTINUE)])
    return SENDER if kind == "sender" else RECONCILER


def touched(call: Call, is_settled: Callable[[str], bool], *, comes_again: bool) -> Touched:
    """What a call touches.

    Args:
        call: the call.
        is_settled: of a token.
        comes_again: a message may be, or is being, delivered once more.
    """
    if call.service == "sqs":
        return _QUEUE
    if call.service == "stepfunctions":
        if call.operation == "StartExecution":
            return _START
        return _ANSWER if call.operation.startswith("SendTask") else _RUN
    table, keys = call.keys
    writes = call.operation in WRITING
    if not table.endswith("-callbacks"):
        things = ["S"]
    elif not keys:
        things = ["W"]
    else:
        things = [_row(key["task_token"]["S"], is_settled, comes_again) for key in keys]
    if writes and call.is_own and things == ["R"] and call.settles:
        writes = False  # a settled row is settled no second time
    return _touching(tuple(things), writes=writes)


@functools.lru_cache(maxsize=1024)
def _touching(things: tuple[str, ...], *, writes: bool) -> Touched:
    return Touched.of((), things) if writes else Touched.of(things, ())


def keys_of(request: Mapping[str, Any]) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The table and the keys that a call of DynamoDB names; none where it is a query."""
    if "RequestItems" in request:
        ((table, wanted),) = request["RequestItems"].items()
        return table, wanted["Keys"]
    if "Statements" in request:
        ((table, *keys),) = [
            (update.table, update.key(each["Parameters"]))
            for each in request["Statements"]
            for update in [statements.parse(each["Statement"])]
        ]
        return table, keys
    key = request.get("Key") or request.get("Item")
    return request["TableName"], [key] if key else []


def _row(token: str, is_settled: Callable[[str], bool], comes_again: bool) -> str:
    waits_no_more = token != CONTINUE and is_settled(token) and not comes_again
    return "R" if waits_no_more else f"W {token}"
