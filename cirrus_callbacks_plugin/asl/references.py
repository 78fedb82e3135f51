"""CloudFormation's functions, as texts with ``${...}`` in the place of what is known later.

``Fn::Join``, ``Fn::Sub``, ``Ref`` and ``Fn::GetAtt`` in their long forms; YAML's short forms
are read as these.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl.nodes import Expression, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHORT = re.compile(r"!(?P<function>Ref|GetAtt) (?P<name>[\w:.]+)")
_NAME = re.compile(r"\$\{(?P<name>[\w:.]+)\}")
_ODD = re.compile(r"[^\w:.-]+")


def text_of(node: Node) -> str | None:
    """The text that a node makes; None where a function in it is not known here.

    A reference is written as ``${Name}``, an attribute as ``${Name.Attribute}``.
    """
    if node.text is not None:
        return node.text
    if node.number is not None and not isinstance(node.value, bool):
        return f"{node.value}"
    if node.expression is not None:
        short = _SHORT.fullmatch(node.expression)
        return None if short is None else f"${{{short['name']}}}"
    if len(node.members) != 1:
        return None
    ((function, argument),) = node.members.items()
    if function == "Ref":
        return None if argument.text is None else f"${{{argument.text}}}"
    if function == "Fn::GetAtt":
        return _attribute(argument)
    if function == "Fn::Sub":
        return _substituted(argument)
    return _joined(argument) if function == "Fn::Join" else None


def resolved(node: Node) -> Node:
    """The node with the texts that functions in it make; what is not known here is a mark.

    A node that stands in several places (a YAML alias) is resolved once.
    """
    return _resolved(node, {})


def _resolved(node: Node, done: dict[int, Node]) -> Node:
    if id(node) not in done:
        done[id(node)] = _made(node, done)
    return done[id(node)]


def _made(node: Node, done: dict[int, Node]) -> Node:
    if node.is_list:
        return replace(node, value=tuple(_resolved(each, done) for each in node.elements))
    if not node.is_object:
        return node
    if len(node.members) == 1 and _is_function(next(iter(node.members))):
        text = text_of(node)
        return Node(Expression(_mark(node)) if text is None else text, node.at)
    members = {name: _resolved(each, done) for name, each in node.members.items()}
    return replace(node, value=members)


def _is_function(name: str) -> bool:
    return name == "Ref" or name.startswith("Fn::")


def _mark(node: Node) -> str:
    """What stands for a value that is not known here: ``${Fn::ImportValue.name}``."""
    if node.expression is not None:
        parts = node.expression.removeprefix("!").split(" ", 1)
    else:
        name, argument = next(iter(node.members.items()))
        parts = [name, argument.text or ""]
    return f"${{{'.'.join(_ODD.sub('-', part) for part in parts if part)}}}"


def _attribute(argument: Node) -> str | None:
    if argument.text is not None:
        return f"${{{argument.text}}}"
    parts = [each.text for each in argument.elements]
    return None if None in parts or not parts else f"${{{'.'.join(map(str, parts))}}}"


def _substituted(argument: Node) -> str | None:
    if argument.text is not None:
        return argument.text
    if len(argument.elements) != 2 or argument.elements[0].text is None:  # noqa: PLR2004
        return None
    text, given = argument.elements
    values = {name: text_of(value) for name, value in given.members.items()}
    known = {name: value for name, value in values.items() if value is not None}
    return with_values(text.text or "", known)


def with_values(text: str, values: Mapping[str, str]) -> str:
    """A text with some of its ``${Name}`` filled in; the others stay as they are."""
    return _NAME.sub(lambda match: values.get(match["name"], match[0]), text)


def _joined(argument: Node) -> str | None:
    if len(argument.elements) != 2 or argument.elements[0].text is None:  # noqa: PLR2004
        return None
    separator, parts = argument.elements
    if not parts.is_list:
        return None
    return (separator.text or "").join(_piece(each) for each in parts.elements)


def _piece(node: Node) -> str:
    """One piece of several: a function that is not known here leaves its mark."""
    text = text_of(node)
    if text is None and (node.members or node.expression is not None):
        return _mark(node)
    return "" if text is None else text
