"""Everything that is known of one payload: its record, its runs, and who waits for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.rows import Join
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.operations.listing import run_to_json, waits_for_payload
from cirrus_callbacks_plugin.operations.own_waits import OwnWaits, own_waits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.operations.listing import Listing
    from cirrus_callbacks_plugin.operations.survey import ExplainedWait, Survey
    from cirrus_callbacks_plugin.reconcile.judge import Run
    from cirrus_callbacks_plugin.waits.row import Key, Wait

MAX_RUNS = 20
"""Described, the newest first: a payload that was restarted for months has hundreds."""


@dataclass(frozen=True)
class PayloadReport:
    """What was found.

    Attributes:
        payload_id: its id.
        record: cirrus's record; None where there is none.
        runs: its newest runs, oldest first.
        older_runs: how many more are listed.
        waits: who waits or waited, oldest first.
        explained: the open ones of them, each with its reason.
        own: the waits of the payload's own runs.
        waiters: the waiting runs, by the key of the wait, as far as they are known.
        joins: the joins that the open waits of members are for, by their ids.
    """

    payload_id: str
    record: Record | None
    runs: tuple[Run, ...]
    older_runs: int
    waits: tuple[Wait, ...]
    explained: tuple[ExplainedWait, ...]
    own: OwnWaits = field(default_factory=OwnWaits)
    waiters: Mapping[Key, Run] = field(default_factory=dict)
    joins: Mapping[str, Join] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """False where neither table holds anything of it."""
        return self.record is not None or bool(self.waits or self.own.open)

    def reason(self, row: Wait) -> ExplainedWait | None:
        """Why one of the rows is open; None for an answered one."""
        return self._explained_by_key.get(row.key)

    def answered_join(self, row: Wait) -> Wait | None:
        """The wait of an open member's join that has its answer already; None for any other row."""
        join = None if row.member is None else self.joins.get(row.member.join_id)
        return None if join is None or not join.wait.is_answered else join.wait

    @cached_property
    def _explained_by_key(self) -> Mapping[Key, ExplainedWait]:
        return {each.row.key: each for each in self.explained}

    def to_json(self) -> dict[str, Any]:
        """With stable keys, tokens as digests."""
        record = self.record
        return {
            "payload_id": self.payload_id,
            "record": None
            if record is None
            else {
                "state": record.state,
                "since": record.state_updated.partition("_")[2] or None,
                "last_error": record.last_error,
                "executions": len(record.executions),
            },
            "executions": [run_to_json(run) for run in self.runs],
            "waits": [self._wait_to_json(row) for row in self.waits],
            "waits_for": [
                {
                    "payload_id": each.row.payload_id,
                    "wait": each.row.key.name,
                    "registered_at": each.row.registered_at,
                    "waiter_execution_arn": each.row.waiter_execution_arn,
                    "reason": each.reason.to_json(),
                }
                for each in self.own.open
            ],
            "own_waits": self.own.to_json(),
        }

    def _wait_to_json(self, row: Wait) -> dict[str, Any]:
        explained, answered_join = self.reason(row), self.answered_join(row)
        return {
            "wait": row.key.name,
            "workflow_state": row.workflow_state,
            "registered_at": row.registered_at,
            "settled_at": row.settled_at,
            "answered_at": row.answered_at,
            "waited_seconds": row.waited_seconds,
            "answer": row.answer,
            "answer_error": row.answer_error,
            "error": row.error,
            "output_payload_url": row.output_payload_url,
            "waiter_payload_id": row.waiter_payload_id,
            "waiter_execution_arn": row.waiter_execution_arn,
            "waiter_run": run_to_json(self.waiters.get(row.key)),
            "join_id": row.member.join_id if row.member is not None else None,
            "join_answered_at": answered_join.answered_at if answered_join is not None else None,
            "replace": row.replace,
            "cirrus_version": row.cirrus_version,
            "reason": explained.reason.to_json() if explained is not None else None,
            "history": [dict(entry) for entry in row.history],
        }


def report_on(listing: Listing, payload_id: str, *, with_own_waits: bool = True) -> PayloadReport:
    """Look a payload up; its own waits take a walk over every open row.

    Raises:
        ClientError, BotoCoreError: AWS could not be asked.
    """
    survey = listing.survey
    rows = waits_for_payload(survey, payload_id)
    record = survey.record(payload_id)
    listed = list(dict.fromkeys(record.executions)) if record is not None else []
    runs = tuple(survey.runs.find(arn) for arn in listed[-MAX_RUNS:])
    explained = survey.explained([row for row in rows if not row.is_answered])
    own = OwnWaits()
    if with_own_waits:
        own = own_waits(survey, payload_id, set(listed), runs[-1] if runs else None)
    return PayloadReport(
        payload_id,
        record,
        runs,
        len(listed) - len(runs),
        tuple(rows),
        tuple(listing.refined(each) for each in explained),
        own,
        _waiters(survey, rows),
        _joins(survey, [row for row in rows if not row.is_answered]),
    )


def _joins(survey: Survey, rows: list[Wait]) -> dict[str, Join]:
    """The joins that members' waits are for; those that are gone or malformed are left out."""
    ids = {row.member.join_id for row in rows if row.member is not None}
    found = JoinsTable(survey.deployment.waits).joins(ids) if ids else {}
    return {join_id: join for join_id, join in found.items() if isinstance(join, Join)}


def _waiters(survey: Survey, rows: list[Wait]) -> dict[Key, Run]:
    """The waiting runs: of every open wait, and of the newest answered ones."""
    answered = [row for row in rows if row.is_answered]
    wanted = [row for row in rows if not row.is_answered] + answered[-MAX_RUNS:]
    runs = {row.key: survey.waiters.run_of(row) for row in wanted}
    return {key: run for key, run in runs.items() if run is not None}
