"""The walk that repairs: which rows a pass comes to, and which of them it asks Step Functions for.

Most rows cost no call of their own: their run is listed as running, they have none, or they
are settled and only to be answered. The others' runs have to be described, a few a second, and
may be described in vain in pass after pass: a run that never came to be (until the redelivery
time), one that is to start again. So there are two places from which a pass goes on:

- *descriptions*: every row behind it has still to be described. A pass begins there, and takes
  in as many runs as it can describe in half of its time.
- *rows*: with those taken in, the walk goes on from here, and sees to all rows but those whose
  run has to be described. If it comes round, what time is left is for further descriptions.

So a row whose run is known is reached within as many passes as the walk needs to come round,
and another one within as many as the descriptions need, whatever the others are; and one more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - a field's type
from enum import Enum
from itertools import zip_longest
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.batch_reads import MAX_KEYS
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.cirrus.state_table import FINAL_STATES
from cirrus_callbacks_plugin.joins.rows import Join, wait_of
from cirrus_callbacks_plugin.reconcile.circle import Circle
from cirrus_callbacks_plugin.reconcile.judge import run_to_ask
from cirrus_callbacks_plugin.reconcile.repair import PayloadRows, Repairer
from cirrus_callbacks_plugin.reconcile.runs import DESCRIBES_PER_SECOND
from cirrus_callbacks_plugin.reconcile.summary import Did
from cirrus_callbacks_plugin.waits.index import oldest_task
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import Wait, moment, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.joins.telling import JoinsById
    from cirrus_callbacks_plugin.naming import MemberToken
    from cirrus_callbacks_plugin.reconcile.places import Place
    from cirrus_callbacks_plugin.waits.index import IndexEntry, WaitingIndex

ROWS_A_STEP = 500
PAYLOADS_A_STEP = 10
"""Payloads whose runs are described before their rows are repaired: two seconds."""

SECONDS_A_STEP = 5.0
"""What a step takes at most: five paced reads of records, and as many answers as it has rows."""

KEPT_FOR_DESCRIPTIONS = 0.5
"""Of a pass's time, at most, where the walk found runs that have to be described."""


class End(Enum):
    """Why a walk ended."""

    ROUND = "it came round"
    FULL = "no more runs are taken in, and there is a place to go on from"
    TIME = "time is out"


