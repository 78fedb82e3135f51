"""The graph of waits as a tree in a terminal: who waits, below it what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from cirrus_callbacks_plugin.cli.screen import duration
from cirrus_callbacks_plugin.cli.visible_text import long_words_cut
from cirrus_callbacks_plugin.naming import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cirrus_callbacks_plugin.graph.model import Graph

_GUIDE = 4
_ROOM = 48
"""Columns that a line keeps for itself, however deep it stands."""


def trees(graph: Graph, now: datetime, columns: int, *, is_whole: bool = False) -> Iterator[Tree]:
    """One tree for each node that nobody waits for, and for each cycle above others.

    A node that many wait for is unfolded once; a wait that leads back says so, in red.

    Args:
        graph: what to show.
        now: the current time.
        columns: how wide the screen is; ids that do not fit lose their middle.
        is_whole: keep ids whole, however wide a line becomes.
    """
    deepest = max((columns - _ROOM) // _GUIDE, 2)
    shown: set[str] = set()

    def fitted(text: Text, depth: int) -> Text:
        return text if is_whole else long_words_cut(text, max(columns - depth * _GUIDE, _GUIDE))

    for top in graph.tops:
        yield _tree(graph, top, now, shown, deepest, fitted)


def _tree(  # noqa: PLR0917 - what all trees of a graph share
    graph: Graph,
    top: str,
    now: datetime,
    shown: set[str],
    deepest: int,
    fitted: Callable[[Text, int], Text],
) -> Tree:
    root = Tree(fitted(_name(graph, top), 0), guide_style="dim")
    shown.add(top)
    way = [top]
    work = [(root, iter(graph.below.get(top, ())))]
    while work:
        branch, children = work[-1]
        child = next(children, None)
        if child is None:
            work.pop()
            way.pop()
            continue
        text = fitted(_wait(graph, way[-1], child, now), len(work))
        if child in way:
            text.append("  (stands above)", "not bold dim")
            branch.add(text)
        elif child in shown:
            if graph.below.get(child):
                text.append("  (its own waits stand above)", "dim")
            branch.add(text)
        elif len(work) >= deepest and graph.below.get(child):
            text.append("  (waits itself: see --payload)", "dim")
            branch.add(text)
        else:
            shown.add(child)
            way.append(child)
            work.append((branch.add(text), iter(graph.below.get(child, ()))))
    return root


def _name(graph: Graph, name: str) -> Text:
    node = graph.nodes[name]
    style = "bold red" if name in graph.cycle_of else "bold" if name == graph.focus else ""
    text = Text(visible(node.title), style=style)
    if name == graph.focus:
        text.append(" <-- asked about", "not bold dim")
    if node.state:
        text.append(f"  {visible(node.state)}", "not bold cyan")
    return text


def _wait(graph: Graph, waiter: str, child: str, now: datetime) -> Text:
    text = _name(graph, child)
    edges = graph.waits[waiter, child]
    ages = [age for edge in edges if (age := edge.age_seconds(now)) is not None]
    if len(edges) > 1:
        text.append(f"  {len(edges)} waits", "not bold default")
    if ages:
        text.append(f"  for {duration(max(ages))}", "not bold default")
    text.append(f": {visible(edges[0].outcome)}", "not bold default")
    if graph.is_cyclic(waiter, child):
        text.append("  CYCLE", "bold red")
    return text
