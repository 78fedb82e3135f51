"""Repairs by hand: what would be done, and doing it; each is noted in its row's history.

Which outcome a row is settled with is the reconciler's judgement, and the answer that is sent
is the sender's own. An answer comes from the sender where that works; what it leaves
unanswered for some seconds is answered here.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.overdue import Overdue, Patience, Repair
from cirrus_callbacks_plugin.joins.rows import Join
from cirrus_callbacks_plugin.joins.service import JoinClients, Joins, JoinSettings
from cirrus_callbacks_plugin.operations.identity import operator
from cirrus_callbacks_plugin.operations.reasons import Code
from cirrus_callbacks_plugin.protocol.answer import Answerer
from cirrus_callbacks_plugin.protocol.error_names import CANCELLED, answer_error_of
from cirrus_callbacks_plugin.protocol.rules import cut
from cirrus_callbacks_plugin.protocol.wait_log import log_repaired
from cirrus_callbacks_plugin.reconcile.case import unchanged
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import STALE, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.config import ReconcilerSettings
    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from cirrus_callbacks_plugin.operations.survey import ExplainedWait

SENDER_SECONDS = 10.0
"""How long the sender may take to answer what was settled here."""
_PAUSE_SECONDS = 0.5
CHANGED = "it changed meanwhile; look at it again"


class Act(Enum):
    """What a repair does to a row."""

    SETTLE = "settle"
    ANSWER = "answer"
    CANCEL = "cancel"
    EXPAND = "expand"
    """Have a join's members sent that are still to be sent."""
    TELL_MISSING = "tell-missing"
    """Tell a join of members of which no message will come."""
    LEAVE = "leave"


_JOIN_ACTS = {
    Repair.SETTLED: Act.SETTLE,
    Repair.EXPANDED: Act.EXPAND,
    Repair.TOLD_MISSING: Act.TELL_MISSING,
}


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done to one row.

    Attributes:
        row: as it was read.
        act: what.
        what: the same in a sentence; for a row that is left, why.
        outcome: what it is settled with.
        record: the payload's record as it was explained.
    """

    row: Wait
    act: Act
    what: str
    outcome: Outcome | None = None
    record: Record | None = None

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {
            "payload_id": self.row.payload_id,
            "wait": self.row.key.name,
            "waiter_payload_id": self.row.waiter_payload_id,
            "act": self.act.value,
            "what": self.what,
        }


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step.

    Attributes:
        step: the step.
        row: the row as it is now; None where it is gone.
        problem: why it was not done, or is not complete; None where all is well.
    """

    step: Step
    row: Wait | None
    problem: str | None = None

    @property
    def is_open(self) -> bool:
        """True for a join that goes on: something was done for it, and its members decide."""
        is_open = self.row is not None and not self.row.is_settled
        return self.problem is None and is_open

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        row = self.row
        return {
            "payload_id": self.step.row.payload_id,
            "wait": self.step.row.key.name,
            "act": self.step.act.value,
            "workflow_state": row.workflow_state if row else None,
            "answer": row.answer if row else None,
            "answer_error": row.answer_error if row else None,
            "problem": self.problem,
        }


def settling(explained: ExplainedWait) -> Step:
    """Settle a row as the reconciler would, or say why not (yet)."""
    row, verdict, reason = explained.row, explained.verdict, explained.reason
    if row.is_settled:
        return Step(row, Act.LEAVE, "it is settled already; `resend` answers it")
    if verdict.outcome is not None:
        outcome = verdict.outcome
        name = outcome.answer_error or outcome.workflow_state
        why = f": {outcome.error}" if outcome.error else ""
        return Step(row, Act.SETTLE, f"settle it as {name}{why}", outcome, explained.record)
    if explained.overdue is not None:
        return Step(row, _JOIN_ACTS[explained.overdue.act], explained.overdue.what)
    why = reason.text
    if reason.repair_from is not None:
        why = f"{why}; settle it from {reason.repair_from:%Y-%m-%d %H:%M:%S} UTC on"
    return Step(row, Act.LEAVE, why)


def repairing(explained: ExplainedWait) -> Step:
    """What a pass of the reconciler does: settle, or answer what is settled."""
    if explained.reason.code is Code.NOT_ANSWERED:
        return resending(explained.row)
    return settling(explained)


def resending(row: Wait) -> Step:
    """Answer a settled row, again where it is stale."""
    if not row.is_settled:
        return Step(row, Act.LEAVE, "it is not settled; `settle` judges it")
    if row.is_answered and row.answer != STALE:
        return Step(row, Act.LEAVE, f"it was answered: {row.answer_error or row.answer}")
    answer = answer_error_of(row) or "success"
    again = " again: Step Functions did not take the token before" if row.is_answered else ""
    return Step(row, Act.ANSWER, f"send {answer}{again}")


def cancelling(row: Wait, reason: str | None) -> Step:
    """Give a wait up: its waiter is told ``CirrusCallback.Cancelled``."""
    if row.is_answered:
        return Step(row, Act.LEAVE, f"it was answered: {row.answer_error or row.answer}")
    if row.is_settled:
        answer = answer_error_of(row) or "success"
        return Step(row, Act.LEAVE, f"it is settled as {answer} already; `resend` sends that")
    error = cut(reason) if reason else "cancelled by an operator"
    outcome = Outcome(workflow_state=None, error=error, answer_error=CANCELLED)
    left = "; the join's members are left to run" if row.is_join else ""
    return Step(row, Act.CANCEL, f"answer {CANCELLED}: {error}{left}", outcome)


