"""What the linter found, as people read it."""

from __future__ import annotations

import os
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cirrus_callbacks_plugin.lint.finding import Severity
from cirrus_callbacks_plugin.lint.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.lint.finding import Finding
    from cirrus_callbacks_plugin.lint.inspection import Inspection

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_PIPE_WIDTH = 160


def printable(text: str) -> str:
    """A text from a file, with what a terminal might obey made visible."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def write(inspection: Inspection, stream: TextIO) -> None:
    """Write the findings by file, and what was counted."""
    console = _console(stream)
    unicode = console.encoding.lower().replace("-", "").startswith("utf")
    for file in dict.fromkeys(each.file for each in inspection.findings):
        found = [each for each in inspection.findings if each.file == file]
        console.print(Text(printable(file), style="bold"), soft_wrap=True)
        console.print(_table(found, "→" if unicode else "->"))
        console.print()
    console.print(Text(_summary(inspection)), soft_wrap=True)


def write_rules(stream: TextIO) -> None:
    """Write the rules, one a row."""
    table = _columns("rule", "severity", "demands")
    for rule in RULES:
        severity = Text(rule.severity.value, style=_STYLES[rule.severity])
        table.add_row(rule.id, severity, Text(rule.summary.replace("`", "")))
    _console(stream).print(table)


def _table(found: Sequence[Finding], arrow: str) -> Table:
    table = _columns("line", "severity", "rule", "where, what, and what to do")
    for each in found:
        text = Text(printable(each.problem.path) or "the file", style="bold")
        text.append(f"\n{printable(each.problem.message)}", "not bold")
        text.append(f"\n{arrow} {printable(each.problem.fix)}", "not bold")
        severity = Text(each.severity.value, style=_STYLES[each.severity])
        table.add_row(str(each.problem.at.line), severity, each.rule.id, text)
    return table


def _columns(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in names:
        is_text = name == names[-1]
        table.add_column(name, overflow="fold", no_wrap=not is_text)
    return table


def _summary(inspection: Inspection) -> str:
    counts = ", ".join(_counted(inspection.count(each), each.value) for each in Severity)
    checked = inspection.checked
    text = f"{_counted(inspection.waits, 'wait')} in {_counted(checked, 'file')}: {counts}"
    if inspection.passed_over:
        text += f"; {_counted(len(inspection.passed_over), 'wait')} for something else passed over"
    if inspection.unusable:
        text += f"; {_counted(len(inspection.unusable), 'file')} could not be checked"
    return text


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _console(stream: TextIO) -> Console:
    if isinstance(stream, TextIOWrapper):  # a file may hold any character
        stream.reconfigure(errors="replace")
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() and int(columns) else _PIPE_WIDTH
    return Console(
        file=stream,
        width=None if stream.isatty() else width,
        highlight=False,
        markup=False,
        emoji=False,
    )
