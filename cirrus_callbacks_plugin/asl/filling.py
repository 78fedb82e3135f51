"""A definition as it is deployed: every ``${...}`` in it filled in.

Values go into texts, so a quote in one cannot end the text that holds it. A value outside of
quotes (``"TimeoutSeconds": ${seconds}``) is read as JSON, and as a text where it is not JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl.errors import UnreadableError
from cirrus_callbacks_plugin.asl.machine import Style
from cirrus_callbacks_plugin.asl.references import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.asl.nodes import Node

_MARK = re.compile(
    r"\$\$\{|%%\{|\$\{!(?P<literal>[^}]*)\}|\$\{(?P<expression>[^}\"\n]*)\}"
    r"|(?P<directive>%\{)|(?P<open>\$\{)"
)


@dataclass(frozen=True, slots=True)
class Filling:
    """Fills in definitions.

    Attributes:
        style: how they write what is filled in.
        value_of: the value of a name; None where it is not known.
        advice: what to do about a name that is not known.
    """

    style: Style
    value_of: Callable[[str], str | None]
    advice: Callable[[str], str]

    def value(self, node: Node) -> Any:
        """The node as plain JSON, filled in.

        Raises:
            UnreadableError: a name is not known, or an expression is more than a name; says
                where.
        """
        if node.is_object:
            reference = text_of(node) if self.style is Style.CLOUDFORMATION else None
            if reference is not None:
                return self._text(reference, node)
            return {name: self.value(member) for name, member in node.members.items()}
        if node.is_list:
            return [self.value(element) for element in node.elements]
        if node.text is not None:
            return self._text(node.text, node)
        if node.expression is not None:
            return self._expression(node)
        return node.value

    def _expression(self, node: Node) -> Any:
        reference = text_of(node) or node.expression or ""
        text = self._text(reference, node)
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _text(self, text: str, node: Node) -> str:
        def fill(match: re.Match[str]) -> str:
            mark = match[0]
            if mark == "$${" and self.style is Style.TERRAFORM:
                return "${"
            if mark == "$${":
                return mark  # of no meaning to CloudFormation: the second sign begins nothing
            if mark == "%%{":
                return "%{" if self.style is Style.TERRAFORM else mark
            if match["literal"] is not None and self.style is Style.CLOUDFORMATION:
                return f"${{{match['literal']}}}"
            if match["directive"]:
                if self.style is Style.CLOUDFORMATION:
                    return mark
                raise UnreadableError("the directive '%{' is not filled in locally", node.at)
            name = (match["expression"] or match["literal"] or "").strip()
            if match["open"] or not re.fullmatch(r"[\w.:-]+", name):
                raise UnreadableError(
                    f"'{mark}' is not closed on its line, or holds more than a name: give the "
                    "value with --var and refer to it as '${NAME}'",
                    node.at,
                )
            value = self.value_of(name)
            if value is None:
                raise UnreadableError(f"'${{{name}}}' is not known: {self.advice(name)}", node.at)
            return value

        return _MARK.sub(fill, text)
