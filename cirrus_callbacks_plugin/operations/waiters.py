"""Whether the one who waits still runs: asked of the execution that waits, where it is known."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - a field's type
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.cirrus.state_table import MalformedRecordError
from cirrus_callbacks_plugin.operations.console import execution_link
from cirrus_callbacks_plugin.reconcile.judge import Run, RunStatus
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.reconcile.runs import Runs
    from cirrus_callbacks_plugin.waits.row import Wait


@dataclass(slots=True)
class Waiters:
    """Finds the executions that wait.

    A task may be over while its execution goes on (a timeout that is caught, a branch that
    was given up): Step Functions tells that of no token. So a waiter that is not known to
    be gone may be gone all the same.

    Attributes:
        runs: what is known of runs.
        record: a payload's record in cirrus's state table.
        most_asked: Step Functions is asked about so many runs at most that it does not list as
            running; None: about each.
        not_asked: how often one was not asked about for that.
    """

    runs: Runs
    record: Callable[[str], Record | None]
    most_asked: int | None = None
    not_asked: int = 0
    _asked: int = 0

    def run_of(self, row: Wait) -> Run | None:
        """The waiting run; None where it was not told, or cannot be asked for.

        Of a waiter that told its payload alone, it is the run that went on when the wait was
        registered: none where that is not listed.
        """
        try:
            if row.waiter_execution_arn:
                return self._find(row.waiter_execution_arn)
            record = self.record(row.waiter_payload_id) if row.waiter_payload_id else None
            return self._at_registration(row, record.executions if record is not None else ())
        except (ClientError, BotoCoreError, MalformedRecordError):
            return None  # nothing is known of it; the wait itself can be told all the same

    def _at_registration(self, row: Wait, executions: tuple[str, ...]) -> Run | None:
        registered = moment(row.registered_at)
        for arn in reversed(executions):
            run = self._find(arn)
            if run is None or run.started is None or run.started <= registered:
                is_it = run is not None and (run.stopped is None or run.stopped >= registered)
                return run if is_it else None
        return None

    def _find(self, execution_arn: str) -> Run | None:
        """A run; None for what is not an execution's ARN: the parent gives it."""
        if execution_link(execution_arn) is None:
            return None
        known = self.runs.known(execution_arn)
        if known is not None:
            return known
        if self.most_asked is not None and self._asked >= self.most_asked:
            self.not_asked += 1
            return None
        self._asked += 1
        return self.runs.find(execution_arn)


def is_gone(run: Run | None) -> bool:
    """True for a waiter whose run has ended: it takes no answer any more."""
    return run is not None and run.status is RunStatus.ENDED
