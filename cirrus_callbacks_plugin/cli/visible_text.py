"""The one place that makes texts safe for a terminal.

Ids, waiters, errors and reasons are whatever somebody wrote: a control character in one of
them could erase or forge a line of the plan that a person is about to confirm. Whatever the
commands write goes through here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cirrus_callbacks_plugin.naming import visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.style import StyleType


def one_line(text: str | Text) -> Text:
    """The text on one line, with line breaks and control characters written as escapes."""
    return _escaped(text, breaks_lines=False)


def lines(text: str | Text) -> Text:
    """The same for a text whose line breaks are our own."""
    return _escaped(text, breaks_lines=True)


class VisibleTable(Table):
    """A table whose cells are made visible: a text keeps its line breaks, a string has none."""

    def add_row(
        self,
        *renderables: RenderableType | None,
        style: StyleType | None = None,
        end_section: bool = False,
    ) -> None:
        """Add a row."""
        super().add_row(*map(_cell, renderables), style=style, end_section=end_section)


class VisibleConsole(Console):
    """A console on which a printed string is one line, without control characters."""

    @property
    def writes_unicode(self) -> bool:
        """False where a tick or an arrow cannot be written."""
        return self.encoding.lower().replace("-", "").startswith("utf")

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; strings and texts are made visible first."""
        super().print(*map(_printed, objects), **options)


def _printed(thing: Any) -> Any:
    return one_line(thing) if isinstance(thing, (str, Text)) else thing


def _cell(cell: RenderableType | None) -> RenderableType | None:
    if isinstance(cell, Text):
        return lines(cell)
    return one_line(cell) if isinstance(cell, str) else cell


def _escaped(text: str | Text, *, breaks_lines: bool) -> Text:
    whole = Text(text) if isinstance(text, str) else text
    if all(each.isprintable() or (breaks_lines and each == "\n") for each in whole.plain):
        return whole
    escaped = whole.blank_copy()
    for part in whole.divide(range(1, len(whole.plain))):
        kept = breaks_lines and part.plain == "\n"
        escaped.append(
            part if kept or part.plain.isprintable() else Text(visible(part.plain), part.style)
        )
    return escaped
