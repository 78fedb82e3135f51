"""The graph for other programs that draw: mermaid and Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.graph.escaping import dot, mermaid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cirrus_callbacks_plugin.graph.model import Edge, Graph, GraphNode

_RED = "#c62828"


def to_mermaid(graph: Graph) -> Iterator[str]:
    """A mermaid flowchart, line by line.

    Waits in a cycle are red, the payload that was asked about is bold.
    """
    names = {name: f"n{index}" for index, name in enumerate(graph.nodes)}
    yield "graph LR\n"
    for node in graph.nodes.values():
        yield f'  {names[node.id]}["{mermaid(_label(node))}"]\n'
    red = []
    for index, ((waiter, child), edges) in enumerate(graph.waits.items()):
        yield f'  {names[waiter]} -->|"{mermaid(_waits(edges))}"| {names[child]}\n'
        if graph.is_cyclic(waiter, child):
            red.append(str(index))
    if red:
        yield f"  linkStyle {','.join(red)} stroke:{_RED},stroke-width:3px\n"
        members = ",".join(names[name] for name in graph.cycle_of)
        yield f"  classDef cycle stroke:{_RED},stroke-width:3px\n"
        yield f"  class {members} cycle\n"
    if graph.focus is not None:
        yield f"  style {names[graph.focus]} font-weight:bold\n"


def to_dot(graph: Graph) -> Iterator[str]:
    """A Graphviz digraph, likewise."""
    names = {name: f"n{index}" for index, name in enumerate(graph.nodes)}
    yield "digraph waits {\n  rankdir=LR\n  node [shape=box, fontname=sans-serif]\n"
    for node in graph.nodes.values():
        marks = f', color="{_RED}", penwidth=3' if node.id in graph.cycle_of else ""
        if node.id == graph.focus:
            marks += ", style=bold"
        label, tooltip = dot(_label(node)), dot(node.id)
        yield f"  {names[node.id]} [label={label}, tooltip={tooltip}{marks}]\n"
    for (waiter, child), edges in graph.waits.items():
        marks = f', color="{_RED}", penwidth=3' if graph.is_cyclic(waiter, child) else ""
        yield f"  {names[waiter]} -> {names[child]} [label={dot(_waits(edges))}{marks}]\n"
    yield "}\n"


def _label(node: GraphNode) -> str:
    return f"{node.title} ({node.state})" if node.state else node.title


def _waits(edges: Sequence[Edge]) -> str:
    """What is said of the waits between two nodes: the oldest one's, and how many there are."""
    return edges[0].outcome if len(edges) == 1 else f"{len(edges)} waits, {edges[0].outcome}"
