"""Heartbeats for open rows: they tell the waiters that the callback system lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.reconcile.circle import Circle
from cirrus_callbacks_plugin.reconcile.summary import Did
from cirrus_callbacks_plugin.waits.row import STALE, TaskWait, Wait, task_wait

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.aws.pacing import Pace
    from cirrus_callbacks_plugin.reconcile.places import Place
    from cirrus_callbacks_plugin.reconcile.repair import Repairer
    from cirrus_callbacks_plugin.waits.index import IndexEntry, WaitingIndex

ROWS_A_STEP = 100


@dataclass(slots=True, eq=False, repr=False)
class Heartbeats:
    """One walk over the index, which sends a heartbeat for every open row that it comes to.

    Whatever a row's age; a settled one is not waited for any more. A walk that has not the
    time for all goes on in the next pass where it stopped.

    Attributes:
        index: the open rows.
        repairer: whose table, client and counts are used.
        pace: how often a heartbeat is sent.
        place: where the last walk stopped.
        shard: where to begin if that is not known.
    """

    index: WaitingIndex
    repairer: Repairer
    pace: Pace
    place: Place
    shard: str

    def send(self) -> None:
        """Walk until every row had its heartbeat, or until time is out."""
        # What cannot be read is counted by the walk that repairs.
        circle = Circle(self.index, self.shard, self.place.entry, ROWS_A_STEP, lambda _: None)
        for step in circle.steps():
            if not self._beat(step):
                self.repairer.summary.is_complete = False
                self.place.write()
                return
        if circle.failures:
            self.repairer.summary.is_complete = False

    def _beat(self, step: list[IndexEntry]) -> bool:
        """Send a step's heartbeats; False where there was no time for all of them."""
        if self.repairer.seconds_left() <= 0:
            return False
        keys = [entry.key for entry in step]
        try:
            as_read = self.repairer.answerer.waits.read_rows(keys)
        except Exception as error:  # noqa: BLE001 - counted; the next pass reads them again
            self.repairer.failed(keys, error)
            self.place.move(step[-1])
            return True
        rows = [row for row in map(as_read.get, keys) if isinstance(row, Wait)]
        beating = [row for row in rows if not row.is_settled and not row.is_answered]
        waiting = [task for task in map(task_wait, beating) if task is not None]
        results = run_side_by_side(self._send, waiting)
        last = None
        has_stopped = False
        by_key = dict(zip((row.key for row in waiting), results, strict=True))
        for entry in step:
            result = by_key.get(entry.key)
            if isinstance(result, Exception):
                self.repairer.failed([entry.key], result)
            elif result is not None:
                for did in result:
                    self.repairer.summary.add(did)
            elif entry.key in by_key:
                has_stopped = True
                break
            last = entry
        if last is not None:
            self.place.move(last)
        return not has_stopped

    def _send(self, row: TaskWait) -> list[Did] | None:
        """Send a heartbeat, and learn whether the waiter lives; None: there was no time."""
        if self.repairer.seconds_left() <= 0:
            return None
        self.pace.wait()
        answerer = self.repairer.answerer
        if answerer.heartbeat(row):
            return [Did.HEARTBEAT]
        return [Did.STALE] if answerer.mark(row, STALE, None) else []
