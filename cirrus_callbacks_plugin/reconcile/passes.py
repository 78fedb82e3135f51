"""One pass over the open rows: shard by shard, oldest first, within quotas and in time.

Each shard has its share of the time, and another shard is first each time, so that no
row starves behind thousands of long-running children. Rows whose run is listed as running
cost no call of their own and are looked at in every pass; those whose run has to be
described take turns (:mod:`reconcile.turns`) where a pass has not the time for all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence  # noqa: TC003 - fields' types
from dataclasses import dataclass, field
from datetime import datetime, timedelta  # noqa: TC003 - fields' types
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.cirrus.state_table import FINAL_STATES, Record, StateKey, StateTable
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.answer import Answerer, answer_of
from cirrus_callbacks_plugin.protocol.error_names import NEVER_STARTED
from cirrus_callbacks_plugin.protocol.wait_log import log_step, log_wait
from cirrus_callbacks_plugin.reconcile.case import case_of, unchanged
from cirrus_callbacks_plugin.reconcile.judge import (
    Verdict,
    judge,
    run_to_ask,
)
from cirrus_callbacks_plugin.reconcile.summary import Summary
from cirrus_callbacks_plugin.reconcile.turns import alternately, in_turn
from cirrus_callbacks_plugin.waits.row import STALE, Key, Wait, moment
from cirrus_callbacks_plugin.waits.table import shards

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.aws.pacing import Pace
    from cirrus_callbacks_plugin.reconcile.runs import Runs

logger = logging.getLogger(__name__)

ROWS_A_STEP = 100  # BatchGetItem's limit

KEPT_FOR_DESCRIPTIONS = 0.25
"""Of a shard's time, where its walk found runs that have to be described."""

Done = tuple[str, ...]
"""What was done to a row: names of the summary's counters, or ``put_off``."""

Found = tuple[Wait, "Record | None"]
"""A row and its payload's record, as they were read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a pass.

    Attributes:
        grace: rows younger than that are not repaired.
        redelivery: after that the queue delivers a message no more.
        heartbeat: send a heartbeat for every open row.
        clock: the current time, aware.
        seconds_left: of the pass; it ends once none are.
        payloads_url: where cirrus 2 keeps payloads; None where that is not told.
    """

    grace: timedelta
    redelivery: timedelta
    heartbeat: bool
    clock: Callable[[], datetime]
    seconds_left: Callable[[], float]
    payloads_url: str | None = None


@dataclass(frozen=True, slots=True)
class Paces:
    """How often the pass calls what it shares with others.

    Attributes:
        records: reads of the state table, a hundred records each.
        answers: SendTask* calls, heartbeats included.
    """

    records: Pace
    answers: Pace


