"""Payloads and executions as nodes, waits as edges from who waits to what is waited for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.naming import is_join_id, short
from cirrus_callbacks_plugin.operations.console import execution_link
from cirrus_callbacks_plugin.protocol.error_names import answer_text_of
from cirrus_callbacks_plugin.reconcile.cycles import cycles_of
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.operations.joins import JoinStatus
    from cirrus_callbacks_plugin.operations.reasons import Reason
    from cirrus_callbacks_plugin.waits.row import Wait

PAYLOAD = "payload"
EXECUTION = "execution"
JOIN = "join"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A payload, or a join; or an execution, or somebody, of whom no payload was told.

    Attributes:
        id: the payload's id, the join's, the execution's ARN, or the wait's digest.
        kind: which of the four.
        record: cirrus's record of a payload, where there is one.
        join: how far a join is, where it was read.
    """

    id: str
    kind: str
    record: Record | None = None
    join: JoinStatus | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        if self.kind == PAYLOAD:
            return short(self.id)
        if self.kind == EXECUTION:
            return self.id.partition(":execution:")[2] or self.id
        if self.kind == JOIN:
            name = self.join.join.name if self.join is not None else None
            return f"join {name or self.id.removeprefix('join:')[:8]}"
        return f"somebody ({self.id.partition(':')[2]})"

    @property
    def state(self) -> str | None:
        """The payload's state in StateDB; a join's counts."""
        if self.join is not None:
            return self.join.text
        return self.record.state if self.record is not None else None

    @property
    def execution_arn(self) -> str | None:
        """The payload's last run, or the execution itself."""
        if self.kind == EXECUTION:
            return self.id
        return self.record.last_execution if self.record is not None else None


@dataclass(frozen=True, slots=True)
class Edge:
    """A wait.

    Attributes:
        waiter: who waits: a node's id.
        child: what is waited for: a node's id.
        row: the wait's row.
        reason: why it is open; None for an answered one.
    """

    waiter: str
    child: str
    row: Wait
    reason: Reason | None

    @property
    def outcome(self) -> str:
        """Why it is open, or what it was told."""
        if self.reason is not None:
            return self.reason.text
        row = self.row
        return answer_text_of(row) or "open"

    def age_seconds(self, now: datetime) -> float | None:
        """How long it has been open; None once it is answered."""
        if self.row.is_answered or self.row.registered_at is None:
            return None
        return (now - moment(self.row.registered_at)).total_seconds()


