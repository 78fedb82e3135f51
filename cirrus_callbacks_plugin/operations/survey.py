"""Open waits, oldest first, each with its payload's record and the run that decides it.

Made for hundreds as for 100,000: the index is walked page by page, rows and records are read
a hundred a call, running executions are listed and only the others described, as the
reconciler does, and with its paces. A walk that needs only the oldest rows ends with them, and
describes their runs where those are fewer than pages of a list. What is kept has a bound,
but for the names of what runs.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.pacing import Pace
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.cirrus.state_table import MalformedRecordError, StateKey
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.naming import MemberToken, workflow_of
from cirrus_callbacks_plugin.operations.console import execution_link
from cirrus_callbacks_plugin.operations.joins import read_join
from cirrus_callbacks_plugin.operations.overdue_joins import overdue
from cirrus_callbacks_plugin.operations.reasons import (
    Reason,
    members_pending,
    not_sent_yet,
    reason_of,
    waiter_gone,
)
from cirrus_callbacks_plugin.operations.waiters import Waiters, is_gone
from cirrus_callbacks_plugin.reconcile.case import case_of, may_still_come
from cirrus_callbacks_plugin.reconcile.judge import LEAVE, Case, Run, Verdict, judge, run_to_ask
from cirrus_callbacks_plugin.reconcile.runs import (
    DESCRIBES_PER_SECOND,
    LISTS_PER_SECOND,
    Runs,
)
from cirrus_callbacks_plugin.waits.index import IndexEntry, shards
from cirrus_callbacks_plugin.waits.malformed import Malformed, log_malformed
from cirrus_callbacks_plugin.waits.row import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.config import ReconcilerSettings
    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from cirrus_callbacks_plugin.operations.joins import JoinReport
    from cirrus_callbacks_plugin.operations.overdue_joins import OverdueJoin
    from cirrus_callbacks_plugin.waits.row import Key, Wait

ROWS_A_READ = 100  # BatchGetItem's limit
MOST_ROWS_A_STEP = 800
RECORD_READS_PER_SECOND = 10.0
"""Of a hundred records each: StateDB keeps a workflow in one partition, shared with cirrus."""
DESCRIBES_AT_ONCE = 50
"""A page's: Step Functions lets an account describe 250 at once before it counts by the second.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
LISTS_AT_ONCE = 10
MOST_RECORDS = 5_000
MOST_RUNS = 1_000
"""Described ones that are remembered."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which waits are wanted.

    Attributes:
        workflows: of the payload waited for; empty: all.
        waiter: part of the waiter's payload id or execution ARN.
        older_than: at least this old.
        since: registered at this time or later (as rows hold it).
        without_members: joins alone, and not their members' own waits.
    """

    workflows: frozenset[str] = frozenset()
    waiter: str | None = None
    older_than: timedelta | None = None
    since: str | None = None
    without_members: bool = False

    def admits_key(self, key: Key) -> bool:
        """False where the key alone says no."""
        if self.without_members and MemberToken.of(key.task_token) is not None:
            return False
        if not self.workflows or key.payload_id.startswith("sha256:"):
            return True
        return (workflow_of(key.payload_id) or "unknown") in self.workflows

    def admits(self, row: Wait) -> bool:
        """True for a row that is wanted."""
        if self.workflows and row.workflow not in self.workflows:
            return False
        names = (row.waiter_payload_id or "", row.waiter_execution_arn or "")
        return self.waiter is None or any(self.waiter in each for each in names)


@dataclass(frozen=True, slots=True)
class ExplainedWait:
    """An open row, and why it is open.

    Attributes:
        row: the row, read consistently.
        case: record and run; None for a row that is settled, and for a join's.
        verdict: what the reconciler would do with it once it is old enough.
        reason: why it still waits.
        waiter: the waiting run; None where nobody looked, or it is not known.
        overdue: of an open join, what it calls for now, but for the grace period.
    """

    row: Wait
    case: Case | None
    verdict: Verdict
    reason: Reason
    waiter: Run | None = None
    overdue: OverdueJoin | None = None

    @property
    def record(self) -> Record | None:
        """The payload's record; None where there is none, or none was needed."""
        return self.case.record if self.case is not None else None


def _pace(per_second: float, at_once: int = 1) -> Pace:
    return Pace(per_second, time.monotonic, time.sleep, at_once)


@dataclass(slots=True)
class Seen:
    """What a walk has seen of the index.

    Attributes:
        rows: entries so far.
        tasks: those of them that are not members of joins.
        ended: shards of which the last page was read.
    """

    rows: int = 0
    tasks: int = 0
    ended: set[str] = field(default_factory=set)

    @property
    def is_all(self) -> bool:
        """True once the counts are those of the whole index."""
        return self.ended.issuperset(shards())


