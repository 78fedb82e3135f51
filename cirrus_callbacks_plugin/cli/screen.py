"""Tables, progress and times of the operators' commands, on a terminal and in a pipe."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from cirrus_callbacks_plugin.cli.visible_text import (
    UNBROKEN,
    VisibleConsole,
    VisibleTable,
    broken_between_words,
    one_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

_PIPE_COLUMNS = 160


@dataclass(frozen=True, slots=True)
class Advance:
    """How far some work is; called with how many more things are done.

    Attributes:
        advance: moves what is shown.
        end: called where something else is shown from now on.
    """

    advance: Callable[[int], None]
    end: Callable[[], None]

    def __call__(self, done: int) -> None:
        """So many more things are done."""
        self.advance(done)


class Screen:
    """Writes to one stream; on standard error the progress of long work, on a terminal.

    In a pipe there are no control codes, and no line is wrapped. How things are arranged
    there is for as many columns as ``COLUMNS`` says.

    Args:
        stream: standard output unless given.
        errors: standard error unless given.
        folds: fold long texts in a pipe, too, at that many columns: texts without ids.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        errors: TextIO | None = None,
        folds: bool = False,
    ) -> None:
        out = sys.stdout if stream is None else stream
        self.errors = sys.stderr if errors is None else errors
        if isinstance(out, TextIOWrapper):  # an error text may hold any character
            out.reconfigure(errors="replace")
        self.is_terminal = out.isatty()
        pipe_width = _columns() if folds else UNBROKEN
        self.console = VisibleConsole(
            file=out,
            width=None if self.is_terminal else pipe_width,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self.good, self.bad = ("✓", "✗") if self.console.writes_unicode else ("ok", "FAILED")
        self.unknown = "?"

    @property
    def columns(self) -> int:
        """How many columns to arrange things for."""
        return self.console.width if self.is_terminal else _columns()

    def line(self, text: str | Text = "") -> None:
        """Write a line; one that is too long is not broken."""
        self.console.print(text, soft_wrap=True)

    def put(self, renderable: RenderableType) -> None:
        """Write a table."""
        self.console.put(renderable)

    def indented(self, text: str | Text, indent: int = 2) -> None:
        """Write a text, indented; on a terminal in several lines, broken between words alone."""
        whole = one_line(text)
        width = max(self.console.width - indent, 20)
        for line in broken_between_words(whole, width):
            self.line(Text(" " * indent).append_text(line))

    def verdict(self, text: str, *, good: bool | None) -> None:
        """Write a line with a tick, a cross, or a question mark where nobody could tell."""
        mark, style = {
            True: (self.good, "green"),
            False: (self.bad, "bold red"),
            None: (self.unknown, "yellow"),
        }[good]
        line = Text(f"{mark} ", style=style)
        self.console.print(line.append(text, style="not bold default"), soft_wrap=True)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Advance]:
        """Show that work goes on, where standard error is a terminal."""
        console = VisibleConsole(file=self.errors, highlight=False, markup=False)
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self.errors.isatty(),
        )
        with bar:
            task = bar.add_task(what, total=total)

            yield Advance(lambda done: bar.advance(task, done), bar.stop)


def _columns() -> int:
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isdigit() and int(text) > 0 else _PIPE_COLUMNS


def table(*columns: str, title: str | None = None) -> VisibleTable:
    """A table without frames; what does not fit is folded, never cut."""
    made = VisibleTable(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def duration(seconds: float) -> str:
    """How long, in two units at most: ``6 h 12 min``."""
    whole = max(int(seconds), 0)
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {whole % 60} s"
    return f"{whole} s"


def at(moment: datetime | str | None) -> str:
    """A time as people read it, in UTC; a text that is not a time as it is."""
    if moment is None:
        return "-"
    try:
        parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        return str(moment)
    return f"{parsed.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
