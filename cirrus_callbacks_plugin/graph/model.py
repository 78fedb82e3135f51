"""Payloads and executions as nodes, waits as edges from who waits to what is waited for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.naming import is_join_id, short
from cirrus_callbacks_plugin.operations.console import execution_link
from cirrus_callbacks_plugin.protocol.error_names import answer_text_of
from cirrus_callbacks_plugin.reconcile.cycles import cycles_of
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.operations.joins import JoinStatus
    from cirrus_callbacks_plugin.operations.reasons import Code, Reason
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
        state: the payload's state in StateDB; a join's counts.
        execution_arn: the payload's last run, or the execution itself.
        last_error: of a payload, as its record has it.
        join_name: what people called a join.
    """

    id: str
    kind: str
    state: str | None = None
    execution_arn: str | None = None
    last_error: str | None = None
    join_name: str | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        if self.kind == PAYLOAD:
            return short(self.id)
        if self.kind == EXECUTION:
            return self.id.partition(":execution:")[2] or self.id
        if self.kind == JOIN:
            return f"join {self.join_name or self.id.removeprefix('join:')[:8]}"
        return f"somebody ({self.id.partition(':')[2]})"


@dataclass(frozen=True, slots=True)
class Edge:
    """A wait.

    Attributes:
        waiter: who waits: a node's id.
        child: what is waited for: a node's id.
        wait: the wait's name.
        registered_at: since when it waits; None where its row does not say it.
        is_answered: it waits no more.
        code: why it is open; None for an answered one, and where nobody could tell.
        outcome: why it is open, or what it was told.
    """

    waiter: str
    child: str
    wait: str
    registered_at: str | None
    is_answered: bool
    code: Code | None
    outcome: str

    def age_seconds(self, now: datetime) -> float | None:
        """How long it has been open; None once it is answered."""
        if self.is_answered or self.registered_at is None:
            return None
        return (now - moment(self.registered_at)).total_seconds()


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
        children_of: dict[str, dict[str, None]] = defaultdict(dict)
        for edge in self.edges:
            children_of[edge.waiter][edge.child] = None
        return {name: tuple(children) for name, children in children_of.items()}

    @cached_property
    def waits(self) -> Mapping[tuple[str, str], Sequence[Edge]]:
        """The waits between two nodes: one waiter may wait for one payload many times."""
        edges_of: dict[tuple[str, str], list[Edge]] = {}
        for edge in self.edges:
            edges = edges_of.setdefault((edge.waiter, edge.child), [])
            edges.append(edge)
        return edges_of

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

    def json_members(self, now: datetime) -> Iterator[tuple[str, Any]]:
        """With stable keys, tokens as digests.

        Nodes and edges are iterators, to be written as they come.
        """
        yield "nodes", (self.node_to_json(node) for node in self.nodes.values())
        yield "edges", (self.edge_to_json(edge, now) for edge in self.edges)
        yield "cycles", [list(group) for group in self.cycles]
        yield "focus", self.focus
        yield "is_cut", self.is_cut

    def node_to_json(self, node: GraphNode) -> dict[str, Any]:
        """A node with stable keys."""
        return {
            "id": node.id,
            "kind": node.kind,
            "title": node.title,
            "state": node.state,
            "execution_arn": node.execution_arn,
            "link": execution_link(node.execution_arn) if node.execution_arn else None,
            "last_error": node.last_error,
            "in_cycle": node.id in self.cycle_of,
        }

    def edge_to_json(self, edge: Edge, now: datetime) -> dict[str, Any]:
        """A wait with stable keys, its token as a digest."""
        return {
            "waiter": edge.waiter,
            "payload": edge.child,
            "wait": edge.wait,
            "registered_at": edge.registered_at,
            "age_seconds": edge.age_seconds(now),
            "reason": edge.code.value if edge.code is not None else None,
            "outcome": edge.outcome,
            "in_cycle": self.is_cyclic(edge.waiter, edge.child),
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
    drawing = Drawing(identities)
    for row, reason in sorted(waits, key=lambda wait: wait[0].age_order):
        drawing.add(row, reason, records)
    return drawing.finished(records, focus=focus, is_cut=is_cut)


@dataclass
class Drawing:
    """A graph wait by wait: of rows and records no more is kept than the picture shows.

    Attributes:
        identities: who waiters are; what is learned later counts for earlier waits, too.
    """

    identities: Identities = field(default_factory=Identities)
    _edges: list[Edge] = field(default_factory=list)
    _payloads: dict[str, GraphNode] = field(default_factory=dict)
    _others: dict[str, str] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        row: Wait,
        reason: Reason | None,
        records: Mapping[str, Record | None],
    ) -> None:
        """A wait, the oldest first, and the records of those whom it names."""
        waiter, kind = self.identities.waiter_of(row)
        if kind != PAYLOAD:
            self._others.setdefault(waiter, kind)
        for name in (waiter, row.payload_id):
            if name not in self._payloads and records.get(name) is not None:
                self._note(name, records)
        if row.is_join:
            self._note_join(row.payload_id, reason.join if reason is not None else None)
        self._edges.append(
            Edge(
                self._kept(waiter),
                self._kept(row.payload_id),
                row.key.name,
                row.registered_at,
                row.is_answered,
                reason.code if reason is not None else None,
                self._kept(reason.text if reason is not None else answer_text_of(row) or "open"),
            )
        )

    def waiters(self) -> set[str]:
        """Everybody who waits, as far as is known by now."""
        return {self._resolved(edge).waiter for edge in self._edges}

    def finished(
        self,
        records: Mapping[str, Record | None],
        *,
        focus: str | None = None,
        is_cut: bool = False,
    ) -> Graph:
        """The graph; with a focus, its record is among those given."""
        edges = [self._resolved(edge) for edge in self._edges]
        edges.sort(key=lambda edge: edge.registered_at or "")  # members' waits came last
        nodes: dict[str, GraphNode] = {}
        if focus is not None:
            self._note(focus, records)
            nodes[focus] = self._node(focus)
        for edge in edges:
            for name in (edge.waiter, edge.child):
                if name not in nodes:
                    nodes[name] = self._node(name)
        return Graph(nodes, tuple(edges), focus, is_cut)

    def _resolved(self, edge: Edge) -> Edge:
        payload_id = self.identities.payload_of.get(edge.waiter)
        if payload_id is None or self._others.get(edge.waiter) != EXECUTION:
            return edge
        return replace(edge, waiter=self._kept(payload_id))

    def _node(self, name: str) -> GraphNode:
        known = self._payloads.get(name)
        if known is not None:
            return known
        kind = JOIN if is_join_id(name) else self._others.get(name, PAYLOAD)
        return GraphNode(name, kind, execution_arn=name if kind == EXECUTION else None)

    def _note(self, name: str, records: Mapping[str, Record | None]) -> None:
        record = records.get(name)
        if record is not None and not is_join_id(name):
            state, error = self._kept(record.state), record.last_error
            self._payloads[self._kept(name)] = GraphNode(
                self._kept(name), PAYLOAD, state, record.last_execution, error
            )

    def _note_join(self, name: str, status: JoinStatus | None) -> None:
        if status is not None:
            self._payloads[name] = GraphNode(name, JOIN, status.text, join_name=status.join.name)

    def _kept(self, text: str) -> str:
        """One text for all that are equal."""
        return self._texts.setdefault(text, text)
