"""The graph for other programs that draw: mermaid and Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.graph.escaping import dot, mermaid

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.graph.model import Edge, Graph, GraphNode

_RED = "#c62828"


def to_mermaid(graph: Graph) -> str:
    """A mermaid flowchart; waits in a cycle are red, the payload that was asked about is bold."""
    names = {name: f"n{index}" for index, name in enumerate(graph.nodes)}
    lines = ["graph LR"]
    lines += [f'  {names[node.id]}["{mermaid(_label(node))}"]' for node in graph.nodes.values()]
    red = []
    for index, ((waiter, child), edges) in enumerate(graph.waits.items()):
        lines.append(f'  {names[waiter]} -->|"{mermaid(_waits(edges))}"| {names[child]}')
        if graph.is_cyclic(waiter, child):
            red.append(str(index))
    if red:
        lines.append(f"  linkStyle {','.join(red)} stroke:{_RED},stroke-width:3px")
        members = ",".join(names[name] for name in graph.cycle_of)
        lines.append(f"  classDef cycle stroke:{_RED},stroke-width:3px")
        lines.append(f"  class {members} cycle")
    if graph.focus is not None:
        lines.append(f"  style {names[graph.focus]} font-weight:bold")
    return "\n".join(lines) + "\n"


def to_dot(graph: Graph) -> str:
    """A Graphviz digraph, likewise."""
    names = {name: f"n{index}" for index, name in enumerate(graph.nodes)}
    lines = ["digraph waits {", "  rankdir=LR", "  node [shape=box, fontname=sans-serif]"]
    for node in graph.nodes.values():
        marks = f', color="{_RED}", penwidth=3' if node.id in graph.cycle_of else ""
        if node.id == graph.focus:
            marks += ", style=bold"
        label, tooltip = dot(_label(node)), dot(node.id)
        lines.append(f"  {names[node.id]} [label={label}, tooltip={tooltip}{marks}]")
    for (waiter, child), edges in graph.waits.items():
        marks = f', color="{_RED}", penwidth=3' if graph.is_cyclic(waiter, child) else ""
        lines.append(f"  {names[waiter]} -> {names[child]} [label={dot(_waits(edges))}{marks}]")
    return "\n".join([*lines, "}"]) + "\n"


def _label(node: GraphNode) -> str:
    return f"{node.title} ({node.state})" if node.state else node.title


def _waits(edges: tuple[Edge, ...]) -> str:
    """What is said of the waits between two nodes: the oldest one's, and how many there are."""
    return edges[0].outcome if len(edges) == 1 else f"{len(edges)} waits, {edges[0].outcome}"
