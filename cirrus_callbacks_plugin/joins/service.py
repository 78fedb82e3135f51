"""What sender, reconciler and commands call: every settled wait is answered here.

A wait with a task's token is answered by Step Functions, a member's by its join, which is
told. The types keep the two apart: an :class:`Answerer` takes a :class:`TaskWait` alone, and
a member's wait is not one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable  # noqa: TC003 - fields' types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.answering import Results
from cirrus_callbacks_plugin.joins.attaching import Attacher
from cirrus_callbacks_plugin.joins.expanding import Expander
from cirrus_callbacks_plugin.joins.rows import Join, Row, join_key, wait_of
from cirrus_callbacks_plugin.joins.table import JoinsTable, joins_in
from cirrus_callbacks_plugin.joins.telling import JoinsById, Teller
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.protocol.answer import Answer, Answerer, answer_of
from cirrus_callbacks_plugin.waits.row import Key, Wait, task_wait

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cirrus_callbacks_plugin.cirrus.state_table import StateTable
    from cirrus_callbacks_plugin.joins.rows import Expansion


@dataclass(slots=True, eq=False, repr=False)
class JoinClients:
    """Clients that only joins need, each built when it is first needed."""

    s3: Callable[[], Any]
    sqs: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class JoinSettings:
    """What the environment says of joins.

    Attributes:
        joins_url: where whole lists of members are written, ``s3://bucket/prefix/``.
        payloads_url: where cirrus 2 keeps payloads.
    """

    joins_url: str | None = None
    payloads_url: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were read together, and the joins of the members among them."""

    rows: dict[Key, Row]
    joins: JoinsById


@dataclass(slots=True, eq=False, repr=False)
class Joins:
    """Answers settled waits, tells joins of their members, sends those of new joins.

    Attributes:
        answerer: sends and marks; its table is the one that is worked on.
        states: cirrus's state table.
        clients, settings: what only joins need.
    """

    answerer: Answerer
    states: StateTable
    clients: JoinClients
    settings: JoinSettings

    @property
    def table(self) -> JoinsTable:
        """The joins' rows."""
        return JoinsTable(self.answerer.waits)

    def read(self, keys: Collection[Key]) -> Batch:
        """Read rows consistently, and with them the joins of the members among them."""
        asked = set(keys)
        tokens = [MemberToken.of(key.task_token) for key in asked]
        ids = {token.join_id for token in tokens if token is not None}
        all_rows = self.table.read_rows({*asked, *map(join_key, ids)})
        joins = joins_in(all_rows)
        rows = {key: row for key, row in all_rows.items() if key in asked}
        return Batch(rows, joins)

    def tell(self, rows: Sequence[Wait], joins: JoinsById) -> list[str | Exception]:
        """Tell settled members' waits to their joins (:meth:`Teller.tell_waits`)."""
        members = [(row.member, row) for row in rows]
        waiting = [(member, row) for member, row in members if member is not None]
        unread = {member.join_id for member, _ in waiting} - set(joins)
        return self.teller.tell_waits(waiting, {**joins, **self.table.joins(unread)})

    def answer(self, row: Wait | Join, answer: Answer | None = None) -> str | None:
        """Answer one settled wait, a task's or a join's; marks its row.

        Args:
            row: as it was read; a join whole.
            answer: what to send instead of what follows from the row.

        Returns:
            ``success``, ``failure`` or ``stale``; None where Step Functions refused the call.

        Raises:
            ClientError, BotoCoreError: a call failed; try again.
        """
        wait = wait_of(row)
        task = task_wait(wait)
        if task is None:
            (result,) = self.tell([wait], {})
            if isinstance(result, Exception):
                raise result
            return result
        return self.answerer.answer(task, self._answer_of(row, answer))

    def answer_all(
        self, rows: Sequence[tuple[Wait | Join, Answer | None]]
    ) -> list[str | Exception | None]:
        """Answer many settled waits of tasks (:meth:`answer`); marks their rows in batches.

        Args:
            rows: each once, and what to send instead of what follows from it. No member's.

        Returns:
            In their order: as :meth:`answer`, or what the row met.
        """
        return self.answerer.answer_all(
            [
                (task, functools.partial(self._answer_of, row, answer))
                for row, answer in rows
                if (task := task_wait(wait_of(row))) is not None
            ]
        )

    def _answer_of(self, row: Wait | Join, answer: Answer | None) -> Answer:
        if answer is not None:
            return answer
        return self._results.answer_of_join(row) if isinstance(row, Join) else answer_of(row)

    def expand(self, expansion: Expansion, has_time_left: Callable[[], bool]) -> None:
        """Send a new join's members (:meth:`Expander.expand`)."""
        expander = Expander(
            table=self.table,
            teller=self.teller,
            attacher=Attacher(self.table, self.states, self.settings.payloads_url),
            s3=self.clients.s3,
            sqs=self.clients.sqs,
            has_time_left=has_time_left,
        )
        expander.expand(expansion)

    @property
    def teller(self) -> Teller:
        """Tells joins what became of their members."""
        return Teller(self.table, self.answerer.retention_days)

    @property
    def _results(self) -> Results:
        return Results(self.table, self.clients.s3, self.settings.joins_url)