@dataclass
class HandRepairer:
    """Carries steps out.

    Attributes:
        deployment: where.
        settings: how long answered rows are kept.
        action: what the history calls it.
        reason: why, as the history is to say.
        sleep: waits so many seconds.
    """

    deployment: Deployment
    settings: ReconcilerSettings
    action: str
    reason: str | None = None
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self._by: str | None = None

    def carry_out(self, steps: Sequence[Step]) -> Iterator[Done]:
        """Do what the steps say, one row after the other.

        What was settled is told once it has been answered, or was not within some seconds.

        Raises:
            ClientError, BotoCoreError: AWS could not be asked; what was done so far was told.
        """
        carry_out: dict[Act, Callable[[Step], Done | None]] = {
            Act.ANSWER: self._answer,
            Act.SETTLE: self._settle_unchanged,
            Act.CANCEL: self._settle_open,
            Act.EXPAND: self._look_after,
            Act.TELL_MISSING: self._look_after,
            Act.LEAVE: lambda step: Done(step, step.row, None),
        }
        settled: list[Step] = []
        for step in steps:
            done = carry_out[step.act](step)
            if done is None:
                settled.append(step)
            else:
                yield done
        yield from self._answered(settled)

    def _settle_unchanged(self, step: Step) -> Done | None:
        """Settle a row as the reconciler would: while row and record are as they were judged."""
        if step.row.is_join:
            return self._look_after(step)
        deployment = self.deployment
        current = unchanged(deployment.waits, deployment.states, step.row, step.record)
        return self._settle(step, current)

    def _look_after(self, step: Step) -> Done | None:
        """Do for a join what the reconciler would, now; None where it is settled by that."""
        joins = self._joins()
        join = joins.table.joins([step.row.payload_id]).get(step.row.payload_id)
        patience = Patience(timedelta(0), self.settings.redelivery, self.settings.queue)
        overdue = Overdue(joins.table, joins.teller, patience, log_level=logging.INFO)
        is_done = (
            isinstance(join, Join)
            and not join.is_closed
            and overdue.repair(join, self.deployment.clock())
        )
        if not is_done:
            return Done(step, self._now(step), CHANGED)
        self.deployment.waits.note(step.row.key, self._entry(step.what))
        row = self._now(step)
        return None if row is not None and row.is_settled else Done(step, row)

    def _settle_open(self, step: Step) -> Done | None:
        """Settle a row that an operator gives up, whatever its payload does."""
        return self._settle(step, self._now(step))

    def _settle(self, step: Step, current: Wait | None) -> Done | None:
        """Settle the row as it is now; None where that was done and an answer follows."""
        if current is not None and step.outcome is not None:
            history = [*current.history, self._entry(step.what)]
            if self.deployment.waits.settle(current.key, step.outcome, history=history):
                log_repaired(current, step.outcome)
                return None
        return Done(step, self._now(step), CHANGED)

    def _answered(self, steps: Sequence[Step]) -> Iterator[Done]:
        left = list(steps)
        patience = SENDER_SECONDS
        while left:
            rows = self.deployment.waits.read([step.row.key for step in left])
            waiting = []
            for step in left:
                row = rows.get(step.row.key)
                if row is not None and not row.is_answered:
                    waiting.append(step)
                else:
                    yield Done(step, row, None if row else "its row is gone")
            left = waiting
            if not left or patience <= 0:
                break
            self.sleep(_PAUSE_SECONDS)
            patience -= _PAUSE_SECONDS
        for step in left:
            yield self._send(step)

    def _answer(self, step: Step) -> Done:
        self.deployment.waits.note(step.row.key, self._entry(step.what))
        return self._send(step)

    def _send(self, step: Step) -> Done:
        joins = self._joins()
        row = joins.read([step.row.key]).rows.get(step.row.key)
        if not isinstance(row, (Wait, Join)):
            return Done(step, None, "its row is gone")
        sent = joins.answer(row)
        current = self._now(step)
        problem = None
        if sent is None:
            problem = "Step Functions refused the call: states:SendTaskSuccess, SendTaskFailure"
        elif step.act is Act.CANCEL:
            pass  # told or not, the wait was given up
        elif sent == STALE and (current is None or current.answer == STALE):
            problem = "Step Functions takes the token no more: its task is over, or was answered"
        return Done(step, current, problem)

    def _joins(self) -> Joins:
        client = self.deployment.client
        answerer = Answerer(
            client=client("stepfunctions"),
            waits=self.deployment.waits,
            retention_days=self.settings.retention_days,
        )
        return Joins(
            answerer,
            self.deployment.states,
            JoinClients(s3=lambda: client("s3"), sqs=lambda: client("sqs")),
            JoinSettings(self.settings.joins_url, self.settings.payloads_url),
        )

    def _now(self, step: Step) -> Wait | None:
        return self.deployment.waits.read([step.row.key]).get(step.row.key)

    def _entry(self, what: str) -> dict[str, str]:
        if self._by is None:
            self._by = operator(self.deployment)
        return {
            "at": self.deployment.waits.now(),
            "by": self._by,
            "action": self.action,
            "reason": self.reason or what,
        }


def only(rows: Iterable[Wait], names: Sequence[str]) -> list[Wait]:
    """The rows that were named by their digest; all where none was."""
    return [row for row in rows if not names or row.key.name in names]
