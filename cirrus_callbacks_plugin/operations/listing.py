"""The open waits that an operator asked for, with everything known of why they are open."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.operations import reasons
from cirrus_callbacks_plugin.operations.chains import Chains
from cirrus_callbacks_plugin.operations.console import execution_link
from cirrus_callbacks_plugin.operations.reasons import Code
from cirrus_callbacks_plugin.operations.survey import ExplainedWait, Filters, Survey
from cirrus_callbacks_plugin.operations.waiters import is_gone
from cirrus_callbacks_plugin.reconcile.judge import RunStatus
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.row import CONTINUE, Key, moment, partition_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cirrus_callbacks_plugin.operations.dead_letters import DeadLetters
    from cirrus_callbacks_plugin.reconcile.judge import Run
    from cirrus_callbacks_plugin.waits.row import Wait


FEW_ROWS = 1_000
"""Read for a page, too, to find out whether children wait themselves: ten calls."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the last row's time, and the rows of that very time before it."""

    registered_at: str
    waits: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what ``next`` said.

        Raises:
            ConfigurationError: it is not such a place.
        """
        registered_at, separator, names = text.partition("~")
        try:
            moment(registered_at)
        except ValueError:
            separator = ""
        if not separator:
            raise ConfigurationError(
                f"{text!r} is not a place to go on from: give what `next` said"
            )
        return cls(registered_at, frozenset(names.split(",")))

    @classmethod
    def after(cls, rows: Iterable[Wait]) -> Cursor:
        """Behind the last of some rows, which are in order."""
        listed = list(rows)
        last = listed[-1].registered_at or ""
        return cls(last, frozenset(r.key.name for r in listed if r.registered_at == last))

    def __str__(self) -> str:
        return f"{self.registered_at}~{','.join(sorted(self.waits))}"

    def passed(self, row: Wait) -> bool:
        """True for a row that an earlier page held."""
        return row.registered_at == self.registered_at and row.key.name in self.waits


@dataclass
class Listing:
    """A page of open waits.

    Attributes:
        survey: the look at the deployment.
        filters: which waits are wanted.
        codes: which reasons are wanted; empty: all.
        after: where the page before ended.
        dead_letters: what lies in the dead-letter queue, where somebody looked.
        with_chains: find out whether running children wait themselves. No index leads there:
            it takes a walk over every open row, and so for a page of very many rows only
            those of the page are known.
        knows_chains: False once it was found out from the rows of a page alone.
    """

    survey: Survey
    filters: Filters = field(default_factory=Filters)
    codes: frozenset[Code] = frozenset()
    after: Cursor | None = None
    dead_letters: DeadLetters | None = None
    with_chains: bool = True
    knows_chains: bool = True
    _chains: Chains | None = None
    _abandoned: dict[str, bool] = field(default_factory=dict)
    _continuations: dict[Key, Continuation | None] = field(default_factory=dict)

    def page(self, limit: int) -> tuple[list[ExplainedWait], Cursor | None]:
        """At most so many waits (0: all), and where the next page begins, where there is one.

        Raises:
            ClientError, BotoCoreError: AWS could not be asked.
        """
        if not limit:
            return list(self.each()), None
        shown: list[ExplainedWait] = []
        if not self.codes:
            rows = list(islice(self._rows(), limit + 1))
            shown += self._page_of(rows[:limit])
            return shown, self._cursor(rows[:limit]) if len(rows) > limit else None
        for explained in self.each():
            if len(shown) == limit:
                return shown, self._cursor([each.row for each in shown])
            shown.append(explained)
        return shown, None

    def each(self) -> Iterator[ExplainedWait]:
        """Every wait that is wanted, one after the other: none is kept here.

        Raises:
            ClientError, BotoCoreError: AWS could not be asked.
        """
        if self.with_chains:
            self._all_chains()
        for explained in self.survey.explained(self._rows()):
            refined = self.refined(explained)
            if not self.codes or refined.reason.code in self.codes:
                yield refined

    def _page_of(self, rows: list[Wait]) -> Iterator[ExplainedWait]:
        if self.with_chains and rows and not self._is_small():
            self.knows_chains = False
            self._chains = Chains.of(rows)
        self.survey.expect(rows)
        yield from map(self.refined, self.survey.explained(rows))

    def _is_small(self) -> bool:
        """True where a walk over every open row takes a few calls."""
        seen = self.survey.seen
        return seen.is_all and seen.rows <= FEW_ROWS

    def refined(self, explained: ExplainedWait) -> ExplainedWait:
        """The reason with what only a further look tells."""
        reason = explained.reason
        row = explained.row
        if reason.code is Code.RUNNING and self.with_chains:
            others = self._all_chains().waited_for_by(row.payload_id, reason.execution_arn)
            if others:
                reason = reasons.waits_itself(reason, others)
                way = self._way_back(row, reason.execution_arn)
                reason = reason if way is None else reasons.in_cycle(reason, way)
        elif reason.code in (Code.NOT_STARTED_YET, Code.WILL_NOT_START):
            dead = self.dead_letters
            if dead is not None and dead.queue and row.key.name in dead.waits:
                reason = reasons.in_dead_letters(reason, dead.queue)
        elif reason.code is Code.NOT_SETTLED:
            going_on = self._continuation(row.payload_id)
            if going_on is not None:
                reason = reasons.being_settled(reason, moment(going_on.settled_at))
        elif reason.code is Code.WAITER_GONE and explained.verdict.is_running:
            reason = reasons.abandoned(reason) if self._is_abandoned(row.payload_id) else reason
        return replace(explained, reason=reason)

    def _is_abandoned(self, payload_id: str) -> bool:
        """True where the runs of all who wait for a payload have ended."""
        if payload_id not in self._abandoned:
            pages = self.survey.deployment.waits.open_rows(payload_id)
            runs = (self.survey.waiters.run_of(row) for page in pages for row in page)
            self._abandoned[payload_id] = all(map(is_gone, runs))
        return self._abandoned[payload_id]

    def _rows(self) -> Iterator[Wait]:
        filters = self.filters
        if self.after is not None:
            filters = replace(filters, since=self.after.registered_at)
        rows = self.survey.rows(filters)
        if self.after is not None:
            after = self.after
            rows = (row for row in rows if not after.passed(row))
        return rows

    def _cursor(self, rows: list[Wait]) -> Cursor:
        cursor = Cursor.after(rows)
        before = self.after
        if before is not None and before.registered_at == cursor.registered_at:
            return replace(cursor, waits=cursor.waits | before.waits)
        return cursor

    def _continuation(self, payload_id: str) -> Continuation | None:
        """The outcome that the sender is settling a payload's waits with; read once."""
        key = Key(partition_key(payload_id), CONTINUE)
        if key not in self._continuations:
            row = self.survey.deployment.waits.read_rows([key]).get(key)
            self._continuations[key] = row if isinstance(row, Continuation) else None
        return self._continuations[key]

    def _way_back(self, row: Wait, run: str | None) -> tuple[str, ...] | None:
        """The payloads that lead from a row's child to its waiter; None where none do.

        Each waits for the next one's run in progress, its last listed one, as in the
        reconciler's cycles.
        """
        ways: dict[str, tuple[str, ...]] = {row.payload_id: (row.payload_id,)}
        runs = {row.payload_id: run}
        left = [row.payload_id]
        while left:
            children: list[tuple[str, str]] = []
            for payload_id in left:
                arn = runs[payload_id]
                if row.waiter_execution_arn == arn or (
                    row.waiter_execution_arn is None and row.waiter_payload_id == payload_id
                ):
                    return ways[payload_id]
                waited_for = self._all_chains().waited_for_by(payload_id, arn)
                children += [(payload_id, each) for each in waited_for if each not in ways]
            left = []
            records = self.survey.records(child for _, child in children)
            for payload_id, child in children:
                record = records[child]
                last = None if record is None else record.last_execution
                if child in ways or last is None or not self._goes_on(last):
                    continue
                ways[child], runs[child] = (*ways[payload_id], child), last
                left.append(child)
        return None

    def _goes_on(self, run: str) -> bool:
        return self.survey.runs.find(run).status is RunStatus.RUNNING

    def _all_chains(self) -> Chains:
        if self._chains is None:
            self._chains = Chains.of(self.survey.rows(Filters()))
        return self._chains