@dataclass(frozen=True)
class Graph:
    """Nodes and waits.

    Attributes:
        nodes: by id, in the order in which they were met.
        edges: in the order of the rows: oldest first.
        focus: the payload that was asked about.
        is_cut: True where there were more waits than were wanted.
        is_known: False where nothing is known of the payload that was asked about.
    """

    nodes: Mapping[str, GraphNode]
    edges: tuple[Edge, ...]
    focus: str | None = None
    is_cut: bool = False
    is_known: bool = True

    @cached_property
    def below(self) -> Mapping[str, tuple[str, ...]]:
        """What each node waits for, each once."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for edge in self.edges:
            found[edge.waiter][edge.child] = None
        return {name: tuple(children) for name, children in found.items()}

    @cached_property
    def waits(self) -> Mapping[tuple[str, str], tuple[Edge, ...]]:
        """The waits between two nodes: one waiter may wait for one payload many times."""
        found: dict[tuple[str, str], list[Edge]] = defaultdict(list)
        for edge in self.edges:
            found[edge.waiter, edge.child].append(edge)
        return {pair: tuple(edges) for pair, edges in found.items()}

    @cached_property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Groups of nodes that wait for one another, themselves included, without end."""
        return cycles_of(self.nodes, self.below)

    @cached_property
    def cycle_of(self) -> Mapping[str, int]:
        """The number of the cycle that a node is in."""
        return {name: number for number, group in enumerate(self.cycles) for name in group}

    def is_cyclic(self, waiter: str, child: str) -> bool:
        """True where a wait is part of a cycle."""
        group = self.cycle_of.get(waiter)
        return group is not None and group == self.cycle_of.get(child)

    @cached_property
    def tops(self) -> tuple[str, ...]:
        """Where to begin: nodes that nobody waits for, and one of each cycle above others."""
        left = dict.fromkeys(self.nodes)
        waited_for = {child for children in self.below.values() for child in children}
        tops = [name for name in self.nodes if name not in waited_for]
        for name in tops:
            self._drop_below(name, left)
        while left:
            # What is left hangs below cycles; a cycle that no other leads to comes first.
            above = [name for name in left if name in self.cycle_of and self._is_top(name, left)]
            top = above[0] if above else next(iter(left))
            tops.append(top)
            self._drop_below(top, left)
        return tuple(tops)

    def _is_top(self, name: str, left: Mapping[str, None]) -> bool:
        group = self.cycle_of[name]
        members = set(self.cycles[group])
        return not any(
            set(self.below.get(other, ())) & members
            for other in left
            if self.cycle_of.get(other) != group
        )

    def _drop_below(self, name: str, left: dict[str, None]) -> None:
        pending = [name]
        while pending:
            each = pending.pop()
            if each in left:
                del left[each]
                pending.extend(self.below.get(each, ()))

    def to_json(self, now: datetime) -> dict[str, Any]:
        """With stable keys, tokens as digests."""
        return {
            "nodes": [
                {
                    "id": node.id,
                    "kind": node.kind,
                    "title": node.title,
                    "state": node.state,
                    "execution_arn": node.execution_arn,
                    "link": execution_link(node.execution_arn) if node.execution_arn else None,
                    "last_error": node.record.last_error if node.record is not None else None,
                    "in_cycle": node.id in self.cycle_of,
                }
                for node in self.nodes.values()
            ],
            "edges": [
                {
                    "waiter": edge.waiter,
                    "payload": edge.child,
                    "wait": edge.row.key.name,
                    "registered_at": edge.row.registered_at,
                    "age_seconds": edge.age_seconds(now),
                    "reason": edge.reason.code.value if edge.reason is not None else None,
                    "outcome": edge.outcome,
                    "in_cycle": self.is_cyclic(edge.waiter, edge.child),
                }
                for edge in self.edges
            ],
            "cycles": [list(group) for group in self.cycles],
            "focus": self.focus,
            "is_cut": self.is_cut,
        }


@dataclass
class Identities:
    """Who a waiter is: executions are known as the payloads whose runs they are.

    Attributes:
        payload_of: payload ids by execution.
    """

    payload_of: dict[str, str] = field(default_factory=dict)

    def learn(self, rows: Iterable[Wait], records: Mapping[str, Record | None]) -> None:
        """From rows that told both, and from the runs that records list."""
        for payload_id, record in records.items():
            for arn in record.executions if record is not None else ():
                self.payload_of.setdefault(arn, payload_id)
        for row in rows:
            if row.waiter_payload_id and row.waiter_execution_arn:
                self.payload_of.setdefault(row.waiter_execution_arn, row.waiter_payload_id)

    def waiter_of(self, row: Wait) -> tuple[str, str]:
        """A waiter's id and kind; for a member of a join that is the join."""
        if row.member is not None:
            return row.member.join_id, JOIN
        if row.waiter_payload_id:
            return row.waiter_payload_id, PAYLOAD
        if row.waiter_execution_arn:
            known = self.payload_of.get(row.waiter_execution_arn)
            return (known, PAYLOAD) if known else (row.waiter_execution_arn, EXECUTION)
        return f"wait:{row.key.name}", UNKNOWN


def graph_of(
    waits: Sequence[tuple[Wait, Reason | None]],
    records: Mapping[str, Record | None],
    identities: Identities,
    *,
    focus: str | None = None,
    is_cut: bool = False,
) -> Graph:
    """Make a graph of rows with their reasons."""
    nodes: dict[str, GraphNode] = {}
    edges: list[Edge] = []
    joins = {row.payload_id: reason.join for row, reason in waits if reason is not None}
    if focus is not None:
        kind = JOIN if is_join_id(focus) else PAYLOAD
        nodes[focus] = GraphNode(focus, kind, records.get(focus), joins.get(focus))
    in_order = sorted(waits, key=lambda wait: (wait[0].registered_at or "", wait[0].key))
    for row, reason in in_order:
        waiter, kind = identities.waiter_of(row)
        of_child = JOIN if row.is_join else PAYLOAD
        for name, of_kind in ((waiter, kind), (row.payload_id, of_child)):
            if name not in nodes:
                nodes[name] = GraphNode(name, of_kind, records.get(name), joins.get(name))
        edges.append(Edge(waiter, row.payload_id, row, reason))
    return Graph(nodes, tuple(edges), focus, is_cut)
