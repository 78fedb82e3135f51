"""Planted defects of batches: many rows are settled, marked and told in a call."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws import statements
from cirrus_callbacks_plugin.protocol.answer import Answerer
from cirrus_callbacks_plugin.waits import batches
from cirrus_callbacks_plugin.waits.table import Mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def batch_marked_before_it_is_sent() -> AbstractContextManager[Any]:
    """Many rows are marked answered in one batch, and then the answers are sent."""
    answer_all = Answerer.answer_all

    def hasty(self: Any, waits: Any) -> list[Any]:
        if len(waits) <= self.waits.batching.above:
            return answer_all(self, waits)
        given = [(row, made()) for row, made in waits]
        sent = ["success" if each.error is None else "failure" for _, each in given]
        marks = [
            (row, Mark(row.key, said, each.error))
            for (row, each), said in zip(given, sent, strict=True)
        ]
        self._mark_all(marks, among=len(marks))
        for row, each in given:
            self._send(row.task_token, each)
        return list(sent)

    return mock.patch.object(Answerer, "answer_all", hasty)


def what_a_batch_meets_is_passed_over() -> AbstractContextManager[Any]:
    """Members count as told whatever their batch, or a statement of it, met."""
    execute = statements.execute_batch

    def hopeful(client: Any, told: Any) -> list[None]:
        with suppress(ClientError, BotoCoreError):
            execute(client, told)
        return [None] * len(told)

    return mock.patch.object(batches, "execute_batch", hopeful)


BATCH_DEFECTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    each.__name__: each
    for each in (batch_marked_before_it_is_sent, what_a_batch_meets_is_passed_over)
}
