"""What a judgement needs to know of a row, gathered; and whether it still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.generations import of_version
from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.reconcile.judge import (
    Case,
    RunStatus,
    is_restart,
    restarted_as,
    run_to_ask,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from cirrus_callbacks_plugin.cirrus.state_table import Record, StateTable
    from cirrus_callbacks_plugin.reconcile.runs import Runs
    from cirrus_callbacks_plugin.waits.row import Wait
    from cirrus_callbacks_plugin.waits.table import WaitsTable


def case_of(
    row: Wait,
    record: Record | None,
    runs: Runs,
    *,
    now: datetime,
    redelivery: timedelta,
) -> Case:
    """The case that a row is in, its run asked for.

    Raises:
        ClientError, BotoCoreError: Step Functions could not be asked.
    """
    generation = of_version(row.cirrus_version)
    asked = run_to_ask(row, record)
    run = None if asked is None else runs.find(asked)
    if run is not None and run.status is RunStatus.UNKNOWN:
        other = restarted_as(row, record, generation)
        first = None if other is None else runs.find(other)
        if first is not None and is_restart(row, first):
            run = first
    return Case(
        row=row,
        record=record,
        run=run,
        now=now,
        redelivery=redelivery,
        generation=generation,
    )


def unchanged(
    waits: WaitsTable,
    states: StateTable,
    row: Wait,
    record: Record | None,
) -> Wait | None:
    """Read record and row again before an act: time has passed since they were read.

    Returns:
        The row as it is now, neither settled nor answered; None where either has changed.
    """
    key = StateKey.of(row.payload_id)
    if key is not None and states.get(key) != record:
        return None
    now = waits.read([row.key]).get(row.key)
    return None if now is None or now.is_settled or now.is_answered else now
