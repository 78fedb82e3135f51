"""Terraform's ``templatefile``, as far as state machines use it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARKS = re.compile(
    r"\$\$\{|%%\{|\$\{(?P<expression>[^}\"\n]*)\}|(?P<directive>%\{)|(?P<open>\$\{)"
)


class TemplateError(ValueError):
    """A template cannot be filled in; the message says where and what to do."""


def render(text: str, variables: Mapping[str, str]) -> str:
    """Fill in ``${name}``; ``$${`` and ``%%{`` stand for themselves, as in Terraform.

    https://developer.hashicorp.com/terraform/language/expressions/strings

    Raises:
        TemplateError: an unknown variable, an expression, or a ``%{`` directive.
    """

    def fill(match: re.Match[str]) -> str:
        mark = match[0]
        if mark in ("$${", "%%{"):
            return mark[1:]
        line = text.count("\n", 0, match.start()) + 1
        if match["directive"]:
            raise TemplateError(f"line {line}: the directive '%{{' is not filled in locally")
        if match["open"]:
            raise TemplateError(
                f"line {line}: '${{' is not closed on its line, or holds more than a name: "
                f"give the value with --var and refer to it as '${{NAME}}'",
            )
        name = match["expression"].strip()
        if name not in variables:
            raise TemplateError(
                f"line {line}: '${{{name}}}' is none of the variables "
                f"{', '.join(variables)}: give it with --var {name}=VALUE, or write "
                f"'$${{' where the text itself is meant",
            )
        return variables[name]

    return _MARKS.sub(fill, text)
