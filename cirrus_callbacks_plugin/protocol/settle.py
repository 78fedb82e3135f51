"""From a payload's outcome to its open rows: update-state begins it, the sender may end it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code, is_unanswered
from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.errors import CallbackError
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.rules import Ended, LeaveOpen, after_end
from cirrus_callbacks_plugin.protocol.wait_log import log_wait
from cirrus_callbacks_plugin.waits.table import Settlement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cirrus_callbacks_plugin.cirrus.state_table import Record, StateTable
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from cirrus_callbacks_plugin.waits.row import Wait
    from cirrus_callbacks_plugin.waits.table import WaitsTable


@dataclass(slots=True)
class Progress:
    """How far the settling of one payload's rows came.

    Attributes:
        execution_arn: the run that ended; the last listed one where the event named none.
        settled: rows that this call settled.
        is_complete: False where rows are, or may be, left to be settled: time ran out, or
            an update failed for a reason that passes.
    """

    execution_arn: str | None
    settled: int = 0
    is_complete: bool = True


def settle_open_rows(
    waits: WaitsTable,
    states: StateTable,
    payload_id: str,
    ended: Ended,
    *,
    has_time_left: Callable[[], bool],
) -> Progress:
    """Settle every open row of a payload for which the ended run decides.

    The record is read again before each page, and only where the page has open rows: a
    page takes time, and a run that began meanwhile would be the one that decides.

    Args:
        waits: the tracking table.
        states: cirrus's state table.
        payload_id: the payload whose run ended.
        ended: the run and its outcome.
        has_time_left: asked before every page and call; False ends the work.

    Raises:
        ClientError, BotoCoreError: a read failed; nothing is known of the remaining rows.
    """
    progress = Progress(execution_arn=ended.execution_arn)
    key = StateKey.of(payload_id)
    settler = _Settler(waits, ended, has_time_left)
    for page in waits.open_rows(payload_id):
        if page:
            settler.record = states.get(key) if key is not None else None
            if progress.execution_arn is None and settler.record is not None:
                progress.execution_arn = settler.record.last_execution
            for row, result in settler.settle(page):
                _count(progress, row, result)
        if settler.is_stopped():
            # Pages not read may hold open rows too; the one who goes on will see. A page may be
            # empty (answered rows share the partition), and there may be many of them.
            progress.is_complete = False
            break
    return progress


def _count(progress: Progress, row: Wait, result: bool | Exception | None) -> None:
    if isinstance(result, Exception):
        log_wait(
            row,
            wait_log.NOT_SETTLED,
            level=logging.WARNING,
            why=error_code(result),
        )
        # What a repetition does not cure is the reconciler's: it must not be tried in a loop.
        if not isinstance(result, (ClientError, BotoCoreError)) or (
            classify(result) is ErrorKind.REFUSED
        ):
            return
        progress.is_complete = False
    elif result is None:
        progress.is_complete = False
    elif result:
        progress.settled += 1


class _Stopped(CallbackError):  # noqa: N818 - not the caller's error
    """No call may be made any more."""


@dataclass(slots=True, eq=False, repr=False)
class _Settler:
    waits: WaitsTable
    ended: Ended
    has_time_left: Callable[[], bool]
    record: Record | None = None
    unanswered: bool = False

    def is_stopped(self) -> bool:
        """True once time ran out or a call was not answered."""
        return self.unanswered or not self.has_time_left()

    def settle(self, page: Sequence[Wait]) -> list[tuple[Wait, bool | Exception | None]]:
        """Settle the rows of a page for which the run decides.

        Returns:
            Each row with True: settled. False: not ours to settle, or somebody was first. None:
            no time. Else what its update met.
        """
        settled: list[tuple[Wait, bool | Exception | None]] = []
        decided: list[tuple[Wait, Outcome]] = []
        for row in page:
            judgement = after_end(row, self.record, self.ended)
            if isinstance(judgement, LeaveOpen):
                self._leave_open(row, judgement)
                settled.append((row, False))
            else:
                decided.append((row, judgement.outcome))
        results = self.waits.settle_all(
            [Settlement(row.key, outcome) for row, outcome in decided], call=self._call
        )
        for (row, outcome), result in zip(decided, results, strict=True):
            if isinstance(result, bool):
                log_wait(
                    row,
                    wait_log.SETTLED if result else wait_log.SETTLED_BEFORE,
                    workflow_state=outcome.workflow_state,
                    execution_arn=outcome.execution_arn,
                )
            settled.append((row, None if isinstance(result, _Stopped) else result))
        return settled

    def _leave_open(self, row: Wait, judgement: LeaveOpen) -> None:
        log_wait(
            row,
            wait_log.LEFT_OPEN,
            ended=self.ended.execution_arn,
            execution_arn=self.record.last_execution if self.record else None,
            why=judgement.why,
        )

    def _call(self, work: Callable[[], Any]) -> Any:
        if self.is_stopped():
            raise _Stopped
        try:
            return work()
        except Exception as error:
            self.unanswered = self.unanswered or is_unanswered(error)
            raise
