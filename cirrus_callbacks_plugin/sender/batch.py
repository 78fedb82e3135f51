"""What the sender does with a batch of stream records."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.answer import answer_of, refusal_of
from cirrus_callbacks_plugin.protocol.rules import ended_of
from cirrus_callbacks_plugin.protocol.settle import settle_open_rows
from cirrus_callbacks_plugin.protocol.wait_log import log_step, log_wait
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cirrus_callbacks_plugin.cirrus.state_table import StateTable
    from cirrus_callbacks_plugin.config import EnabledWorkflows
    from cirrus_callbacks_plugin.protocol.answer import Answerer
    from cirrus_callbacks_plugin.sender.stream import StreamRecord
    from cirrus_callbacks_plugin.waits.row import Key

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Told:
    """What a batch says of one row: its first record, and its first image if it is new."""

    sequence_number: str
    inserted: Wait | None


@dataclass(frozen=True, slots=True)
class Sender:
    """Answers the rows that a batch of stream records is about.

    Attributes:
        answerer: sends and marks; its table is the one that is read.
        states: cirrus's state table, for outcomes whose settling goes on here.
        enabled: the per-workflow flag.
        has_time_left: False once the invocation's own time runs out.
    """

    answerer: Answerer
    states: StateTable
    enabled: EnabledWorkflows
    has_time_left: Callable[[], bool]

    def send(self, records: Sequence[StreamRecord]) -> list[str]:
        """Work off a batch: rows are read once, consistently, and looked at as they are now.

        One bad row stops no other one. One that cannot be read is logged and counted, and
        its record is not delivered again: the reconciler counts the row until it is mended.

        Returns:
            The sequence numbers to report as failed: the first record of each row whose
            answer met throttling, a server error or no answer. Lambda delivers everything
            from the lowest of them again; rows answered by then are passed over. An answer or
            mark that was refused is logged and counted and blocks no shard: the row stays open
            for the reconciler.

        Raises:
            ClientError, BotoCoreError: the rows could not be read; the whole batch is to
                be delivered again.
        """
        told: dict[Key, _Told] = {}
        for record in records:
            first = told.setdefault(record.key, _Told(record.sequence_number, None))
            first.inserted = first.inserted or record.inserted
        rows = self.answerer.waits.read_rows(told)
        answers = [
            (key, row) for key, row in rows.items() if isinstance(row, Wait) and not row.is_answered
        ]
        for row in rows.values():
            if isinstance(row, Malformed):
                self._pass_over(row)
        failed: list[str] = []
        results = run_side_by_side(
            lambda pair: self._handle(pair[1], told[pair[0]].inserted), answers
        )
        for (key, row), result in zip(answers, results, strict=True):
            if isinstance(result, Exception) and self._comes_again(row, result):
                failed.append(told[key].sequence_number)
        # Answers first: working off thousands of rows must not hold back the others.
        for key, continuation in rows.items():
            if not isinstance(continuation, Continuation):
                continue
            try:
                self._go_on(continuation)
            except Exception as error:  # noqa: BLE001 - told to Lambda, which delivers it again
                _log_again(continuation, error)
                failed.append(told[key].sequence_number)
        return failed

    def _pass_over(self, row: Malformed) -> None:
        log_step(
            wait_log.NOT_ANSWERED,
            row.payload_id,
            level=logging.ERROR,
            wait=row.name,
            why=f"the row cannot be read: {row.why}",
        )
        self.answerer.tell(row, None)

    def _comes_again(self, row: Wait, error: Exception) -> bool:
        """Log what an answer met; True where its record is to be delivered again."""
        if isinstance(error, (ClientError, BotoCoreError)) and classify(error) is ErrorKind.REFUSED:
            log_wait(
                row,
                wait_log.NOT_ANSWERED,
                level=logging.ERROR,
                why=f"AWS refused a call ({error_code(error)}); the wait stays open until that is "
                "mended",
            )
            self.answerer.tell(row, None)
            return False
        _log_again(row, error)
        return True

    def _handle(self, row: Wait, inserted: Wait | None) -> None:
        if self._is_refused(inserted):
            self.answerer.answer(row, refusal_of(row))
        elif row.is_settled:
            self.answerer.answer(row, answer_of(row))

    def _is_refused(self, inserted: Wait | None) -> bool:
        """The flag is judged once, on the record of the new row, settled or not.

        A row registered with an error of its own says more than the flag does.
        """
        return (
            inserted is not None
            and inserted.answer_error is None
            and inserted.workflow not in self.enabled
        )

    def _go_on(self, row: Continuation) -> None:
        """Settle what did not fit into update-state's time, by the same rules."""
        progress = settle_open_rows(
            self.answerer.waits,
            self.states,
            row.payload_id,
            ended_of(row),
            has_time_left=self.has_time_left,
        )
        logger.info("Payload %s: %d wait(s) settled", row.payload_id, progress.settled)
        if progress.is_complete:
            self.answerer.waits.finish_continuation(row)
        else:
            self.answerer.waits.postpone_continuation(row)


def _log_again(row: Wait | Continuation, error: Exception) -> None:
    logger.warning(
        "Payload %s: wait %s is delivered again (%s)",
        row.payload_id,
        row.key.name,
        error_code(error),
    )
