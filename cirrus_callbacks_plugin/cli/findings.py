"""What the linter found, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.text import Text

from cirrus_callbacks_plugin.cli.screen import Screen, table
from cirrus_callbacks_plugin.lint.finding import Severity
from cirrus_callbacks_plugin.lint.rules import RULES
from cirrus_callbacks_plugin.naming import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from cirrus_callbacks_plugin.lint.finding import Finding
    from cirrus_callbacks_plugin.lint.inspection import Inspection

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def write(inspection: Inspection, stream: TextIO) -> None:
    """Write the findings by file, and what was counted."""
    console = Screen(stream, folds=True).console
    for file in dict.fromkeys(each.file for each in inspection.findings):
        findings = [each for each in inspection.findings if each.file == file]
        console.print(Text(file, style="bold"), soft_wrap=True)
        console.print(_table(findings, "→" if console.writes_unicode else "->"))
        console.print()
    console.print(Text(_summary(inspection)), soft_wrap=True)


def write_rules(stream: TextIO) -> None:
    """Write the rules, one a row."""
    rows = _columns("rule", "severity", "demands")
    for rule in RULES:
        severity = Text(rule.severity.value, style=_STYLES[rule.severity])
        rows.add_row(rule.id, severity, Text(rule.summary.replace("`", "")))
    Screen(stream, folds=True).put(rows)


def _table(findings: Sequence[Finding], arrow: str) -> Table:
    rows = _columns("line", "severity", "rule", "where, what, and what to do")
    for each in findings:
        text = Text(visible(each.problem.path) or "the file", style="bold")
        text.append(f"\n{visible(each.problem.message)}", "not bold")
        text.append(f"\n{arrow} {visible(each.problem.fix)}", "not bold")
        severity = Text(each.severity.value, style=_STYLES[each.severity])
        rows.add_row(str(each.problem.at.line), severity, each.rule.id, text)
    return rows


def _columns(*names: str) -> Table:
    made = table(*names)
    for column in made.columns[:-1]:
        column.no_wrap = True
    return made


def _summary(inspection: Inspection) -> str:
    counts = ", ".join(_counted(inspection.count(each), each.value) for each in Severity)
    checked = inspection.checked
    text = f"{_counted(inspection.waits, 'wait')} in {_counted(checked, 'file')}: {counts}"
    if inspection.passed_over:
        text += f"; {_counted(len(inspection.passed_over), 'wait')} for something else passed over"
    if inspection.unusable:
        text += f"; {_counted(len(inspection.unusable), 'file')} could not be checked"
    if inspection.unread:
        text += f"; {_counted(len(inspection.unread), 'state machine')} could not be read"
    return text


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
