"""From a payload's outcome to its open rows: update-state begins it, the sender may end it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.concurrency import each
from cirrus_callbacks_plugin.errors import error_code, is_unanswered
from cirrus_callbacks_plugin.rules import Ended, after_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cirrus.state_table import Record, StateTable
    from cirrus_callbacks_plugin.waits.row import Wait
    from cirrus_callbacks_plugin.waits.table import WaitsTable

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """How far the settling of one payload's rows came.

    Attributes:
        settled: rows that this call settled.
        left: a row that is still to be settled, where some are: time ran out, or its
            update failed.
    """

    settled: int = 0
    left: Wait | None = None


def settle_open_rows(
    waits: WaitsTable,
    states: StateTable,
    payload_id: str,
    ended: Ended,
    *,
    may_go_on: Callable[[], bool],
) -> Progress:
    """Settle every open row of a payload for which the ended run decides.

    The record is read anew before each page, and only where the page has open rows: a
    page takes time, and a run that began meanwhile would be the one that decides.

    Args:
        waits: the tracking table.
        states: cirrus's state table.
        payload_id: the payload whose run ended.
        ended: the run and its outcome.
        may_go_on: asked before every row; False ends the work, and what is left is told.

    Raises:
        ClientError, BotoCoreError: a read failed; nothing is known of the remaining rows.
    """
    progress = Progress()
    key = StateKey.of(payload_id)
    settler = _Settler(waits, ended, may_go_on)
    for page in waits.open_rows(payload_id):
        if not page:
            continue
        settler.record = states.get(key) if key is not None else None
        for row, result in zip(page, each(settler.settle, page), strict=True):
            if isinstance(result, Exception):
                logger.warning(
                    "Payload %s: wait %s could not be settled (%s)",
                    payload_id,
                    row.key.name,
                    error_code(result),
                )
                progress.left = row
            elif result is None:
                progress.left = row
            elif result:
                progress.settled += 1
        if settler.is_stopped():
            # Pages not read may hold open rows too; whoever goes on will see.
            progress.left = progress.left or page[-1]
            break
    return progress


@dataclass(slots=True)
class _Settler:
    waits: WaitsTable
    ended: Ended
    may_go_on: Callable[[], bool]
    record: Record | None = None
    unanswered: bool = False

    def is_stopped(self) -> bool:
        """True once time ran out or a call was not answered."""
        return self.unanswered or not self.may_go_on()

    def settle(self, row: Wait) -> bool | None:
        """True: settled. False: not ours to settle, or somebody was first. None: no time."""
        outcome = after_end(row, self.record, self.ended)
        if outcome is None:
            logger.info(
                "Payload %s: the end of %s does not decide wait %s, which waits for a later run",
                row.payload_id,
                self.ended.execution_arn,
                row.key.name,
            )
            return False
        if self.is_stopped():
            return None
        try:
            return self.waits.settle(row.key, outcome)
        except Exception as error:
            self.unanswered = self.unanswered or is_unanswered(error)
            raise
