"""Cycles of waits, found by a pass: looked at again, counted, and told to the youngest wait.

What the walk has seen of rows, records and runs is as old as the pass. Before a cycle counts,
each of its waits is looked at once more: the row is open, the payload's last listed run is
the one that the next wait belongs to, and that run is RUNNING. None of this comes back once
it has ended, so what held both times held all the while, and all of it at once.

A cycle says that these waits wait for one another's current runs, no more: a run with another
branch or a timeout might end by itself. So it is told only where that is switched on.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.errors import place_of
from cirrus_callbacks_plugin.joins.rows import Join
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.error_names import DEPENDENCY_CYCLE
from cirrus_callbacks_plugin.protocol.rules import cut
from cirrus_callbacks_plugin.protocol.wait_log import log_repaired, log_wait
from cirrus_callbacks_plugin.reconcile.judge import RunStatus
from cirrus_callbacks_plugin.reconcile.repair import Repairer  # noqa: TC001 - a field's type
from cirrus_callbacks_plugin.reconcile.summary import Did
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cirrus_callbacks_plugin.reconcile.cycles import LooseEnd, RunningWaits
    from cirrus_callbacks_plugin.waits.row import Wait

logger = logging.getLogger(__name__)

MOST_QUERIES = 100
"""Queries for waits that the pass did not come to: a cycle may lead through them."""

FOLLOWED_AT_ONCE = 10
"""Loose ends whose payloads' records are read in one call."""

SECONDS = 5.0
"""Beyond a pass's time, at most."""


