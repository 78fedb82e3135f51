"""What became of a wait, and what was done to it by hand, as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.protocol.error_names import answer_text_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.waits.row import Wait


def show_outcome(screen: Screen, row: Wait, columns: int, *, with_error: bool = True) -> None:
    """Print when a wait was settled and answered, with what, and its repairs.

    Args:
        screen: where.
        row: the wait; of one that is open without a repair nothing is printed.
        columns: how far the lines are indented.
        with_error: False where what went wrong was said before.
    """
    from cirrus_callbacks_plugin.cli.screen import at

    if row.settled_at:
        screen.indented(f"settled {at(row.settled_at)}: {row.workflow_state}", columns)
    if row.answered_at:
        screen.indented(f"answered {at(row.answered_at)}: {answer_text_of(row)}", columns)
    if row.error and with_error:
        screen.indented(f"error: {row.error}", columns)
    for entry in row.history:
        screen.indented(
            f"{entry.get('action')} by {entry.get('by')}, {at(entry.get('at'))}: "
            f"{entry.get('reason')}",
            columns,
        )
