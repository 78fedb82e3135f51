"""Many rows written at once: 25 updates a call, each as if it were made alone.

A batch is not a transaction. Each of its statements has a condition and a result of its own, and a
batch that was not answered may have been executed in part: the next writer meets the same
conditions, so that a row is written once whatever happened.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code
from cirrus_callbacks_plugin.aws.side_by_side import WORKERS, run_side_by_side
from cirrus_callbacks_plugin.aws.statements import MAX_STATEMENTS, execute_batch
from cirrus_callbacks_plugin.waits.row import MalformedRowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from types_boto3_dynamodb import DynamoDBClient

    from cirrus_callbacks_plugin.waits.change import Change
    from cirrus_callbacks_plugin.waits.row import Key

logger = logging.getLogger(__name__)

MOST_ALONE = 25
"""Up to so many rows are written each by a call of its own: side by side, as fast as one batch."""
AT_ONCE = 4
"""Batches under way: a partition takes a thousand writes a second, and one batch has 25."""

_NOT_ALLOWED = "AccessDeniedException"

Result = TypeVar("Result")


def directly(work: Callable[[], Any]) -> Any:
    """Make a call, whatever the time."""
    return work()


@dataclass(slots=True, eq=False, repr=False)
class Write(Generic[Result]):
    """One row's update among many.

    Attributes:
        change: what a batch writes; None where the row is written alone in any case.
        done: the result where the batch has written it.
        refused: the result where the condition does not hold, from the row as it is (None where
            there is none); None where only a call of its own can tell.
        alone: makes the same update by itself, and returns its result.
    """

    change: Change | None
    done: Result
    refused: Callable[[Mapping[str, Any] | None], Result | None]
    alone: Callable[[], Result]


@dataclass(slots=True, eq=False, repr=False)
class Batching:
    """When updates are made in batches; whether AWS takes any from this invocation.

    Attributes:
        above: so many rows are written alone, more of them in batches.
        size: statements in a batch.
        is_refused: AWS refuses batches: nothing is tried with them any more.
        is_said: the log has it that AWS refuses them, or some statement.
    """

    above: int = MOST_ALONE
    size: int = MAX_STATEMENTS
    is_refused: bool = False
    is_said: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse(self, table: str, code: str, statement: str, *, at_all: bool) -> None:
        """Note that AWS refuses a statement for another reason than its condition; say so once.

        Args:
            table: the tracking table's name.
            code: AWS's code.
            statement: the statement's text, which holds no values.
            at_all: make no batches any more.
        """
        with self._lock:
            self.is_refused = self.is_refused or at_all
            was_said, self.is_said = self.is_said, True
        if was_said:
            return
        if code == _NOT_ALLOWED:
            logger.warning(
                "AWS refuses batches of updates on %s (%s): rows are written one by one, which "
                "takes longer. Allow the function dynamodb:PartiQLUpdate on the table",
                table,
                code,
            )
        else:
            logger.warning(
                "AWS refuses a statement on %s (%s): such rows are written one by one, which "
                "takes longer. The statement is: %s",
                table,
                code,
                statement,
            )


@dataclass(slots=True, eq=False, repr=False)
class BatchWriter:
    """Writes many rows of one table.

    Attributes:
        client: DynamoDB's low-level client.
        table: the table's name.
        batching: what the invocation knows of batches.
        call: makes every call; may raise instead, where none may be made any more.
        among: of how many rows those are a part that are written here, where other threads write
            the others; 0 where they are all.
    """

    client: DynamoDBClient
    table: str
    batching: Batching
    call: Callable[[Callable[[], Any]], Any] = directly
    among: int = 0

    def write(self, writes: Sequence[Write[Result]]) -> list[Result | Exception]:
        """Write rows: a few each alone, many in batches.

        A statement that was throttled, or met any other error than its condition, is made again
        by itself: what that meets is the row's result, as if there were no batches.

        Returns:
            In their order: each row's result, or what it met. Of a batch that was throttled as a
            whole or not answered that is the batch's error, for each of its rows.
        """
        results: dict[int, Result | Exception] = {}
        if max(len(writes), self.among) > self.batching.above:
            chunks = list(self._chunks(writes))
            written = run_side_by_side(
                lambda chunk: self._batch(writes, chunk), chunks, workers=AT_ONCE
            )
            for chunk, each in zip(chunks, written, strict=True):
                results.update(dict.fromkeys(chunk, each) if isinstance(each, Exception) else each)
        left = [position for position in range(len(writes)) if position not in results]
        alone = run_side_by_side(
            lambda position: self._call(writes[position].alone),
            left,
            workers=1 if self.among else WORKERS,
        )
        results.update(zip(left, alone, strict=True))
        return [results[position] for position in range(len(writes))]

    def _call(self, work: Callable[[], Result]) -> Result:
        result: Result = self.call(work)
        return result

    def _chunks(self, writes: Sequence[Write[Result]]) -> Iterator[list[int]]:
        """Positions of a batch each; no row is twice in batches, where AWS refuses that."""
        seen: set[Key] = set()
        chunk: list[int] = []
        for position, write in enumerate(writes):
            if write.change is None or write.change.key in seen:
                continue
            seen.add(write.change.key)
            chunk.append(position)
            if len(chunk) == self.batching.size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _batch(
        self, writes: Sequence[Write[Result]], chunk: Sequence[int]
    ) -> dict[int, Result | Exception]:
        """The results of a batch's rows; those that are to be written alone are left out."""
        if self.batching.is_refused:
            return {}
        changes = [each for position in chunk if (each := writes[position].change) is not None]
        statements = [each.statement(self.table) for each in changes]
        try:
            errors: list[ClientError | None] = self.call(
                lambda: execute_batch(self.client, statements)
            )
        except (ClientError, BotoCoreError) as whole:
            if classify(whole) is not ErrorKind.REFUSED:
                return dict.fromkeys(chunk, whole)
            self.batching.refuse(self.table, error_code(whole), statements[0].text, at_all=True)
            return {}
        results: dict[int, Result | Exception] = {}
        refused: list[tuple[str, str]] = []
        for position, statement, error in zip(chunk, statements, errors, strict=True):
            if error is None:
                results[position] = writes[position].done
            elif (kind := classify(error)) is ErrorKind.CONDITION:
                result = _refused(writes[position], error)
                if result is not None:
                    results[position] = result
            elif kind is ErrorKind.REFUSED:
                refused.append((error_code(error), statement.text))
        if refused:
            code, text = refused[0]
            self.batching.refuse(self.table, code, text, at_all=len(refused) == len(chunk))
        return results


def _refused(write: Write[Result], error: ClientError) -> Result | Exception | None:
    item: Any = error.response.get("Item")
    try:
        return write.refused(item or None)
    except MalformedRowError as malformed:
        return malformed