@dataclass(slots=True)
class _Due:
    """Rows of a step by what there is to do.

    Attributes:
        settled: to be answered.
        members: to be told to their joins, or given up with them.
        joins: open ones, to be looked after.
        waiting: to be judged, each with the entry before it.
    """

    settled: list[Wait | Join] = field(default_factory=list)
    members: list[Wait] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    waiting: list[tuple[Wait, IndexEntry | None]] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class RepairWalk:
    """One pass's walk.

    Attributes:
        index: the open rows.
        repairer: repairs what the walk comes to.
        descriptions, rows: the two places.
        shard: where to begin if they are not known.
    """

    index: WaitingIndex
    repairer: Repairer
    descriptions: Place
    rows: Place
    shard: str
    is_whole: bool = False
    open_waits: int = 0
    oldest: datetime | None = None
    _likely: dict[str, PayloadRows] = field(default_factory=dict)
    _unlikely: dict[str, PayloadRows] = field(default_factory=dict)
    _most: int = 1
    _kept: float = 0.0
    _last: IndexEntry | None = None
    _is_second_round: bool = False
    _is_putting_off: bool = False
    _put_off_behind: IndexEntry | None = None

    def run(self) -> None:
        """Walk until all rows were seen to, or until time is out."""
        began, ahead = self.descriptions.entry, self.rows.entry
        self._begin_at(began, KEPT_FOR_DESCRIPTIONS)
        circle = self._circle(began)
        end = self._walk(circle, ahead)
        self.is_whole = end is End.ROUND
        self.open_waits = circle.tasks
        self.repairer.summary.add(Did.FAILED, circle.failures)
        if end is End.FULL:
            self._last = ahead
            if self._walk(self._circle(ahead, until=began), None) is End.ROUND:
                self._last = self._put_off_behind  # round: what comes next was put off here
        seen_to = self._last
        while self._describe() and self._is_putting_off:
            # All others were seen to: what time is left is for what was put off.
            place = self._put_off_behind
            self._is_second_round = True
            self._begin_at(place, 1.0)
            self._walk(self._circle(place, until=began), None)
        self._move_places()
        self.rows.move(seen_to)
        if circle.failures:
            self.repairer.summary.is_complete = False
        if self._kept_groups() or self._is_putting_off or not self.is_whole:
            self.repairer.summary.is_complete = False
            self.descriptions.write()
            self.rows.write()

    def _begin_at(self, place: IndexEntry | None, share: float) -> None:
        """Take in runs from here on, as many as a share of the time that is left suffices for."""
        self._kept = self.repairer.seconds_left() * share
        self._most = max(int(self._kept * DESCRIBES_PER_SECOND), 1)
        self._last = place
        self._is_putting_off = False
        self._put_off_behind = None

    def _circle(self, after: IndexEntry | None, until: IndexEntry | None = None) -> Circle:
        return Circle(
            self.index,
            self.shard,
            after,
            ROWS_A_STEP,
            self.repairer.malformed,
            until=until,
        )

    def _walk(self, circle: Circle, ahead: IndexEntry | None) -> End:
        """Look at rows.

        Args:
            circle: which rows.
            ahead: end where no more runs are taken in, if the walk has not passed this place.
        """
        is_first = True
        for step in circle.steps():
            if self.repairer.seconds_left() <= self._seconds_kept() and not self._describe():
                return End.TIME
            if not self._look_at(step) and not is_first:
                return End.TIME  # what was put off comes first in the next pass
            self._last = step[-1]
            if is_first:  # however slow the rest is: no pass ends without having gone on
                self._describe_some()
            is_first = False
            self._move_places()
            if ahead is not None and _has_passed(step[-1], ahead):
                ahead = None
            if self._is_putting_off and (self._is_second_round or ahead is not None):
                return End.FULL
        return End.ROUND

    def _seconds_kept(self) -> float:
        """Of the pass, for descriptions and for the step before them."""
        groups = len(self._kept_groups())
        return min(groups / DESCRIBES_PER_SECOND + SECONDS_A_STEP, self._kept) if groups else 0.0

    def _kept_groups(self) -> list[PayloadRows]:
        """The rows whose runs are to be described, each kind in turn."""
        pairs = zip_longest(self._likely.values(), self._unlikely.values())
        return [group for pair in pairs for group in pair if group is not None]

    def _look_at(self, step: Sequence[IndexEntry]) -> bool:
        """Repair a step's rows, but those whose run has to be described: these are kept.

        False where time ran out before all were seen to.
        """
        self._note_oldest(step)
        due = self._due(self._old_enough(step))
        is_done = self.repairer.answer(due.settled)
        is_done = self.repairer.tell(due.members) and is_done
        is_done = self.repairer.look_after(due.joins) and is_done
        records = self.repairer.records.of(row.payload_id for row, _ in due.waiting)
        clear: dict[str, PayloadRows] = {}
        is_known: dict[str | None, bool] = {None: True}
        for row, before in due.waiting:
            record = records[row.payload_id]
            if isinstance(record, Exception):
                self.repairer.failed([row], record)
                continue
            asked = run_to_ask(row, record)
            if asked not in is_known:
                is_known[asked] = asked is None or self.repairer.runs.known(asked) is not None
            if is_known[asked]:
                _add(clear, row, record, before)
            else:
                self._keep(row, record, before)
        return not self.repairer.repair(clear.values()) and is_done

    def _due(self, entries: Sequence[tuple[IndexEntry, IndexEntry | None]]) -> _Due:
        """What there is to do with some entries' rows, as these are now."""
        rows, joins = self._read([entry for entry, _ in entries])
        now = self.repairer.clock()
        due = _Due()
        for entry, before in entries:
            row = rows.get(entry)
            if row is None:
                continue
            wait = wait_of(row)
            if isinstance(row, Join) and not row.is_closed:
                due.joins.append(row)  # its deadline knows no grace period
            elif now - moment(wait.settled_at or wait.registered_at) < self.repairer.settings.grace:
                continue
            elif wait.member is not None and (wait.is_settled or _is_over(wait.member, joins)):
                due.members.append(wait)
            elif wait.is_settled:
                due.settled.append(row)
            else:
                due.waiting.append((wait, before))
        return due

    def _note_oldest(self, step: Sequence[IndexEntry]) -> None:
        registered = oldest_task(step)
        if registered is not None and (self.oldest is None or registered < self.oldest):
            self.oldest = registered

    def _old_enough(
        self,
        step: Sequence[IndexEntry],
    ) -> list[tuple[IndexEntry, IndexEntry | None]]:
        """The entries of rows past their grace period, each with the entry before it.

        And of every join: it may have a deadline.
        """
        youngest = timestamp(self.repairer.clock() - self.repairer.settings.grace)
        old_enough: list[tuple[IndexEntry, IndexEntry | None]] = []
        before = self._last
        for entry in step:
            is_old = entry.registered_at <= youngest or entry.registered() is None
            if is_old or entry.key.is_join:
                old_enough.append((entry, before))
            before = entry
        return old_enough

    def _read(
        self,
        entries: Sequence[IndexEntry],
    ) -> tuple[dict[IndexEntry, Wait | Join], JoinsById]:
        """The open rows among some entries, and their joins; what cannot be read is counted."""
        parts = [entries[start : start + MAX_KEYS] for start in range(0, len(entries), MAX_KEYS)]
        results = run_side_by_side(
            lambda part: self.repairer.joins.read([entry.key for entry in part]),
            parts,
        )
        rows: dict[IndexEntry, Wait | Join] = {}
        joins: JoinsById = {}
        for part, result in zip(parts, results, strict=True):
            if isinstance(result, Exception):
                self.repairer.failed([entry.key for entry in part], result)
                continue
            joins |= result.joins
            for entry in part:
                row = result.rows.get(entry.key)
                if isinstance(row, Malformed):
                    self.repairer.malformed(row)
                elif isinstance(row, (Wait, Join)) and not wait_of(row).is_answered:
                    rows[entry] = row
        return rows, joins

    def _keep(self, row: Wait, record: Record | None, before: IndexEntry | None) -> None:
        """Keep a row for the descriptions, where there is time for one more payload."""
        is_unlikely = self._can_wait(row, record)
        kept = self._unlikely if is_unlikely else self._likely
        is_full = len(kept) >= self._most or (self._is_putting_off and not is_unlikely)
        if row.payload_id in kept or not is_full:
            _add(kept, row, record, before)
            return
        self.repairer.summary.is_complete = False
        if not is_unlikely and not self._is_putting_off:
            self._is_putting_off = True
            self._put_off_behind = before

    def _can_wait(self, row: Wait, record: Record | None) -> bool:
        """True where a description could, for now, tell of nothing but an old run.

        Such rows take no place from those whose run's end may have been lost, and wait for
        their own until the queue delivers their message no more.
        """
        old_run = (
            record is not None
            and row.seen_state in FINAL_STATES
            and record.last_execution == row.seen_execution
        )
        age = self.repairer.clock() - moment(row.registered_at)
        return old_run and age < self.repairer.settings.redelivery

    def _describe(self) -> bool:
        """Repair the rows that were kept; False where time is out."""
        while self._kept_groups() and self._describe_some():
            pass
        return self.repairer.seconds_left() > 0

    def _describe_some(self) -> bool:
        """Repair some of the rows that were kept; False where time ran out."""
        groups = self._kept_groups()[:PAYLOADS_A_STEP]
        put_off = self.repairer.repair(groups)
        for group in groups:
            if not any(group is each for each in put_off):
                for kept in (self._likely, self._unlikely):
                    if kept.get(group.payload_id) is group:
                        del kept[group.payload_id]
        self._move_places()
        return not put_off

    def _move_places(self) -> None:
        """Say how far the pass has come; the first row that is kept is still to be described."""
        if not self._is_second_round:
            self.rows.move(self._last)
        first = next(iter(self._likely.values()), None)
        if first is not None:
            self.descriptions.move(first.before)
        else:
            self.descriptions.move(self._put_off_behind if self._is_putting_off else self._last)


def _is_over(member: MemberToken, joins: JoinsById) -> bool:
    join = joins.get(member.join_id)
    return join is None or (isinstance(join, Join) and join.wait.is_answered)


def _add(
    groups: dict[str, PayloadRows],
    row: Wait,
    record: Record | None,
    before: IndexEntry | None,
) -> None:
    group = groups.get(row.payload_id)
    if group is None:
        group = groups[row.payload_id] = PayloadRows(row.payload_id, record, before)
    group.rows.append(row)


def _has_passed(entry: IndexEntry, place: IndexEntry) -> bool:
    return entry.shard == place.shard and entry.registered_at >= place.registered_at
