"""State machines as resources of CloudFormation, SAM and CDK."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl.machine import Origin, Style, names_express, step
from cirrus_callbacks_plugin.asl.named_files import Named, serverless_file
from cirrus_callbacks_plugin.asl.references import resolved, text_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.asl.reading import Reading

RESOURCES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")
"""The types of a state machine."""

_IN_S3 = "its definition lies in S3: give the file itself"


def read_resource(reading: Reading, node: Node, where: str) -> None:
    """A resource of CloudFormation or SAM that is a state machine."""
    properties = node.get("Properties") or node
    of_type = properties.get("StateMachineType") or properties.get("Type")
    express = names_express(of_type)
    label = properties.get("StateMachineName") or properties.get("Name")
    given = properties.get("DefinitionSubstitutions")
    texts = {name: text_of(value) for name, value in (given.members if given else {}).items()}
    origin = Origin(
        name=where.rpartition(".")[2] or None,
        label=None if label is None else text_of(label),
        style=Style.CLOUDFORMATION,
        substitutions={name: text for name, text in texts.items() if text is not None},
    )
    inner = step(where, "Properties")
    if (definition := properties.get("Definition")) is not None and definition.is_object:
        at = step(inner, "Definition")
        reading.add(resolved(definition), at, origin, is_express=express)
    elif (text := properties.get("DefinitionString")) is not None:
        read_string(reading, text, step(inner, "DefinitionString"), origin, is_express=express)
    elif (uri := properties.get("DefinitionUri")) is not None:
        _uri(reading, uri, step(inner, "DefinitionUri"), origin, is_express=express)
    elif (place := properties.get("DefinitionS3Location")) is not None:
        _asset(reading, place, step(inner, "DefinitionS3Location"), origin, is_express=express)
    else:
        reading.tell(where, "it has no definition here", node)


def read_string(
    reading: Reading, node: Node, where: str, origin: Origin, *, is_express: bool
) -> None:
    """Read a ``DefinitionString``: a text, or what functions make one of."""
    text = text_of(node)
    if text is None:
        reading.tell(where, "a function in it is not known here: give what it makes", node)
    elif (named := serverless_file(text)) is not None:
        reading.read_file(named, node, where, origin, is_express=is_express)
    elif (root := reading.parsed(node, text, where, must=True)) is not None:
        reading.add(root, where, origin, is_express=is_express)


def _uri(reading: Reading, node: Node, where: str, origin: Origin, *, is_express: bool) -> None:
    text = text_of(node)
    if text is None and not node.is_object:
        reading.tell(where, "a function in it is not known here: give the file itself", node)
    elif text is None or text.startswith("s3://"):
        reading.tell(where, _IN_S3, node)
    else:
        reading.read_file(Named(text.strip()), node, where, origin, is_express=is_express)


def _asset(reading: Reading, node: Node, where: str, origin: Origin, *, is_express: bool) -> None:
    """CDK puts what it uploads to S3 beside its template, under the same key."""
    key = node.get("Key")
    text = None if key is None else text_of(key)
    named = Named(f"asset.{Path(text).name}") if text else None
    if named is None or not named.beside(reading.path).is_file():
        reading.tell(where, _IN_S3, node)
    else:
        reading.read_file(named, node, where, origin, is_express=is_express)
