"""The one place that makes texts safe for a terminal.

Ids, waiters, errors and reasons are whatever somebody wrote: a control character in one of
them could erase or forge a line of the plan that a person is about to confirm. Whatever the
commands write goes through here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from cirrus_callbacks_plugin.naming import middle_cut, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import ConsoleOptions, RenderableType, RenderResult
    from rich.style import StyleType


def one_line(text: str | Text) -> Text:
    """The text on one line, with line breaks and control characters written as escapes."""
    return _escaped(text, breaks_lines=False)


def lines(text: str | Text) -> Text:
    """The same for a text whose line breaks are our own."""
    return _escaped(text, breaks_lines=True)


UNBROKEN = 1_000_000
"""A pipe's width: what reads a pipe looks for ids, and finds none that is broken."""
_NARROWEST_ID = 20


class IdCell:
    """A cell that holds an id: one line, whose middle is cut where the column is too narrow."""

    def __init__(self, text: str, style: StyleType = "") -> None:
        self.text = visible(text)
        self.style = style

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        """As wide as the id; narrower ones will do."""
        width = cell_len(self.text)
        return Measurement(min(width, _NARROWEST_ID), width).with_maximum(options.max_width)

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """The id, or its ends."""
        most = options.max_width
        while cell_len(shown := middle_cut(self.text, most)) > options.max_width and most > 1:
            most -= 1  # some letters are two columns wide
        yield Text(shown, self.style, no_wrap=True)


def long_words_cut(text: Text, most: int) -> Text:
    """A text whose long words, ids, are cut in their middle: so none is broken when it wraps."""
    cut = text.blank_copy()
    end = 0
    for word in re.finditer(r"\S+", text.plain):
        if len(word[0]) > most:
            last = word.end() - most // 2
            kept = word.start() + max(most - most // 2 - 1, 0)
            cut.append_text(text[end:kept]).append("\u2026")
            end = last
    return cut.append_text(text[end:])


def broken_between_words(text: Text, width: int) -> Iterator[Text]:
    """The lines of a text; a word that is longer than the width is a line of its own."""
    begin = end = 0
    for word in re.finditer(r"\S+", text.plain):
        if end > begin and cell_len(text.plain[begin : word.end()]) > width:
            yield text[begin:end]
            begin = word.start()
        end = word.end()
    yield text[begin:end]


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

    def put(self, renderable: RenderableType) -> None:
        """Print a table or a tree: as wide as the screen, in a pipe as wide as it is."""
        width = None
        if self.width == UNBROKEN:
            width = Measurement.get(self, self.options, renderable).maximum
        super().print(renderable, width=width)


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
