"""Open waits as a table, or on a narrow terminal as a few lines each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from cirrus_callbacks_plugin.cli.screen import at, duration, table
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
_WIDEST_WAITER = 36
_NARROWEST_REASON = 40
_GOING_ON = frozenset(
    {Code.RUNNING, Code.WAITS_ITSELF, Code.IN_CYCLE, Code.ABANDONED, Code.BEING_SETTLED}
)
_AS_OLD_AS_THE_WAIT = frozenset(
    {Code.NOT_STARTED_YET, Code.NEVER_STARTED, Code.IN_DEAD_LETTERS, Code.MEMBERS_PENDING}
)
_CALM = (_GOING_ON - {Code.IN_CYCLE, Code.ABANDONED}) | {Code.ENDING, Code.MEMBERS_PENDING}


def wide_table(waits: Sequence[ExplainedWait], now: datetime, width: int) -> Table:
    """One line a wait; the payload's id is not broken where the width allows it.

    Widths are given, not left to the library: it cuts a table whose columns it cannot shrink.
    """
    rows = [
        tuple(
            visible(text)
            for text in (
                _age(explained, now),
                explained.row.payload_id,
                state_of(explained) or "no record",
                explained.row.waiter_name,
            )
        )
        for explained in waits
    ]
    made = table("waiting", "payload", "state", "waiter", "why")
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    widths = [max(wide, len(name)) for wide, name in zip(widths, _NAMES, strict=True)]
    widths[3] = min(widths[3], _WIDEST_WAITER)
    gaps = 3 * len(widths)
    others = widths[0] + widths[2] + widths[3] + gaps + _NARROWEST_REASON
    widths[1] = max(min(widths[1], width - others), 20)
    for column, wide in zip(made.columns, [*widths, width - gaps - sum(widths)], strict=True):
        column.width = wide
    for row, explained in zip(rows, waits, strict=True):
        made.add_row(*row, why(explained.reason, now))
    return made


def blocks(waits: Sequence[ExplainedWait], now: datetime) -> Iterator[tuple[Text, Text, Text]]:
    """For each wait a line with age and id, and two to be indented: who waits, and why."""
    for explained in waits:
        head = Text(f"{_age(explained, now):12}", style="bold")
        head.append(explained.row.payload_id, style="not bold")
        waiter = explained.row.waiter_payload_id or explained.row.waiter_name
        text = Text(f"{state_of(explained) or 'no record'}, waited for by {waiter}", style="dim")
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


def _age(explained: ExplainedWait, now: datetime) -> str:
    return duration((now - moment(explained.row.registered_at)).total_seconds())
