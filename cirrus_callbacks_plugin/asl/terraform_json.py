"""State machines as resources of Terraform's JSON: a configuration, a plan or a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl.machine import Origin, names_express, step
from cirrus_callbacks_plugin.asl.named_files import terraform_file

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.asl.reading import Reading

RESOURCE = "aws_sfn_state_machine"
"""The type of a state machine."""


def read_resources(reading: Reading, node: Node, where: str) -> None:
    """``resource.aws_sfn_state_machine``: by name, each once or in a list."""
    for name, resource in node.members.items():
        at = step(where, name)
        if resource.is_object:
            read_resource(reading, resource, at)
        for index, each in enumerate(resource.elements):
            read_resource(reading, each, f"{at}[{index}]")
    for index, element in enumerate(node.elements):
        read_resources(reading, element, f"{where}[{index}]")


def read_resource(reading: Reading, node: Node, where: str) -> None:
    """Read one resource: its ``definition`` is a text, or a function of Terraform's."""
    kind, definition, label = node.get("type"), node.get("definition"), node.get("name")
    express = names_express(kind)
    called = None if label is None else label.text
    origin = Origin(name=where.rpartition(".")[2] or None, label=called)
    at = step(where, "definition")
    text = None if definition is None else definition.text
    if definition is None or text is None:
        reading.tell(where, "it has no definition here", node)
    elif (named := terraform_file(text)) is not None:
        reading.read_file(named, definition, at, origin, is_express=express)
    elif text.lstrip().startswith("{"):
        root = reading.parsed(definition, text, at, must=True)
        if root is not None:
            reading.add(root, at, origin, is_express=express)
    else:
        reading.tell(at, "an expression makes it: give what it makes", definition)
