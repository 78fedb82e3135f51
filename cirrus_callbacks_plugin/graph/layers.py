"""Where each node stands in a picture: waiters on the left, what they wait for to the right.

Longest paths give the columns (Sugiyama's first step), averages of the neighbours' places the
order within them (the barycenter heuristic); edges that would lead back, in cycles, are left
out of the count.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.graph.model import Graph

_SWEEPS = 4
_SHAPE = 0.35
"""Columns to rows of a screen: a column takes about six times the room of a row."""
_FOLD = 16
"""Nodes that a column holds before it is folded, in a small graph."""


def places_of(graph: Graph) -> dict[str, tuple[float, float]]:
    """Each node's column and row, both from 0; neighbours are 1 apart.

    What hangs together is a block of its own; blocks stand in lines, the largest first, so
    that the whole is about as wide as a screen. A column with very many nodes is folded.
    """
    column = _columns(graph)
    blocks = [_block(graph, names, column) for names in _components(graph)]
    blocks.sort(key=lambda block: (-len(block), next(iter(block))))
    sizes = [
        (max(x for x, _ in block.values()) + 1, max(y for _, y in block.values()) + 1)
        for block in blocks
    ]
    area = sum(width * height for width, height in sizes)
    most = max([math.sqrt(area * _SHAPE), *(width for width, _ in sizes)], default=0)
    places: dict[str, tuple[float, float]] = {}
    left, top, tallest = 0.0, 0.0, 0.0
    for block, (width, height) in zip(blocks, sizes, strict=True):
        if left and left + width > most:
            left, top, tallest = 0.0, top + tallest + 1, 0.0
        places.update({name: (left + x, top + y) for name, (x, y) in block.items()})
        left, tallest = left + width, max(tallest, height)
    return places


def _block(
    graph: Graph,
    names: list[str],
    column: Mapping[str, int],
) -> dict[str, tuple[float, float]]:
    """The places of nodes that hang together."""
    members: dict[int, list[str]] = defaultdict(list)
    for name in names:
        members[column[name]].append(name)
    _order(graph, members)
    longest = max(_FOLD, round(2 * math.sqrt(len(names))))
    tallest = min(max(len(each) for each in members.values()), longest)
    places: dict[str, tuple[float, float]] = {}
    left = 0
    for number in sorted(members):
        each = members[number]
        folds = math.ceil(len(each) / longest)
        rows = math.ceil(len(each) / folds)
        for index, name in enumerate(each):
            places[name] = (left + index // rows, index % rows + (tallest - rows) / 2)
        left += folds
    return places


def _order(graph: Graph, members: dict[int, list[str]]) -> None:
    """Put each column's nodes beside what they are connected with."""
    above: dict[str, list[str]] = defaultdict(list)
    for names in members.values():
        for waiter in names:
            for child in graph.below.get(waiter, ()):
                above[child].append(waiter)
    place = {name: float(index) for names in members.values() for index, name in enumerate(names)}
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        for number in sorted(members, reverse=not forwards):
            neighbours = above if forwards else graph.below
            members[number].sort(key=lambda name: _average(name, neighbours, place))
            for index, name in enumerate(members[number]):
                place[name] = float(index)


def _components(graph: Graph) -> list[list[str]]:
    """Nodes that hang together, whichever way round."""
    beside: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for waiter, children in graph.below.items():
        for child in children:
            beside[waiter].append(child)
            beside[child].append(waiter)
    seen: set[str] = set()
    components: list[list[str]] = []
    for start in graph.nodes:
        if start in seen:
            continue
        seen.add(start)
        names = [start]
        for name in names:  # it grows while it is walked
            for other in beside[name]:
                if other not in seen:
                    seen.add(other)
                    names.append(other)
        components.append(names)
    return components


def _average(
    name: str,
    neighbours: Mapping[str, list[str] | tuple[str, ...]],
    place: Mapping[str, float],
) -> float:
    beside = neighbours.get(name, ())
    return sum(place[each] for each in beside) / len(beside) if beside else place[name]


def _columns(graph: Graph) -> dict[str, int]:
    """The longest path to each node, along edges that lead forward."""
    forward = _forward(graph)
    entering: dict[str, int] = dict.fromkeys(graph.nodes, 0)
    for children in forward.values():
        for child in children:
            entering[child] += 1
    column = dict.fromkeys(graph.nodes, 0)
    ready = [name for name, count in entering.items() if count == 0]
    while ready:
        name = ready.pop()
        for child in forward[name]:
            column[child] = max(column[child], column[name] + 1)
            entering[child] -= 1
            if entering[child] == 0:
                ready.append(child)
    return column


def _forward(graph: Graph) -> dict[str, list[str]]:
    """The edges without those that lead back to a node on the way: what is left has no cycle."""
    forward: dict[str, list[str]] = {name: [] for name in graph.nodes}
    done: set[str] = set()
    for top in (*graph.tops, *graph.nodes):
        if top in done:
            continue
        on_way = {top}
        work = [(top, iter(graph.below.get(top, ())))]
        while work:
            name, children = work[-1]
            child = next(children, None)
            if child is None:
                work.pop()
                on_way.discard(name)
                done.add(name)
            elif child not in on_way:
                forward[name].append(child)
                if child not in done:
                    on_way.add(child)
                    work.append((child, iter(graph.below.get(child, ()))))
    return forward
