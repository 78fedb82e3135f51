"""Planted defects of cycles: each leaves out one of the guards that docs/protocol.md names."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from cirrus_callbacks_plugin.reconcile.cycle_breaker import CycleBreaker
from cirrus_callbacks_plugin.reconcile.cycles import RunningWaits
from cirrus_callbacks_plugin.reconcile.repair import PayloadRows, Repairer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def cycle_of_runs_that_ended() -> AbstractContextManager[Any]:
    """Whether a child's run goes on is not asked: who waits for it waits."""
    judged = Repairer._judged

    def careless(self: Repairer, group: PayloadRows) -> Any:
        found = judged(self, group)
        for row in group.rows:
            self._note_running(row, group.record)
        return found

    def hasty(self: CycleBreaker, waiter: str, child: str) -> Any:
        waits = self.repairer.answerer.waits
        pages = waits.open_rows(self._running.payload_of(child))
        rows = (row for page in pages for row in page)
        return next((row for row in rows if self._running.is_of(row, waiter)), None)

    stack = ExitStack()
    stack.enter_context(mock.patch.object(Repairer, "_judged", careless))
    stack.enter_context(mock.patch.object(CycleBreaker, "_wait_now", hasty))
    return stack


def cycle_of_payloads_not_of_runs() -> AbstractContextManager[Any]:
    """A wait counts as one of its payload's last run, whichever run waits."""
    add, is_of = RunningWaits.add, RunningWaits.is_of

    def payload_of(row: Any) -> Any:
        name = (row.waiter_execution_arn or "").rpartition("-")[2]
        told = row.waiter_payload_id or row.payload_id[:-1] + name
        return replace(row, waiter_execution_arn=None, waiter_payload_id=told)

    def careless_add(self: RunningWaits, row: Any, run: str) -> Any:
        return add(self, payload_of(row), run)

    def careless_is_of(self: RunningWaits, row: Any, run: str) -> bool:
        return is_of(self, payload_of(row), run)

    return mock.patch.multiple(RunningWaits, add=careless_add, is_of=careless_is_of)


CYCLE_DEFECTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    each.__name__: each for each in (cycle_of_runs_that_ended, cycle_of_payloads_not_of_runs)
}