@dataclass(slots=True, eq=False, repr=False)
class CycleBreaker:
    """Looks for cycles among the waits that a pass came to.

    Attributes:
        repairer: what the pass asks and counts with; knows the waits for runs that go on.
        number: which pass this is: of many loose ends it begins with others each time.
        is_complete: the pass came to every wait: nothing has to be read besides.
    """

    repairer: Repairer
    number: int
    is_complete: bool
    _ends: float = field(init=False)

    def __post_init__(self) -> None:
        """Some seconds are left for it, also where the walk took all of the pass's time."""
        self._ends = min(self.repairer.seconds_left(), 0.0) - SECONDS

    @property
    def _running(self) -> RunningWaits:
        return self.repairer.running

    def run(self) -> None:
        """Count the cycles, and tell each one's youngest wait if that is switched on."""
        if not self.is_complete:
            self._follow(self._running.loose_ends())
        groups = deque(self._running.cycles())
        while groups and self._has_time():
            group = groups.popleft()
            waiter, child = self._look_at(self._running.way_round(group))
            self._running.drop(waiter, child)
            groups.extend(self._running.cycles_among(group))

    def _has_time(self) -> bool:
        return self.repairer.seconds_left() > self._ends

    def _follow(self, ends: Sequence[LooseEnd]) -> None:
        """Read who waits for those of whom that is not known, and who waits for these.

        One query of a payload's partition each. Where there are more loose ends than queries,
        another pass begins with others.
        """
        start = self.number * MOST_QUERIES % len(ends) if len(ends) > MOST_QUERIES else 0
        left = self._running.likely_first([*ends[start:], *ends[:start]])
        seen: set[LooseEnd] = set()
        queries = MOST_QUERIES
        while left and queries > 0 and self._has_time():
            most = min(queries, FOLLOWED_AT_ONCE)
            taken, left = left[:most], left[most:]
            queries -= len(taken)
            seen.update(taken)
            above = [end for end in dict.fromkeys(self._above(taken)) if end not in seen]
            if above:  # a chain is followed to its top before another one is begun
                left = self._running.likely_first([*above, *left])

    def _above(self, ends: Iterable[LooseEnd]) -> Iterator[LooseEnd]:
        """Note the waits for some waiters; yields those who wait, if they are loose ends."""
        waits: dict[str, list[Wait]] = {}
        for end in ends:
            try:
                payload_id = end.payload_id or self._payload_of(end.run)
                if payload_id is not None and payload_id not in waits:
                    waits[payload_id] = self._old_rows(payload_id)
            except Exception as error:  # noqa: BLE001 - the next pass tries again
                _not_read(error)
        records = self.repairer.records.of(payload for payload, rows in waits.items() if rows)
        for payload_id, record in records.items():
            run = None if record is None or isinstance(record, Exception) else record.last_execution
            if run is None or not self._goes_on(run):
                continue
            for row in waits[payload_id]:
                above = self._running.add(row, run)
                if above is not None:
                    yield above

    def _payload_of(self, run: str | None) -> str | None:
        return None if run is None else self.repairer.runs.describe_again(run).payload_id

    def _old_rows(self, payload_id: str) -> list[Wait]:
        """The first page of open rows for a payload that are past their grace period."""
        page = next(self.repairer.answerer.waits.open_rows(payload_id), [])
        return [row for row in page if self._is_old(row)]

    def _is_old(self, row: Wait) -> bool:
        age = self.repairer.clock() - moment(row.registered_at)
        return age >= self.repairer.settings.grace

    def _goes_on(self, run: str) -> bool:
        known = self.repairer.runs.known(run)
        return known is not None and known.status is RunStatus.RUNNING

    def _look_at(self, way: tuple[str, ...]) -> tuple[str, str]:
        """Count a cycle that is there, and tell it.

        Returns:
            The wait that ends the cycle once it is answered, by its two runs: the one that was told
            (or would be), or one that is not there.
        """
        pairs = list(zip(way, (*way[1:], way[0]), strict=True))
        rows: list[tuple[Wait, tuple[str, str]]] = []
        for pair in pairs:
            try:
                row = self._wait_now(*pair)
            except Exception as error:  # noqa: BLE001 - the next pass tries again
                _not_read(error)
                return pair
            if row is None:
                return pair
            rows.append((row, pair))
        row, pair = max(rows, key=lambda each: each[0].age_order)
        names = [self._running.payload_of(run) for run in (*way, way[0])]
        self.repairer.summary.cycles += 1
        log_wait(row, wait_log.IN_CYCLE, level=logging.WARNING, cycle=names)
        if self.repairer.settings.cycles:
            self._tell(row, pair[1], names)
        return pair

    def _wait_now(self, waiter: str, child: str) -> Wait | None:
        """The youngest open wait of a run for another, if all that makes it one is there now."""
        repairer = self.repairer
        payload_id = self._running.payload_of(child)
        record = repairer.records.read_now([payload_id])[payload_id]
        if isinstance(record, Exception):
            raise record
        if record is None or record.last_execution != child:
            return None
        run = repairer.runs.describe_again(child)
        open_waits = [
            row
            for page in repairer.answerer.waits.open_rows(payload_id)
            for row in page
            if self._running.is_of(row, waiter) and self._is_old(row) and run.is_of(row)
        ]
        if run.status is not RunStatus.RUNNING or not open_waits:
            return None
        row = max(open_waits, key=lambda each: each.age_order)
        return row if row.member is None or self._is_joining(row) else None

    def _is_joining(self, row: Wait) -> bool:
        """True where a member's join is still to be decided."""
        join_id = row.member.join_id if row.member is not None else ""
        join = self.repairer.joins.table.joins([join_id]).get(join_id)
        return isinstance(join, Join) and not join.is_closed

    def _tell(self, row: Wait, run: str, names: Sequence[str]) -> None:
        outcome = Outcome(
            workflow_state=None,
            execution_arn=run,
            error=cut(
                f"the waits of a cycle wait for one another's runs: {' waits for '.join(names)}; "
                "this one is the youngest of them",
            ),
            answer_error=DEPENDENCY_CYCLE,
        )
        try:
            if not self.repairer.answerer.waits.settle(row.key, outcome):
                return
        except Exception as error:  # noqa: BLE001 - counted; the next pass tries again
            self.repairer.failed([row], error)
            return
        self.repairer.summary.add(Did.CYCLE_TOLD)
        log_repaired(row, outcome, level=logging.WARNING)


def _not_read(error: Exception) -> None:
    logger.warning(
        "A cycle of waits could not be looked at (%s at %s): the next pass tries again",
        error_code(error),
        place_of(error),
    )