@dataclass(frozen=True, slots=True)
class Total:
    """How many wait in all.

    Attributes:
        waits: the number.
        is_exact: False for DynamoDB's own count of the index, which is up to six hours old and
            counts joins' members, too.
    """

    waits: int
    is_exact: bool


@dataclass
class Survey:
    """One look at a deployment; what was learned of a run is not asked again.

    Attributes:
        deployment: where.
        settings: what its reconciler works by.
        progress: told how many more rows were looked at.
        with_waiters: find out whether the waiters still run.
        most_waiters: of so many at most that are not listed as running; None: of each.
        with_missing: say of a join which of its members have not arrived.
    """

    deployment: Deployment
    settings: ReconcilerSettings
    progress: Callable[[int], None] = lambda _: None
    pace: Callable[[float, int], Pace] = _pace
    with_waiters: bool = False
    most_waiters: int | None = None
    with_missing: bool = False
    _records: dict[StateKey, Record | None] = field(default_factory=dict)
    _seen: Seen | None = None

    def __post_init__(self) -> None:
        self.runs = Runs(
            self.deployment.client("stepfunctions"),
            self.pace(LISTS_PER_SECOND, LISTS_AT_ONCE),
            self.pace(DESCRIBES_PER_SECOND, DESCRIBES_AT_ONCE),
            most_described=MOST_RUNS,
        )
        self._record_pace = self.pace(RECORD_READS_PER_SECOND, 1)
        self.waiters = Waiters(self.runs, self.record, self.most_waiters)

    def rows(self, filters: Filters) -> Iterator[Wait]:
        """Open rows that are wanted, oldest first.

        Raises:
            ClientError, BotoCoreError: DynamoDB could not be asked.
        """
        listed = self._listed(filters)
        size = ROWS_A_READ
        while keys := list(islice(listed, size)):
            by_key = self._read(keys)
            for number, key in enumerate(keys, 1):
                row = by_key.get(key)
                if row is not None and not row.is_answered and filters.admits(row):
                    yield row
                if number % ROWS_A_READ == 0:
                    self.progress(ROWS_A_READ)
            self.progress(len(keys) % ROWS_A_READ)
            size = min(size * 2, MOST_ROWS_A_STEP)

    @property
    def seen(self) -> Seen:
        """The index, as far as the newest walk from its oldest entries on has seen it.

        Raises:
            ClientError, BotoCoreError: DynamoDB could not be asked.
        """
        if self._seen is None:
            next(self._listed(Filters()), None)
        return self._seen or Seen()

    def total(self) -> Total | None:
        """How many wait in all; None where nobody may tell.

        Counted by the walk where that came to the end of the index; else one call asks DynamoDB
        for its own count.
        """
        seen = self.seen
        if seen.is_all:
            return Total(seen.tasks, is_exact=True)
        try:
            about = self.deployment.queries.about_waiting()
        except (ClientError, BotoCoreError):
            return None  # the waits themselves can be told all the same
        return None if about is None else Total(max(about, seen.tasks), is_exact=False)

    def expect(self, rows: Sequence[Wait]) -> None:
        """Be told of the only rows that will be explained: a page's.

        Raises:
            ClientError, BotoCoreError: DynamoDB or Step Functions could not be asked.
        """
        self.records(name for row in rows for name in self._asked_about(row))
        self.runs.expect(run for row in rows for run in self._runs_of(row))

    def _runs_of(self, row: Wait) -> Iterator[str]:
        """The runs that explaining a row asks for first."""
        key = None if row.is_settled or row.is_join else StateKey.of(row.payload_id)
        run = None if key is None else run_to_ask(row, self._records.get(key))
        if run is not None:
            yield run
        waiter = row.waiter_execution_arn if self.with_waiters else None
        if waiter is not None and execution_link(waiter) is not None:
            yield waiter

    def explained(self, rows: Iterable[Wait]) -> Iterator[ExplainedWait]:
        """Each row with its reason, in the order given.

        A row whose payload's record cannot be read is left out, with a line in the log.

        Raises:
            ClientError, BotoCoreError: DynamoDB or Step Functions could not be asked.
        """
        left = iter(rows)
        size = ROWS_A_READ
        while batch := list(islice(left, size)):
            size = min(size * 2, MOST_ROWS_A_STEP)  # more waits of one payload, fewer reads
            self.records(name for row in batch for name in self._asked_about(row))
            for row in batch:
                try:
                    explained = self.explain(row)
                except MalformedRecordError as error:
                    log_malformed(Malformed(row.key, str(error)))
                    continue
                yield explained

    def _asked_about(self, row: Wait) -> Iterator[str]:
        """The payloads whose records are needed to explain a row."""
        if not (row.is_settled or row.is_join):
            yield row.payload_id
        if self.with_waiters and row.waiter_payload_id and not row.waiter_execution_arn:
            yield row.waiter_payload_id

    def explain(self, row: Wait) -> ExplainedWait:
        """Why a row is open; its record is read where it was not before, a join's members are.

        Raises:
            MalformedRecordError: its payload's record cannot be read.
            ClientError, BotoCoreError: DynamoDB or Step Functions could not be asked.
        """
        explained = self._explain_child(row)
        waiter = self.waiters.run_of(row) if self.with_waiters else None
        if waiter is None:
            return explained
        reason = explained.reason
        if is_gone(waiter):
            reason = waiter_gone(reason, waiter, self.deployment.clock())
        return replace(explained, reason=reason, waiter=waiter)

    def _explain_child(self, row: Wait) -> ExplainedWait:
        now = self.deployment.clock()
        if row.is_settled or row.is_join:
            reason = reason_of(row, None, Verdict(), now)
            join = None if row.is_settled else self._join(row.payload_id)
            due = None if join is None else overdue(join.status, self.settings, now)
            if join is not None:
                reason = members_pending(reason, join.status, due)
            return ExplainedWait(row, None, Verdict(), reason, overdue=due)
        case = case_of(
            row,
            self.record(row.payload_id),
            self.runs,
            now=now,
            redelivery=self.settings.redelivery,
            payloads_url=self.settings.payloads_url,
        )
        verdict = judge(case)
        reason = reason_of(row, case, verdict, now)
        joins = JoinsTable(self.deployment.waits)
        if verdict.outcome is not None and may_still_come(row, verdict.outcome, joins.was_sent):
            verdict, reason = LEAVE, not_sent_yet(reason)
        return ExplainedWait(row, case, verdict, reason)

    def _join(self, join_id: str) -> JoinReport | None:
        return read_join(self.deployment.waits, join_id, with_missing=self.with_missing)

    def record(self, payload_id: str) -> Record | None:
        """A payload's record."""
        key = StateKey.of(payload_id)
        if key is None:
            return None
        if key not in self._records:
            self._keep({key: self.deployment.states.get(key)})
        return self._records[key]

    def records(self, payload_ids: Iterable[str]) -> dict[str, Record | None]:
        """The records of payloads, by their ids; None where there is none that can be read.

        Those that were not read yet are read now, a hundred a call.

        Raises:
            ClientError, BotoCoreError: DynamoDB could not be asked.
        """
        keys = {payload_id: StateKey.of(payload_id) for payload_id in payload_ids}
        known = self._read_records({key for key in keys.values() if key is not None})
        return {
            payload_id: known.get(key) if key is not None else None
            for payload_id, key in keys.items()
        }

    def _read_records(self, keys: set[StateKey]) -> dict[StateKey, Record | None]:
        known = {key: self._records[key] for key in keys if key in self._records}
        missing = keys - known.keys()
        if not missing:
            return known
        malformed: set[StateKey] = set()  # `record` asks for these once more, and says so
        records = self.deployment.states.read(
            missing,
            before_call=self._record_pace.wait,
            on_malformed=lambda key, _: malformed.add(key),
        )
        self._keep({key: records.get(key) for key in missing - malformed})
        return {**known, **records}

    def _keep(self, records: Mapping[StateKey, Record | None]) -> None:
        self._records.update(records)
        oldest = list(islice(self._records, max(len(self._records) - MOST_RECORDS, 0)))
        for key in oldest:
            del self._records[key]

    def _listed(self, filters: Filters) -> Iterator[Key]:
        before = None
        seen = Seen()
        if filters.since is None:
            self._seen = seen
        if filters.older_than is not None:
            before = timestamp(self.deployment.clock() - filters.older_than)
        merged = heapq.merge(
            *(self._shard(shard, filters.since, seen) for shard in shards()),
            key=lambda entry: entry.registered_at,
        )
        for entry in merged:
            if before is not None and entry.registered_at > before:
                return
            if filters.admits_key(entry.key):
                yield entry.key

    def _shard(self, shard: str, since: str | None, seen: Seen) -> Iterator[IndexEntry]:
        def on_last() -> None:
            seen.ended.add(shard)

        for page in self.deployment.queries.waiting_since(shard, since=since, on_last=on_last):
            seen.rows += len(page)
            seen.tasks += sum(not entry.key.is_member for entry in page)
            yield from page

    def _read(self, keys: Sequence[Key]) -> dict[Key, Wait]:
        parts = [keys[start : start + ROWS_A_READ] for start in range(0, len(keys), ROWS_A_READ)]
        rows: dict[Key, Wait] = {}
        for result in run_side_by_side(self.deployment.waits.read, parts):
            if isinstance(result, Exception):
                raise result
            rows.update(result)
        return rows
