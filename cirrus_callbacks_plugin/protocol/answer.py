"""From a settled row to SendTask*, and the mark: the one place that answers tokens."""

from __future__ import annotations

import functools
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.naming import is_text
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.error_names import (
    NOT_ENABLED,
    NOTHING_SAID,
    UNEXPLAINED,
    answer_error_of,
)
from cirrus_callbacks_plugin.protocol.marks import Marks
from cirrus_callbacks_plugin.protocol.rules import cut
from cirrus_callbacks_plugin.protocol.wait_log import log_wait
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE, SUCCESS, TaskWait, Wait
from cirrus_callbacks_plugin.waits.table import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from types_boto3_stepfunctions import SFNClient

    from cirrus_callbacks_plugin.waits.malformed import Malformed
    from cirrus_callbacks_plugin.waits.table import WaitsTable

MAX_CAUSE_BYTES = 32_768  # SendTaskFailure: cause has at most 32,768 characters
MAX_ERROR_CHARS = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent for a row.

    Attributes:
        error: the error's name; None for a success.
        body: the output of a success, or the cause of a failure, as JSON.
    """

    error: str | None
    body: str


def answer_of(row: Wait) -> Answer:
    """The answer that follows from a settled row.

    ``payload_id`` and ``workflow_state`` are always there, in a cause ``error`` and
    ``errorMessage`` too; ``execution_arn`` and ``output_payload_url`` where they are known.
    """
    error = answer_error_of(row)
    if error is None:
        return Answer(None, _json({**_facts(row), "output_payload_url": row.output_payload_url}))
    why = row.error or UNEXPLAINED.get(error, NOTHING_SAID)
    return Answer(error[:MAX_ERROR_CHARS], cause({**_facts(row), "error": why}))


def refusal_of(row: Wait) -> Answer:
    """The answer for a new row of a workflow whose flag is off."""
    return Answer(NOT_ENABLED, cause({**_facts(row), "error": why_refused(row)}))


def why_refused(row: Wait) -> str:
    """What the waiter for a workflow whose flag is off is told."""
    return (
        f"callbacks are not enabled for the workflow {row.workflow!r}: "
        "the one who deploys it can switch them on"
    )


def _facts(row: Wait) -> dict[str, Any]:
    return {
        "payload_id": row.payload_id,
        "workflow_state": row.workflow_state,
        "execution_arn": row.execution_arn,
    }


def cause(facts: Mapping[str, Any]) -> str:
    """A failure's cause: JSON of at most 32,768 bytes, still valid JSON when cut.

    Args:
        facts: what is known of the child, and what went wrong as ``error``. That text stands
            there again as ``errorMessage``: the one key of a JSON cause that cirrus 0.7 to 2.0
            read when the waiting execution dies of it (``update-state``), and tell its waiters.

    Texts are cut, and no more of them than must be: the error's first, then the id's.
    """
    fields = {**facts, "errorMessage": facts.get("error")}
    for names in (("error", "errorMessage"), ("payload_id",), ("execution_arn",)):
        value = fields.get(names[0])
        if _fits(fields) or not isinstance(value, str):
            continue
        # JSON may write one byte as six, so what fits is found by trying, not by counting.
        least, most = 0, len(value.encode("utf-8", "replace"))
        while least < most:
            limit = (least + most + 1) // 2
            if _fits({**fields, **dict.fromkeys(names, cut(value, limit))}):
                least = limit
            else:
                most = limit - 1
        fields.update(dict.fromkeys(names, cut(value, least)))
    return _json(fields)


def _fits(facts: dict[str, Any]) -> bool:
    return len(_json(facts).encode()) <= MAX_CAUSE_BYTES


def _json(facts: dict[str, Any]) -> str:
    """Compact JSON of what is known; characters as they are, lone surrogates escaped."""
    known = {name: value for name, value in facts.items() if value is not None}
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    return text if is_text(text) else json.dumps(known, separators=(",", ":"))


@dataclass(slots=True, eq=False, repr=False)
class Answerer:
    """Sends answers and marks rows.

    Attributes:
        client: Step Functions.
        waits: the tracking table.
        retention_days: how long an answered row is kept.
        on_answer: called with what became of each answer, by the thread that gave it:
            ``success``, ``failure``, ``stale``, or None where Step Functions refused the call,
            or where the row cannot be read.
    """

    client: SFNClient
    waits: WaitsTable
    retention_days: int
    on_answer: Callable[[Wait | Malformed, str | None], None] | None = None

    def answer(self, row: TaskWait, answer: Answer) -> str | None:
        """Send an answer and mark the row.

        A crash between the two sends again later; Step Functions refuses the second
        answer, and the row becomes ``stale`` unless an accepted answer is marked already.

        Returns:
            ``success``, ``failure`` or ``stale``; None where Step Functions refused the
            call for a reason that a repetition does not cure (access denied, say): the row
            stays open for the reconciler and blocks nobody.

        Raises:
            ClientError, BotoCoreError: throttled, a server error, or no answer, also
                after the client's own retries: deliver the record again.
        """
        sent = self.send(row, answer)
        if sent is not None:
            self.mark(row, sent, answer.error)
        return sent

    def answer_all(
        self, waits: Sequence[tuple[TaskWait, Callable[[], Answer]]]
    ) -> list[str | Exception | None]:
        """Send many answers and mark the rows, in batches where they are more than a few.

        Args:
            waits: each row once, and what makes its answer.

        Returns:
            In their order: as :meth:`answer`, or what the row met.
        """
        if len(waits) <= self.waits.batching.above:
            return run_side_by_side(lambda each: self.answer(each[0], each[1]()), waits)
        marks = Marks(functools.partial(self._mark_all, among=len(waits)), self.waits.batching.size)

        def send(wait: tuple[TaskWait, Callable[[], Answer]]) -> str | None:
            row, answer = wait[0], wait[1]()
            sent = self.send(row, answer)
            if sent is not None:
                marks.add(row, Mark(row.key, sent, answer.error))
            return sent

        results = run_side_by_side(send, waits)
        marks.finish()
        return [
            marks.failed.get(row.key, result)
            for (row, _), result in zip(waits, results, strict=True)
        ]

    def send(self, row: TaskWait, answer: Answer) -> str | None:
        """Send an answer; the row is to be marked with what this returns.

        Returns, Raises: as :meth:`answer`.
        """
        try:
            self._send(row.task_token, answer)
        except ClientError as error:
            kind = classify(error)
            if kind is ErrorKind.CLOSED:
                return STALE
            if kind is ErrorKind.RETRY:
                raise
            log_wait(
                row,
                wait_log.NOT_ANSWERED,
                level=logging.ERROR,
                why=f"Step Functions refused the call ({error_code(error)}); the wait stays "
                "open until that is mended",
            )
            self.tell(row, None)
            return None
        return SUCCESS if answer.error is None else FAILURE

    def heartbeat(self, row: TaskWait) -> bool:
        """Tell a waiting task that it is not forgotten; False where it waits no more.

        Raises:
            ClientError, BotoCoreError: the heartbeat was not taken for another reason.
        """
        try:
            self.client.send_task_heartbeat(taskToken=row.task_token)
        except ClientError as error:
            if classify(error) is not ErrorKind.CLOSED:
                raise
            return False
        return True

    def mark(self, row: Wait, sent: str, error: str | None) -> bool:
        """Record an answer in its row; True if the row took it."""
        marked = self.waits.mark_answered(
            row.key,
            sent,
            answer_error=error,
            retention_days=self.retention_days,
        )
        self._marked(row, sent, error)
        return marked

    def _mark_all(self, marks: Sequence[tuple[Wait, Mark]], among: int) -> list[bool | Exception]:
        results = self.waits.mark_all(
            (mark for _, mark in marks), retention_days=self.retention_days, among=among
        )
        for (row, mark), result in zip(marks, results, strict=True):
            if not isinstance(result, Exception):
                self._marked(row, mark.answer, mark.answer_error)
        return results

    def _marked(self, row: Wait, sent: str, error: str | None) -> None:
        log_wait(
            row,
            wait_log.ANSWERED,
            answer=sent,
            answer_error=error,
            workflow_state=row.workflow_state,
        )
        self.tell(row, sent)

    def tell(self, row: Wait | Malformed, sent: str | None) -> None:
        """Say what became of an answer to the one who counts; None: nothing was sent."""
        if self.on_answer is not None:
            self.on_answer(row, sent)

    def _send(self, token: str, answer: Answer) -> None:
        if answer.error is None:
            self.client.send_task_success(taskToken=token, output=answer.body)
        else:
            self.client.send_task_failure(
                taskToken=token,
                error=answer.error,
                cause=answer.body,
            )
