"""Cycles: who waits for whom without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


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
