"""What a tracking table holds, for tests that look at all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.waits.continuation import Continuation, row_from_item
from cirrus_callbacks_plugin.waits.row import Wait

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.table import WaitsTable


def rows_in(table: WaitsTable) -> list[Wait | Continuation]:
    """Every row that this version knows; the tables of tests fit into one page."""
    items = table.client.scan(TableName=table.name, ConsistentRead=True)["Items"]
    return [row for row in map(row_from_item, items) if row is not None]


def waits_in(table: WaitsTable) -> list[Wait]:
    """The waits among them."""
    return [row for row in rows_in(table) if isinstance(row, Wait)]


def continuation_in(table: WaitsTable) -> Continuation:
    """The one continuation."""
    (found,) = (row for row in rows_in(table) if isinstance(row, Continuation))
    return found
