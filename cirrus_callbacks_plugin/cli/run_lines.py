"""An execution as people read it: its state, its name, its times, its error, its link."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.reconcile.judge import Run


def show_run(screen: Screen, run: Run, columns: int) -> None:
    """Print an execution, indented by so many columns."""
    from cirrus_callbacks_plugin.cli.screen import at
    from cirrus_callbacks_plugin.operations.console import execution_link
    from cirrus_callbacks_plugin.operations.listing import status_of

    indent = " " * columns
    name = run.execution_arn.rpartition(":")[2]
    ended = f", ended {at(run.stopped)}" if run.stopped else ""
    screen.line(f"{indent}{status_of(run)}  {name}, started {at(run.started)}{ended}")
    if run.error:
        cause = f": {run.cause}" if run.cause else ""
        screen.indented(f"{run.error}{cause}", columns + 2)
    link = execution_link(run.execution_arn)
    if link is not None:
        screen.line(f"{indent}  {link}")
