"""JSONata constructors as what they construct.

``"{% {'a': [1, $x]} %}"`` is read as ``{"a": [1, "{% $x %}"]}``: a name in a message is
found, however it is written.
"""

from __future__ import annotations

from dataclasses import replace

from cirrus_callbacks_plugin.asl.nodes import Node
from cirrus_callbacks_plugin.lint.data import jsonata
from cirrus_callbacks_plugin.lint.data.jsonata_tree import Literal


def unfolded(node: Node) -> Node:
    """The node with every constructor in it unfolded; a node that stands twice is done once."""
    return _unfolded(node, {})


def _unfolded(node: Node, done: dict[int, Node]) -> Node:
    if id(node) not in done:
        done[id(node)] = _made(node, done)
    return done[id(node)]


def _made(node: Node, done: dict[int, Node]) -> Node:
    if node.is_object:
        members = {name: _unfolded(each, done) for name, each in node.members.items()}
        return replace(node, value=members)
    if node.is_list:
        return replace(node, value=tuple(_unfolded(each, done) for each in node.elements))
    expression = None if node.text is None else jsonata.inside(node.text)
    return node if expression is None else _constructed(expression, node)


def _constructed(text: str, by: Node) -> Node:
    """What an expression constructs; itself where it constructs nothing that can be seen."""
    whole = jsonata.read(text)
    if isinstance(whole, Literal):
        return Node(whole.value, by.at)
    if (members := jsonata.parts_of_object(text)) is not None:
        made = {name: _constructed(part, by) for name, part in members.items()}
        return Node(made, by.at, dict.fromkeys(made, by.at))
    if (elements := jsonata.parts_of_list(text)) is not None:
        return Node(tuple(_constructed(part, by) for part in elements), by.at)
    return Node(f"{{% {text} %}}", by.at)
