"""What the sender does with a batch of stream records."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code
from cirrus_callbacks_plugin.joins.rows import Expansion, Join, wait_of
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.answer import refusal_of, why_refused
from cirrus_callbacks_plugin.protocol.error_names import NOT_ENABLED
from cirrus_callbacks_plugin.protocol.rules import ended_of
from cirrus_callbacks_plugin.protocol.settle import settle_open_rows
from cirrus_callbacks_plugin.protocol.wait_log import log_wait
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import MalformedRowError, Wait
from cirrus_callbacks_plugin.waits.step_log import log_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cirrus_callbacks_plugin.config import EnabledWorkflows
    from cirrus_callbacks_plugin.joins.service import Batch, Joins
    from cirrus_callbacks_plugin.protocol.answer import Answer
    from cirrus_callbacks_plugin.sender.stream import StreamRecord
    from cirrus_callbacks_plugin.waits.row import Key

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _RowRecords:
    """What a batch says of one row: its first record, and its first image if it is new."""

    sequence_number: str
    inserted: Wait | None


@dataclass(slots=True, eq=False, repr=False)
class Sender:
    """Answers the rows that a batch of stream records is about.

    Attributes:
        joins: reads rows and answers them, those of tasks and of joins.
        enabled: the per-workflow flag.
        has_time_left: False once the invocation's own time runs out.
    """

    joins: Joins
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
        by_row: dict[Key, _RowRecords] = {}
        for record in records:
            first = by_row.setdefault(record.key, _RowRecords(record.sequence_number, None))
            first.inserted = first.inserted or record.inserted
        batch = self.joins.read(by_row)
        for row in batch.rows.values():
            if isinstance(row, Malformed):
                self._pass_over(row)
        again = [
            *self._answer(batch, by_row),
            *self._tell(batch, by_row),
            # Answers first: working off thousands of rows must not hold back the others.
            *self._work_off(batch),
        ]
        return [by_row[key].sequence_number for key in again]

    def _answer(self, batch: Batch, by_row: Mapping[Key, _RowRecords]) -> list[Key]:
        """Answer tasks' waits, joins among them; returns those that are to come again."""
        due: list[tuple[Key, Wait | Join, Answer | None]] = []
        for key, row, wait in _unanswered(batch):
            if wait.member is not None:
                continue
            if self._is_refused(by_row[key].inserted):
                due.append((key, row, refusal_of(wait)))
            elif wait.is_settled:
                due.append((key, row, None))
        results = self.joins.answer_all([(row, answer) for _, row, answer in due])
        return [
            key
            for (key, row, _), result in zip(due, results, strict=True)
            if isinstance(result, Exception) and self._comes_again(wait_of(row), result)
        ]

    def _tell(self, batch: Batch, by_row: Mapping[Key, _RowRecords]) -> list[Key]:
        """Tell joins what became of their members; returns those that are to be told again."""
        members = []
        for key, _, wait in _unanswered(batch):
            if wait.member is None:
                continue
            if self._is_refused(by_row[key].inserted):
                refused = replace(wait, answer_error=NOT_ENABLED, error=why_refused(wait))
                members.append((key, refused))
            elif wait.is_settled:
                members.append((key, wait))
        results = self.joins.tell([row for _, row in members], batch.joins)
        return [
            key
            for (key, row), result in zip(members, results, strict=True)
            if isinstance(result, Exception) and self._comes_again(row, result)
        ]

    def _work_off(self, batch: Batch) -> list[Key]:
        """Go on with settling, and with sending members; returns what is to come again."""
        again = []
        for key, row in batch.rows.items():
            if not isinstance(row, (Continuation, Expansion)):
                continue
            try:
                self._go_on(row)
            except Exception as error:  # noqa: BLE001 - told to Lambda, which delivers it again
                if not self._is_put_off(row, error):
                    _log_again(row, error)
                    again.append(key)
        return again

    def _pass_over(self, row: Malformed) -> None:
        log_step(
            wait_log.NOT_ANSWERED,
            row.payload_id,
            level=logging.ERROR,
            wait=row.name,
            why=f"the row cannot be read: {row.why}",
        )
        self.joins.answerer.tell(row, None)

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
            self.joins.answerer.tell(row, None)
            return False
        if isinstance(error, MalformedRowError):
            log_wait(row, wait_log.NOT_ANSWERED, level=logging.ERROR, why=str(error))
            return False
        _log_again(row, error)
        return True

    def _is_put_off(self, row: Continuation | Expansion, error: Exception) -> bool:
        """True where AWS refuses to let members be sent: the reconciler puts that again."""
        if not isinstance(row, Expansion):
            return False
        if isinstance(error, (ClientError, BotoCoreError)):
            if classify(error) is not ErrorKind.REFUSED:
                return False
            why = f"AWS refused a call ({error_code(error)}); members are sent once that is mended"
        elif isinstance(error, MalformedRowError):
            why = str(error)
        else:
            return False
        log_step(wait_log.NOT_EXPANDED, row.join_id, level=logging.ERROR, why=why)
        return True

    def _is_refused(self, inserted: Wait | None) -> bool:
        """The flag is judged once, on the record of the new row, settled or not.

        A row registered with an error of its own says more than the flag does. A join is not
        a workflow: each of its members is judged.
        """
        return (
            inserted is not None
            and not inserted.is_join
            and inserted.answer_error is None
            and inserted.workflow not in self.enabled
        )

    def _go_on(self, row: Continuation | Expansion) -> None:
        """Send a join's members; settle, by the same rules, what update-state had no time for."""
        if isinstance(row, Expansion):
            self.joins.expand(row, self.has_time_left)
            return
        progress = settle_open_rows(
            self.joins.answerer.waits,
            self.joins.states,
            row.payload_id,
            ended_of(row),
            has_time_left=self.has_time_left,
        )
        logger.info("Payload %s: %d wait(s) settled", row.payload_id, progress.settled)
        if progress.is_complete:
            self.joins.answerer.waits.finish(row)
        else:
            self.joins.answerer.waits.postpone(row)


def _unanswered(batch: Batch) -> Iterator[tuple[Key, Wait | Join, Wait]]:
    for key, row in batch.rows.items():
        if isinstance(row, (Wait, Join)) and not wait_of(row).is_answered:
            yield key, row, wait_of(row)


def _log_again(row: Wait | Continuation | Expansion, error: Exception) -> None:
    step, level, why = wait_log.DELIVERED_AGAIN, logging.WARNING, error_code(error)
    if isinstance(row, Wait):
        log_wait(row, step, level=level, why=why)
    else:
        payload_id = row.join_id if isinstance(row, Expansion) else row.payload_id
        log_step(step, payload_id, level=level, wait=row.key.name, why=why)