def wait_to_json(explained: ExplainedWait, now: datetime) -> dict[str, Any]:
    """One wait, with stable keys and without its token."""
    row = explained.row
    record = explained.record
    return {
        "payload_id": row.payload_id,
        "workflow": row.workflow,
        "wait": row.key.name,
        "state": state_of(explained),
        "registered_at": row.registered_at,
        "age_seconds": round((now - moment(row.registered_at)).total_seconds(), 3),
        "waiter_payload_id": row.waiter_payload_id,
        "waiter_execution_arn": row.waiter_execution_arn,
        "waiter_run": run_to_json(explained.waiter),
        "execution_arn": record.last_execution if record is not None else row.execution_arn,
        "reason": explained.reason.to_json(),
    }


def run_to_json(run: Run | None) -> dict[str, Any] | None:
    """An execution with stable keys; None where it is not known."""
    if run is None:
        return None
    return {
        "execution_arn": run.execution_arn,
        "status": status_of(run),
        "started": run.started.isoformat() if run.started else None,
        "stopped": run.stopped.isoformat() if run.stopped else None,
        "error": run.error,
        "cause": run.cause,
        "link": execution_link(run.execution_arn),
    }


def status_of(run: Run) -> str:
    """What people read of a run's status."""
    return run.result or run.status.value.upper()


def state_of(explained: ExplainedWait) -> str | None:
    """The payload's state: what settled the row, or what StateDB says; None: no record."""
    if explained.row.is_settled:
        return explained.row.answer_error or explained.row.workflow_state
    if explained.row.is_join:
        return explained.row.workflow_state
    return explained.record.state if explained.record is not None else None


def waits_for_payload(survey: Survey, payload_id: str) -> list[Wait]:
    """Every row of a payload, answered or not, oldest first."""
    rows = [row for page in survey.deployment.queries.rows_of(payload_id) for row in page]
    return sorted(rows, key=lambda row: row.registered_at or "")
