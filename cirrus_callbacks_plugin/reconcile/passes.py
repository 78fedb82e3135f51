"""One pass over the open rows: repairs, and heartbeats beside them, within quotas and in time."""

from __future__ import annotations

import logging
from collections.abc import Callable  # noqa: TC003 - fields' types
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.errors import place_of
from cirrus_callbacks_plugin.joins.service import Joins  # noqa: TC001 - a field's type
from cirrus_callbacks_plugin.reconcile.cycle_breaker import CycleBreaker
from cirrus_callbacks_plugin.reconcile.heartbeats import Heartbeats
from cirrus_callbacks_plugin.reconcile.places import Place
from cirrus_callbacks_plugin.reconcile.records import Records
from cirrus_callbacks_plugin.reconcile.repair import Repairer
from cirrus_callbacks_plugin.reconcile.summary import Did, Summary
from cirrus_callbacks_plugin.reconcile.walk import RepairWalk
from cirrus_callbacks_plugin.waits.index import IndexEntry, WaitingIndex, oldest_task, shards

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.aws.pacing import Pace
    from cirrus_callbacks_plugin.config import ReconcilerSettings
    from cirrus_callbacks_plugin.reconcile.runs import Runs

logger = logging.getLogger(__name__)

LISTS_SHARE = 0.8
"""Of a pass's time, at most, in which running executions are listed: rows are to be reached."""

COUNTING_SECONDS = 10.0
"""Beyond a pass's time, at most, for counting what the walk did not come to."""


@dataclass(slots=True, eq=False, repr=False)
class Paces:
    """How often the pass calls what it shares with others.

    Attributes:
        records: reads of the state table, a hundred records each.
        answers: SendTaskSuccess and SendTaskFailure.
        heartbeats: SendTaskHeartbeat; may be the same pace.
    """

    records: Pace
    answers: Pace
    heartbeats: Pace


@dataclass(slots=True, eq=False, repr=False)
class Pass:
    """One walk over the ``waiting`` index.

    Attributes:
        joins: answers and tells, as the sender does; its table is the one walked.
        runs: what Step Functions knows of runs.
        paces, settings: what bounds the pass.
        clock: the current time, aware.
        seconds_left: of the pass; it ends once none are.
        number: which pass this is: it begins at another shard each time, unless a pass before
            it left a place to go on from.
        summary: what it did so far.
    """

    joins: Joins
    runs: Runs
    paces: Paces
    settings: ReconcilerSettings
    clock: Callable[[], datetime]
    seconds_left: Callable[[], float]
    number: int = 0
    summary: Summary = field(default_factory=Summary)

    def run(self) -> Summary:
        """Walk over all rows, or until time is out; one row's error stops no other row.

        Heartbeats have a walk of their own, side by side with the repairs: neither waits for
        the other, and repairs never for a heartbeat's turn.
        """
        waits = self.joins.answerer.waits
        index = WaitingIndex(waits.client, waits.name)
        places = self._places(index)
        total = self.seconds_left()
        self.runs.may_list = lambda: self.seconds_left() > total * (1 - LISTS_SHARE)
        shard = shards()[self.number % len(shards())]
        repairer = Repairer(
            joins=self.joins,
            records=Records(self.joins.states, self.paces.records),
            runs=self.runs,
            answer_pace=self.paces.answers,
            settings=self.settings,
            clock=self.clock,
            seconds_left=self.seconds_left,
            summary=self.summary,
        )

        def place(name: str) -> Place:
            return Place(index, name, places.get(name), self.seconds_left)

        walk = RepairWalk(
            index=index,
            repairer=repairer,
            descriptions=place("descriptions"),
            rows=place("rows"),
            shard=shard,
        )
        walks: list[Callable[[], None]] = [walk.run]
        if self.settings.heartbeat:
            beats = Heartbeats(
                index=index,
                repairer=repairer,
                pace=self.paces.heartbeats,
                place=place("heartbeats"),
                shard=shard,
            )
            walks.append(beats.send)
        for result in run_side_by_side(lambda each: each(), walks):
            if isinstance(result, Exception):
                self._walk_failed(result)
        self._break_cycles(repairer)
        self.summary.refused_descriptions = self.runs.refused
        self.summary.open_waits = walk.open_waits
        self._tell_oldest(walk.oldest)
        if not walk.is_whole:
            self._count(index)
        return self.summary

    def _break_cycles(self, repairer: Repairer) -> None:
        breaker = CycleBreaker(repairer, self.number, is_complete=self.summary.is_complete)
        try:
            breaker.run()
        except Exception as error:  # noqa: BLE001 - counted and told
            self._walk_failed(error)

    def _places(self, index: WaitingIndex) -> dict[str, IndexEntry]:
        try:
            return index.places()
        except Exception as error:  # noqa: BLE001 - any entry is a right one to begin with
            logger.warning("Where the last pass stopped is not known (%s)", error_code(error))
            return {}

    def _walk_failed(self, error: Exception) -> None:
        """Not what a row met: those errors were counted with their rows."""
        self.summary.add(Did.FAILED)
        self.summary.is_complete = False
        logger.error(
            "A part of the pass failed (%s at %s): the next pass goes on",
            error_code(error),
            place_of(error),
        )

    def _count(self, index: WaitingIndex) -> None:
        """Count all tasks that wait, and find the oldest, where the walk did not come to all."""
        total = 0
        try:
            for shard in shards():
                for page in index.pages(shard):
                    oldest = oldest_task(page)
                    self._tell_oldest(oldest)
                    if oldest is not None or self.seconds_left() < -COUNTING_SECONDS:
                        break
                for count in index.counts(shard):
                    total += count
                    if self.seconds_left() < -COUNTING_SECONDS:
                        break
        except Exception as error:  # noqa: BLE001 - then it is told that there are at least so many
            logger.warning("The open waits cannot be counted (%s)", error_code(error))
        self.summary.open_waits = max(self.summary.open_waits, total)

    def _tell_oldest(self, registered: datetime | None) -> None:
        if registered is not None:
            age = (self.clock() - registered).total_seconds()
            self.summary.oldest_open_seconds = max(self.summary.oldest_open_seconds, age)
