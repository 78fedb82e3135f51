"""Cycles among waits, as pure functions: who waits for whom without end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.naming import workflow_of
from cirrus_callbacks_plugin.reconcile.runs import state_machine_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cirrus_callbacks_plugin.waits.row import Wait


@dataclass(frozen=True, slots=True, order=True)
class LooseEnd:
    """Somebody who waits, and of whom it is not known who waits for him.

    Attributes:
        payload_id: his payload; None where he told his execution alone.
        run: his execution; None where he told his payload alone.
    """

    payload_id: str | None
    run: str | None


@dataclass(slots=True)
class RunningWaits:
    """Which runs wait for which: the open waits for runs that go on, as far as a pass came.

    Of each wait its two runs are kept and no token: 100,000 waits take some 60 MB. A waiter
    who told his payload alone stands for that payload's last listed run, once that is known:
    in a cycle somebody waits for it.
    """

    _below: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _below_payload: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _payloads: dict[str, str] = field(default_factory=dict)
    _runs: dict[str, str] = field(default_factory=dict)
    _waiters: dict[str, str] = field(default_factory=dict)

    def add(self, row: Wait, run: str) -> LooseEnd | None:
        """Note an open wait for a payload's last listed run, which goes on.

        Returns:
            Its waiter, where nobody is known to wait for him so far.
        """
        run = self._runs.setdefault(row.payload_id, run)
        self._payloads[run] = row.payload_id
        waiter, payload_id = row.waiter_execution_arn, row.waiter_payload_id
        if waiter is not None:
            self._below[waiter].append(run)
            if payload_id is not None:
                self._waiters[waiter] = payload_id
            return None if waiter in self._payloads else LooseEnd(payload_id, waiter)
        if payload_id is not None:
            self._below_payload[payload_id].append(run)
            return None if payload_id in self._runs else LooseEnd(payload_id, None)
        return None

    def payload_of(self, run: str) -> str:
        """The payload of a run that somebody waits for."""
        return self._payloads[run]

    def is_of(self, row: Wait, run: str) -> bool:
        """True for a wait of this run, that somebody waits for."""
        if row.waiter_execution_arn is not None:
            return row.waiter_execution_arn == run
        return row.waiter_payload_id == self._payloads[run]

    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Groups of runs that wait for one another; a run that waits for itself is one."""
        self._resolve()
        # Most parents are waited for by nobody, and most children wait for nobody.
        return self.cycles_among([run for run in self._payloads if run in self._below])

    def cycles_among(self, runs: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """The same, of some runs and the waits between them."""
        wanted = set(runs)
        below = {
            run: [child for child in self._below[run] if child in wanted]
            for run in runs
            if run in self._below
        }
        return cycles_of(runs, below)

    def way_round(self, group: Sequence[str]) -> tuple[str, ...]:
        """Runs of a group, each of which waits for the next one, and the last for the first."""
        members = set(group)
        run = min(group)
        place: dict[str, int] = {}
        way: list[str] = []
        while run not in place:
            place[run] = len(way)
            way.append(run)
            run = next(child for child in self._below[run] if child in members)
        return tuple(way[place[run] :])

    def drop(self, waiter: str, child: str) -> None:
        """Forget the waits of one run for another."""
        self._below[waiter] = [each for each in self._below[waiter] if each != child]

    def loose_ends(self) -> list[LooseEnd]:
        """Everybody whom nobody is known to wait for."""
        ends = [
            LooseEnd(self._waiters.get(run), run)
            for run in self._below
            if run not in self._payloads
        ]
        ends += [
            LooseEnd(payload_id, None)
            for payload_id in self._below_payload
            if payload_id not in self._runs
        ]
        return ends

    def likely_first(self, ends: Iterable[LooseEnd]) -> list[LooseEnd]:
        """In their order, but first those of workflows that somebody is known to wait for."""
        machines = {state_machine_of(run) for run in self._payloads}
        workflows = {workflow_of(payload_id) for payload_id in self._runs}

        def is_unlikely(end: LooseEnd) -> bool:
            if end.run is not None:
                return state_machine_of(end.run) not in machines
            return workflow_of(end.payload_id or "") not in workflows

        return sorted(ends, key=is_unlikely)

    def _resolve(self) -> None:
        """Waiters who told their payload alone become its run, where that is known."""
        for payload_id in [each for each in self._below_payload if each in self._runs]:
            self._below[self._runs[payload_id]] += self._below_payload.pop(payload_id)


def cycles_of(
    nodes: Iterable[str],
    below: Mapping[str, Sequence[str]],
) -> tuple[tuple[str, ...], ...]:
    """The strongly connected components of more than one node, and nodes that lead to themselves.

    Tarjan's algorithm, without recursion: chains may be longer than Python's stack.
    """
    search = _CycleSearch(below)
    for root in nodes:
        search.begin(root)
    return tuple(search.found)


class _CycleSearch:
    def __init__(self, below: Mapping[str, Sequence[str]]) -> None:
        self.found: list[tuple[str, ...]] = []
        self._below = below
        self._order: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._path: list[str] = []
        self._place: dict[str, int] = {}
        self._work: list[tuple[str, Iterator[str]]] = []

    def begin(self, root: str) -> None:
        """Look at all that a node leads to, unless that was done."""
        if root in self._order:
            return
        self._enter(root)
        while self._work:
            name, children = self._work[-1]
            child = next(children, None)
            if child is None:
                self._leave(name)
            elif child not in self._order:
                self._enter(child)
            elif child in self._place:
                self._lowest[name] = min(self._lowest[name], self._order[child])

    def _enter(self, name: str) -> None:
        self._order[name] = self._lowest[name] = len(self._order)
        self._place[name] = len(self._path)
        self._path.append(name)
        self._work.append((name, iter(self._below.get(name, ()))))

    def _leave(self, name: str) -> None:
        self._work.pop()
        if self._work:
            parent = self._work[-1][0]
            self._lowest[parent] = min(self._lowest[parent], self._lowest[name])
        if self._lowest[name] != self._order[name]:
            return
        start = self._place[name]
        group = self._path[start:]
        del self._path[start:]
        for member in group:
            del self._place[member]
        if len(group) > 1 or name in self._below.get(name, ()):
            self.found.append(tuple(group))