@dataclass(slots=True)
class Pass:
    """One walk over the ``waiting`` index.

    Attributes:
        answerer: sends and marks, as the sender does; its table is the one walked.
        states: cirrus's state table.
        runs: what Step Functions knows of runs.
        paces, limits: what bounds the pass.
        number: which pass this is, one more than the last one's: where it starts, and whose
            turn it is to be described, follow from it.
        summary: what it did so far.
    """

    answerer: Answerer
    states: StateTable
    runs: Runs
    paces: Paces
    limits: Limits
    number: int = 0
    summary: Summary = field(default_factory=Summary)

    def run(self) -> Summary:
        """Walk every shard, or until time is out; one row's error stops no other row."""
        order = shards()
        first = self.number % len(order)
        order = [*order[first:], *order[:first]]
        for position, shard in enumerate(order):
            left = self.limits.seconds_left()
            self._walk(shard, until=left - left / (len(order) - position))
        return self.summary

    def _walk(self, shard: str, *, until: float) -> None:
        """Look at one shard's rows, oldest first; then at the runs that must be described.

        Args:
            shard: which partition of the index.
            until: how many seconds are left of the pass once this shard's are used up.
        """
        unclear: list[Found] = []
        kept = (self.limits.seconds_left() - until) * KEPT_FOR_DESCRIPTIONS
        for keys in self._steps(shard):
            if self.limits.seconds_left() <= until + (kept if unclear else 0):
                self.summary.is_complete = False
                break
            rows = self._read_rows(keys)
            if self.limits.heartbeat:
                beating = [row for row in rows if not row.is_settled]
                self._count(beating, run_side_by_side(self._heartbeat, beating))
            unclear.extend(self._look_at([row for row in rows if self._is_old_enough(row)]))
        self._describe(unclear, until)

    def _steps(self, shard: str) -> Iterator[Sequence[Key]]:
        try:
            for page in self.answerer.waits.waiting(shard):
                self.summary.open_waits += len(page)
                for start in range(0, len(page), ROWS_A_STEP):
                    yield page[start : start + ROWS_A_STEP]
        except Exception as error:  # noqa: BLE001 - the other shards are walked all the same
            logger.error(  # noqa: TRY400 - a traceback could hold a key, and so a token
                "Shard %s of the waiting index cannot be read to its end (%s)",
                shard,
                error_code(error),
            )
            self.summary.failed += 1
            self.summary.is_complete = False

    def _read_rows(self, keys: Sequence[Key]) -> list[Wait]:
        """A step's open rows, oldest first; none where they cannot be read now."""
        try:
            found = self.answerer.waits.read(keys)
        except Exception as error:  # noqa: BLE001 - counted; the next pass reads them again
            self._failed(keys, error)
            return []
        rows = [row for row in found.values() if not row.is_answered]
        return sorted(rows, key=lambda row: row.registered_at or "")

    def _is_old_enough(self, row: Wait) -> bool:
        """Older than the grace period, counted from its settling where it is settled."""
        now = self.limits.clock()
        age = (now - moment(row.registered_at)).total_seconds()
        self.summary.oldest_open_seconds = max(self.summary.oldest_open_seconds, age)
        return now - moment(row.settled_at or row.registered_at) >= self.limits.grace

    def _look_at(self, rows: Sequence[Wait]) -> list[Found]:
        """Repair a step's rows; returns those whose run has to be described first."""
        settled = [row for row in rows if row.is_settled]
        self._count(settled, run_side_by_side(self._answer, settled))
        waiting = [row for row in rows if not row.is_settled]
        if not waiting:
            return []
        try:
            records = self._read_records(waiting)
        except Exception as error:  # noqa: BLE001 - counted; the next pass reads them again
            self._failed(waiting, error)
            return []
        clear: list[Found] = []
        unclear: list[Found] = []
        for row in waiting:
            record = records.get(row.payload_id)
            asked = run_to_ask(row, record)
            is_clear = asked is None or self.runs.known(asked) is not None
            (clear if is_clear else unclear).append((row, record))
        self._repair_all(clear, until=0)
        return unclear

    def _describe(self, unclear: Sequence[Found], until: float) -> None:
        """Repair rows whose run has to be described, those first whose turn it is.

        A row that a description can tell nothing new about, for now, does not keep one
        waiting whose run's end was lost, nor the other way round.
        """
        kinds = (
            [found for found in unclear if not self._can_wait(*found)],
            [found for found in unclear if self._can_wait(*found)],
        )
        ordered = [
            in_turn(kind, lambda found: found[0].payload_id, number=self.number) for kind in kinds
        ]
        self._repair_all(alternately(*ordered), until=until)

    def _repair_all(self, found: Sequence[Found], *, until: float) -> None:
        def repair(one: Found) -> Done:
            return self._repair(*one) if self.limits.seconds_left() > until else ("put_off",)

        self._count([row for row, _ in found], run_side_by_side(repair, found))

    def _read_records(self, rows: Sequence[Wait]) -> dict[str, Record]:
        keys = {row.payload_id: StateKey.of(row.payload_id) for row in rows}
        self.paces.records.wait()
        found = self.states.read({key for key in keys.values() if key is not None})
        return {
            payload_id: found[key]
            for payload_id, key in keys.items()
            if key is not None and key in found
        }

    def _can_wait(self, row: Wait, record: Record | None) -> bool:
        """True where a description could, for now, tell of nothing but an old run."""
        old_run = (
            record is not None
            and row.seen_state in FINAL_STATES
            and record.last_execution == row.seen_execution
        )
        young = self.limits.clock() - moment(row.registered_at) < self.limits.redelivery
        return old_run and young

    def _repair(self, row: Wait, record: Record | None) -> Done:
        verdict = self._judge(row, record)
        done = ["looked_at"]
        if verdict.is_running:
            done.append("still_running")
        if verdict.outcome is None and not verdict.is_stuck:
            return tuple(done)
        if unchanged(self.answerer.waits, self.states, row, record) is None:
            return tuple(done)
        if verdict.is_stuck:
            self._report_stuck(row, record)
        if verdict.outcome is not None and self.answerer.waits.settle(row.key, verdict.outcome):
            never = verdict.outcome.answer_error == NEVER_STARTED
            done.append("never_started" if never else "settled")
            log_wait(
                row,
                wait_log.REPAIRED,
                level=logging.WARNING,
                workflow_state=verdict.outcome.workflow_state,
                answer_error=verdict.outcome.answer_error,
                execution_arn=verdict.outcome.execution_arn,
            )
        return tuple(done)

    def _judge(self, row: Wait, record: Record | None) -> Verdict:
        case = case_of(
            row,
            record,
            self.runs,
            now=self.limits.clock(),
            redelivery=self.limits.redelivery,
            payloads_url=self.limits.payloads_url,
        )
        return judge(case)

    def _report_stuck(self, row: Wait, record: Record | None) -> None:
        if row.payload_id not in self.summary.stuck:
            self.summary.stuck.add(row.payload_id)
            logger.warning(
                "Payload %s is stuck: its run ended, the state table says %s",
                row.payload_id,
                record.state if record else "nothing",
            )

    def _answer(self, row: Wait) -> Done:
        current = self.answerer.waits.read([row.key]).get(row.key)
        if current is None or current.is_answered:
            return ("looked_at",)
        self.paces.answers.wait()
        sent = self.answerer.answer(current, answer_of(current))
        if sent is None:
            return ("looked_at", "failed")
        return ("looked_at", "stale" if sent == STALE else "answered")

    def _heartbeat(self, row: Wait) -> Done:
        """Tell the waiter that the callback system lives, and learn whether the waiter does."""
        if self.limits.seconds_left() <= 0:
            return ("put_off",)
        self.paces.answers.wait()
        try:
            self.answerer.client.send_task_heartbeat(taskToken=row.task_token)
        except ClientError as error:
            if classify(error) is not ErrorKind.CLOSED:
                raise
            return ("stale",) if self.answerer.mark(row, STALE, None) else ()
        return ("heartbeats",)

    def _count(self, rows: Sequence[Wait], results: Sequence[Done | Exception]) -> None:
        """Add up what was done; here, since rows are worked on by several threads."""
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, Exception):
                self._failed([row], result)
                continue
            for name in result:
                if name == "put_off":
                    self.summary.is_complete = False
                else:
                    setattr(self.summary, name, getattr(self.summary, name) + 1)

    def _failed(self, rows: Sequence[Wait | Key], error: Exception) -> None:
        self.summary.failed += len(rows)
        for row in rows:
            log_step(
                wait_log.NOT_REPAIRED,
                row.payload_id,
                level=logging.WARNING,
                wait=row.name if isinstance(row, Key) else row.key.name,
                why=f"{error_code(error)}; the next pass tries again",
            )
