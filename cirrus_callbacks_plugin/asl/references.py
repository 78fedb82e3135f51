"""CloudFormation's functions, as texts with ``${...}`` in the place of what is known later.

``Fn::Join``, ``Fn::Sub``, ``Ref`` and ``Fn::GetAtt`` in their long forms; YAML's short forms
are read as these.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.asl.nodes import Node

_SHORT = re.compile(r"!(?P<function>Ref|GetAtt) (?P<name>[\w:.]+)")
_NAME = re.compile(r"\$\{(?P<name>[\w:.]+)\}")


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
    texts = [text_of(each) for each in parts.elements]
    if not parts.is_list or None in texts:
        return None
    return (separator.text or "").join(text for text in texts if text is not None)
