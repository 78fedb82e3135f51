"""A run as people see it: a live timeline, then tables and a graph.

On a terminal the open waits stand below the timeline; elsewhere there are plain lines and
no control codes.
"""

from __future__ import annotations

from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

from rich import box
from rich.live import Live
from rich.text import Text

from cirrus_callbacks_plugin.cli.visible_text import (
    UNBROKEN,
    IdCell,
    VisibleConsole,
    VisibleTable,
)
from cirrus_callbacks_plugin.local.happenings import EventKind, Happening
from cirrus_callbacks_plugin.local.join_progress import waited_for
from cirrus_callbacks_plugin.local.report import state_of
from cirrus_callbacks_plugin.protocol.error_names import answer_text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.local.report import Report
    from cirrus_callbacks_plugin.local.timeline import Timeline
    from cirrus_callbacks_plugin.waits.row import Wait

_STYLES = {
    EventKind.STEP: "bold cyan",
    EventKind.RUN: "dim",
    EventKind.WAIT: "yellow",
    EventKind.SETTLE: "dim",
    EventKind.ANSWER: "green",
    EventKind.END: "bold",
    EventKind.TROUBLE: "red",
}


class Display:
    """Writes to one stream.

    Args:
        stream: where to.
        is_silent: write nothing; somebody else has the stream for a program to read.
    """

    def __init__(self, stream: TextIO, *, is_silent: bool = False) -> None:
        is_terminal = stream.isatty() and not is_silent
        if isinstance(stream, TextIOWrapper):  # an error text may hold any character
            stream.reconfigure(errors="replace")
        self.console = VisibleConsole(
            file=stream,
            quiet=is_silent,
            width=None if is_terminal else UNBROKEN,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=not is_terminal,
        )
        self.good, self.bad = ("✓", "✗") if self.console.writes_unicode else ("ok", "FAILED")

    def show(self, happening: Happening) -> None:
        """Write one line of the timeline."""
        style = "red" if happening.is_bad else _STYLES[happening.kind]
        line = Text(f"{happening.seconds:7.1f} s  ", style="dim")
        line.append(f"{happening.kind.value:8}", style=style)
        line.append(happening.text, style=style if happening.is_bad else "")
        self.console.print(line, soft_wrap=True)

    @contextmanager
    def watching(self, timeline: Timeline) -> Iterator[None]:
        """Keep the open waits in sight until the end of the block, on a terminal."""
        if self.console.quiet or not self.console.is_terminal:
            yield
            return
        with Live(
            console=self.console,
            get_renderable=lambda: _open_waits(timeline),
            refresh_per_second=4,
            transient=True,
        ):
            yield

    def line(self, text: str = "") -> None:
        """Write a line as it is."""
        self.console.print(text, soft_wrap=True)

    def verdict(self, text: str, *, good: bool) -> None:
        """Write a line with a tick or a cross."""
        mark = Text(f"{self.good if good else self.bad} ", style="green" if good else "bold red")
        self.console.print(mark.append(text, style=""), soft_wrap=True)

    def summary(self, report: Report) -> None:
        """Write what came of the run: executions and waits."""
        executions = _table("Executions", "workflow", "payload", "status", "why")
        for execution in report.executions:
            _, _, item = execution.title.partition("/")
            bad = execution.status not in ("RUNNING", "SUCCEEDED")
            executions.add_row(
                IdCell(execution.workflow),
                IdCell(item),
                Text(execution.status, style="red" if bad else "green"),
                execution.why,
            )
        callbacks = _table("Callbacks", "waiter", "waits for", "state", "answer", "waited")
        for wait in report.waits:
            waited = wait.waited_seconds
            callbacks.add_row(
                IdCell(wait.waiter_name),
                IdCell(report.title_of(wait)),
                state_of(wait),
                _answer(wait, is_gone=wait.key in report.gone),
                "" if waited is None else f"{waited:.1f} s",
            )
        self.console.print()
        self.console.put(executions)
        self.console.print()
        self.console.put(callbacks)

    def mermaid(self, report: Report) -> None:
        """Write the graph of who waited for whom, for a page that draws mermaid."""
        self.line()
        self.line("```mermaid")
        for line in report.to_mermaid().splitlines():
            self.line(line)
        self.line("```")


def _answer(wait: Wait, *, is_gone: bool) -> Text:
    if not wait.is_answered:
        return Text("waiter gone" if is_gone else "none yet", style="red" if is_gone else "yellow")
    if wait.answer == "success":
        return Text("success", style="green")
    return Text(answer_text_of(wait) or "", style="red")


def _open_waits(timeline: Timeline) -> VisibleTable | Text:
    gone = timeline.gone
    waits = [wait for wait in timeline.open_waits if wait.key not in gone]
    if not waits:
        return Text("  nobody waits", style="dim")
    table = VisibleTable(box=None, pad_edge=True, show_header=True, header_style="dim")
    for column in ("waiting now", "for", "since"):
        table.add_column(column, overflow="fold")
    shown = 12
    for wait in waits[:shown]:
        since = (wait.registered_at or "")[11:19]
        table.add_row(
            IdCell(wait.waiter_name, "yellow"),
            IdCell(waited_for(wait, timeline.joins)),
            f"{since} UTC",
        )
    if len(waits) > shown:
        table.add_row(f"and {len(waits) - shown} more", "", "")
    return table


def _table(title: str, *columns: str) -> VisibleTable:
    table = VisibleTable(title=title, title_justify="left", box=box.SIMPLE, title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
