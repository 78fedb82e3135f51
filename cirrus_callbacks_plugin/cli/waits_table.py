"""Open waits as a table, or on a narrow terminal as a few lines each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from cirrus_callbacks_plugin.cli.screen import at, duration, table
from cirrus_callbacks_plugin.cli.visible_text import IdCell, long_words_cut
from cirrus_callbacks_plugin.naming import visible
from cirrus_callbacks_plugin.operations.listing import state_of
from cirrus_callbacks_plugin.operations.reasons import Code
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.table import Table

    from cirrus_callbacks_plugin.operations.reasons import Reason
    from cirrus_callbacks_plugin.operations.survey import ExplainedWait

_NAMES = ("waiting", "payload", "state", "waiter")
_WIDE = 120
"""From this many columns on a wait may be one row; below, it is a few lines of its own."""
_WIDEST_WAITER = 36
_NARROWEST_REASON = 40
_GOING_ON = frozenset({Code.RUNNING, Code.WAITS_ITSELF, Code.IN_CYCLE, Code.BEING_SETTLED})
_AS_OLD_AS_THE_WAIT = frozenset(
    {Code.NOT_STARTED_YET, Code.WILL_NOT_START, Code.IN_DEAD_LETTERS, Code.MEMBERS_PENDING}
)
_CALM = (_GOING_ON - {Code.IN_CYCLE}) | {Code.ENDING, Code.MEMBERS_PENDING}


def wide_table(
    waits: Sequence[ExplainedWait],
    now: datetime,
    columns: int,
    *,
    is_terminal: bool,
) -> Table | None:
    """One row a wait; None where the ids do not fit into so many columns.

    Elsewhere than on a terminal a row is one line, however long, with ids whole. On one the
    waiter's short name is cut in its middle, and the reason takes several lines.
    """
    if columns < _WIDE:
        return None
    rows = [
        tuple(
            visible(text)
            for text in (
                _age(explained, now),
                explained.row.payload_id,
                state_of(explained) or "no record",
                explained.row.waiter_name if is_terminal else _whole_waiter(explained),
            )
        )
        for explained in waits
    ]
    made = table("waiting", "payload", "state", "waiter", "why")
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    widths = [max(wide, len(name)) for wide, name in zip(widths, _NAMES, strict=True)]
    room = columns - sum(widths[:3]) - min(widths[3], _WIDEST_WAITER) - 3 * len(widths)
    if is_terminal:
        # Widths are given, not left to the library: it cuts a table that it cannot shrink.
        widths[3] = min(widths[3], _WIDEST_WAITER)
        if room < _NARROWEST_REASON:
            return None
        for column, wide in zip(made.columns, [*widths, room], strict=True):
            column.width = wide
    for row, explained in zip(rows, waits, strict=True):
        text = why(explained.reason, now)
        text = long_words_cut(text, room) if is_terminal else text
        made.add_row(*row[:3], IdCell(row[3]), text)
    return made


def blocks(waits: Sequence[ExplainedWait], now: datetime) -> Iterator[tuple[Text, Text, Text]]:
    """For each wait a line with age and id, and two to be indented: who waits, and why."""
    for explained in waits:
        head = Text(f"{_age(explained, now):12}", style="bold")
        head.append(explained.row.payload_id, style="not bold")
        state = state_of(explained) or "no record"
        text = Text(f"{state}, waited for by {_whole_waiter(explained)}", style="dim")
        yield head, text, why(explained.reason, now)


def why(reason: Reason, now: datetime) -> Text:
    """The reason in a sentence, and the repair where there is one."""
    text = Text(reason.text, style="not dim" if reason.code in _CALM else "not dim yellow")
    if reason.since is not None and reason.code not in _AS_OLD_AS_THE_WAIT:
        span = duration((now - reason.since).total_seconds())
        text.append(f" (for {span})" if reason.code in _GOING_ON else f" ({span} ago)")
    if reason.repair is not None and reason.code is not Code.BEING_SETTLED:
        text.append(f"; repair: {reason.repair}", style="bold")
        if reason.repair_from is not None and reason.repair_from > now:
            text.append(f", from {at(reason.repair_from)} on")
    return text


def _whole_waiter(explained: ExplainedWait) -> str:
    return explained.row.waiter_payload_id or explained.row.waiter_name


def _age(explained: ExplainedWait, now: datetime) -> str:
    return duration((now - moment(explained.row.registered_at)).total_seconds())
