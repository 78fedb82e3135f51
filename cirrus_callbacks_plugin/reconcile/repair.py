"""Repairs of rows: judge them, read their records again, settle; answer what is settled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence  # noqa: TC003 - fields' types
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.joins.overdue import Overdue, Patience, Repair
from cirrus_callbacks_plugin.joins.rows import Join, wait_of
from cirrus_callbacks_plugin.joins.service import Joins  # noqa: TC001 - a field's type
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.error_names import NEVER_STARTED
from cirrus_callbacks_plugin.protocol.wait_log import log_repaired
from cirrus_callbacks_plugin.reconcile.case import case_of, may_still_come
from cirrus_callbacks_plugin.reconcile.cycles import RunningWaits
from cirrus_callbacks_plugin.reconcile.judge import Verdict, judge, run_to_ask
from cirrus_callbacks_plugin.reconcile.summary import Did, Summary
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE, SUCCESS, Key, Wait
from cirrus_callbacks_plugin.waits.step_log import log_step

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.aws.pacing import Pace
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.config import ReconcilerSettings
    from cirrus_callbacks_plugin.naming import MemberToken
    from cirrus_callbacks_plugin.protocol.answer import Answerer
    from cirrus_callbacks_plugin.reconcile.records import Records
    from cirrus_callbacks_plugin.reconcile.runs import Runs
    from cirrus_callbacks_plugin.waits.index import IndexEntry
    from cirrus_callbacks_plugin.waits.malformed import Malformed

logger = logging.getLogger(__name__)

_DID = {
    Repair.SETTLED: Did.SETTLED,
    Repair.EXPANDED: Did.EXPANDED,
    Repair.TOLD_MISSING: Did.NEVER_STARTED,
}
_TOLD = {SUCCESS: Did.ANSWERED, FAILURE: Did.ANSWERED, STALE: Did.STALE}


@dataclass(slots=True)
class PayloadRows:
    """Open rows, not settled, that wait for one payload.

    Attributes:
        payload_id: the payload.
        record: its record, None where there is none.
        before: the index entry before the first of the rows; None at the walk's beginning.
        rows: the rows, oldest first.
    """

    payload_id: str
    record: Record | None
    before: IndexEntry | None
    rows: list[Wait] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class Repairer:
    """Repairs rows, and counts what it did.

    Attributes:
        joins: answers and tells, as the sender does.
        records: cirrus's records.
        runs: what Step Functions knows of runs.
        answer_pace: how often a token is answered.
        settings: the grace period and the redelivery time.
        clock: the current time, aware.
        seconds_left: of the pass; nothing is done to a row once none are.
        summary: where is counted.
        running: the waits for runs that go on.
    """

    joins: Joins
    records: Records
    runs: Runs
    answer_pace: Pace
    settings: ReconcilerSettings
    clock: Callable[[], datetime]
    seconds_left: Callable[[], float]
    summary: Summary
    running: RunningWaits = field(default_factory=RunningWaits)

    @property
    def answerer(self) -> Answerer:
        """Sends and marks."""
        return self.joins.answerer

    def repair(self, groups: Iterable[PayloadRows]) -> list[PayloadRows]:
        """Judge the rows of some payloads and do what that calls for.

        Time has passed since records were read, so they are read again before any act, once
        a payload. The row itself need not be: a settle is on condition that the row is
        neither settled nor answered. Of what else a judgement looks at only the run that step
        3 notes in the row may come later, and the record has changed then as well.

        Returns:
            The groups for which there was no time.
        """
        put_off: list[PayloadRows] = []
        acts: dict[str, tuple[Record | None, list[tuple[Wait, Verdict]]]] = {}
        for group in groups:
            if self.seconds_left() <= 0:
                put_off.append(group)
                continue
            judged = self._judged(group)
            if judged:
                acts[group.payload_id] = (group.record, judged)
        if not acts:
            return put_off
        settles: list[tuple[Wait, Verdict]] = []
        now = self.records.read_now(acts)
        for payload_id, (record, judged) in acts.items():
            current = now[payload_id]
            if isinstance(current, Exception):
                self.failed([row for row, _ in judged], current)
            elif current == record:
                if any(verdict.is_stuck for _, verdict in judged):
                    self._report_stuck(payload_id, record)
                settles.extend(pair for pair in judged if pair[1].outcome is not None)
        results = run_side_by_side(self._settle, settles)
        self._note([row for row, _ in settles], results)
        return put_off

    def _judged(self, group: PayloadRows) -> list[tuple[Wait, Verdict]]:
        """The rows for which something is to be done, with what that is."""
        acts: list[tuple[Wait, Verdict]] = []
        running = looked_at = 0
        going_on: set[str | None] = set()
        for position, row in enumerate(group.rows):
            asked = run_to_ask(row, group.record)
            if asked in going_on:  # thousands may wait for one run: they share its judgement
                running += 1
                self._note_running(row, group.record)
                continue
            try:
                case = case_of(
                    row,
                    group.record,
                    self.runs,
                    now=self.clock(),
                    redelivery=self.settings.redelivery,
                    payloads_url=self.settings.payloads_url,
                )
                verdict = judge(case)
            except (ClientError, BotoCoreError) as error:
                self.failed(group.rows[position:], error)  # the same run would be asked for
                break
            except Exception as error:  # noqa: BLE001 - counted and named: one row stops no other
                self.failed([row], error)
                continue
            if verdict.is_running:
                running += 1
                if case.run is not None and case.run.execution_arn == asked:
                    going_on.add(asked)
                    self._note_running(row, group.record)
            else:
                looked_at += 1
            if verdict.outcome is not None or verdict.is_stuck:
                acts.append((row, verdict))
        self.summary.add(Did.LOOKED_AT, looked_at + running)
        self.summary.add(Did.STILL_RUNNING, running)
        return acts

    def _note_running(self, row: Wait, record: Record | None) -> None:
        """Keep which run waits for which: for the last listed one, which goes on."""
        if record is not None and record.last_execution is not None:
            self.running.add(row, record.last_execution)

    def _settle(self, judged: tuple[Wait, Verdict]) -> list[Did]:
        row, verdict = judged
        outcome = verdict.outcome
        if outcome is None or may_still_come(row, outcome, self._was_sent):
            return []
        if not self.answerer.waits.settle(row.key, outcome):
            return []
        log_repaired(row, outcome, level=logging.WARNING)
        return [Did.NEVER_STARTED if outcome.answer_error == NEVER_STARTED else Did.SETTLED]

    def _was_sent(self, member: MemberToken) -> bool:
        return self.joins.table.was_sent(member)

    def _report_stuck(self, payload_id: str, record: Record | None) -> None:
        if payload_id not in self.summary.stuck:
            self.summary.stuck.add(payload_id)
            logger.warning(
                "Payload %s is stuck: its run ended, the state table says %s",
                payload_id,
                record.state if record else "nothing",
            )

    def look_after(self, joins: Sequence[Join]) -> bool:
        """See to open joins; False where time ran out."""
        patience = Patience(self.settings.grace, self.settings.redelivery, self.settings.queue)
        overdue = Overdue(self.joins.table, self.joins.teller, patience)

        def look_after(join: Join) -> list[Did] | None:
            if self.seconds_left() <= 0:
                return None
            done = overdue.repair(join, self.clock())
            return [Did.LOOKED_AT, *(_DID[each] for each in done)]

        return self._done([join.wait for join in joins], run_side_by_side(look_after, joins))

    def tell(self, rows: Sequence[Wait]) -> bool:
        """Tell joins what became of members; False where time ran out.

        Those of a join that is answered or gone, settled or not, become ``stale``.
        """
        if not rows:
            return True
        if self.seconds_left() <= 0:
            return False
        try:
            batch = self.joins.read([row.key for row in rows])
            waits = [wait_of(row) for row in batch.rows.values() if isinstance(row, (Wait, Join))]
            now = [wait for wait in waits if not wait.is_answered]
            outcomes = self.joins.tell(now, batch.joins)
        except Exception as error:  # noqa: BLE001 - counted; the next pass tells them
            self.failed(rows, error)
            return True
        self.summary.add(Did.LOOKED_AT, len(rows))
        results = [each if isinstance(each, Exception) else [_TOLD[each]] for each in outcomes]
        return self._done(now, results)

    def answer(self, rows: Sequence[Wait | Join]) -> bool:
        """Answer settled rows, with the sender's own code; False where time ran out."""
        waits = [wait_of(row) for row in rows]
        return self._done(waits, run_side_by_side(self._answer, waits))

    def _done(
        self,
        rows: Sequence[Wait],
        results: Sequence[list[Did] | Exception | None],
    ) -> bool:
        """Count what was done; False where there was no time for all."""
        done = [(row, did) for row, did in zip(rows, results, strict=True) if did is not None]
        self._note([row for row, _ in done], [did for _, did in done])
        return len(done) == len(rows)

    def _answer(self, row: Wait) -> list[Did] | None:
        if self.seconds_left() <= 0:
            return None
        current = self.joins.read([row.key]).rows.get(row.key)
        if not isinstance(current, (Wait, Join)) or wait_of(current).is_answered:
            return [Did.LOOKED_AT]
        self.answer_pace.wait()
        sent = self.joins.answer(current)
        if sent is None:
            return [Did.LOOKED_AT, Did.FAILED]
        return [Did.LOOKED_AT, Did.STALE if sent == STALE else Did.ANSWERED]

    def _note(self, rows: Sequence[Wait], results: Sequence[list[Did] | Exception]) -> None:
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, Exception):
                self.failed([row], result)
                continue
            for did in result:
                self.summary.add(did)

    def failed(self, rows: Sequence[Wait | Key], error: Exception) -> None:
        """Count and name rows that met an error."""
        for row in rows:
            key = row if isinstance(row, Key) else row.key
            self._name_failed(row.payload_id, key.name, error_code(error))

    def malformed(self, row: Malformed) -> None:
        """Count and name a row, or an entry of the index, that cannot be read."""
        self._name_failed(row.payload_id, row.name, f"the row cannot be read, {row.why}")

    def _name_failed(self, payload_id: str | None, wait: str | None, why: str) -> None:
        self.summary.add(Did.FAILED)
        log_step(
            wait_log.NOT_REPAIRED,
            payload_id,
            level=logging.WARNING,
            wait=wait,
            why=f"{why}; the next pass tries again",
        )
