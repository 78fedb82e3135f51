"""What a judgement needs to know of a row, gathered; and whether it still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.generations import of_version
from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.protocol.error_names import NEVER_STARTED
from cirrus_callbacks_plugin.reconcile.judge import (
    Case,
    Run,
    RunStatus,
    earlier_runs,
    is_new_run,
    is_restart,
    restarted_as,
    run_to_ask,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from cirrus_callbacks_plugin.cirrus.generations import Generation
    from cirrus_callbacks_plugin.cirrus.state_table import Record, StateTable
    from cirrus_callbacks_plugin.naming import MemberToken
    from cirrus_callbacks_plugin.reconcile.runs import Runs
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from cirrus_callbacks_plugin.waits.row import Wait
    from cirrus_callbacks_plugin.waits.table import WaitsTable


def case_of(
    row: Wait,
    record: Record | None,
    runs: Runs,
    *,
    now: datetime,
    redelivery: timedelta,
    payloads_url: str | None = None,
) -> Case:
    """The case that a row is in, its run asked for.

    A last listed run that Step Functions does not know never came to be, or runs under the first
    one's name; else the latest listed before it stands for it. So it does where the last listed
    run is another payload's: two ids can share a record's key.

    Raises:
        ClientError, BotoCoreError: Step Functions could not be asked.
    """
    generation = of_version(row.cirrus_version)
    asked = run_to_ask(row, record)
    run = None if asked is None else runs.find(asked)
    is_last = True
    if run is not None and not run.is_of(row):
        run, is_last = _earlier(row, record, runs), False
        record = None if run is None else record
    elif run is not None and run.status is RunStatus.UNKNOWN:
        restart = _restart(row, record, generation, runs)
        earlier = _earlier(row, record, runs)
        if restart is not None and (earlier is None or not _before(restart, earlier)):
            run = restart
        elif earlier is not None:
            run, is_last = earlier, False
    return Case(
        row=row,
        record=record,
        run=run,
        now=now,
        redelivery=redelivery,
        generation=generation,
        is_last=is_last,
        payloads_url=payloads_url,
    )


def _restart(row: Wait, record: Record | None, generation: Generation, runs: Runs) -> Run | None:
    """The last listed run, if it was started under the first one's name."""
    name = restarted_as(row, record, generation)
    first = None if name is None else runs.find(name)
    return first if first is not None and first.is_of(row) and is_restart(row, first) else None


def _earlier(row: Wait, record: Record | None, runs: Runs) -> Run | None:
    """The latest run before the last listed one that came to be, if the row waits for it."""
    earlier = (runs.find(execution) for execution in earlier_runs(row, record))
    came_to_be = (run for run in earlier if run.status is not RunStatus.UNKNOWN and run.is_of(row))
    run = next(came_to_be, None)
    return run if run is not None and is_new_run(row, run) else None


def _before(run: Run, other: Run) -> bool:
    return run.started is not None and other.started is not None and run.started < other.started


def may_still_come(
    row: Wait,
    outcome: Outcome,
    was_sent: Callable[[MemberToken], bool],
) -> bool:
    """True where an outcome says NeverStarted too early: the join may send the message again.

    Of a member no message is missing until its join has sent it; an attached one is sent by
    nobody.

    Args:
        row: the wait.
        outcome: what it would be settled with.
        was_sent: whether a join has sent a member; raises what its read raises.
    """
    is_missing = outcome.answer_error == NEVER_STARTED and not row.attached
    member = row.member if is_missing else None
    return member is not None and not was_sent(member)


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
