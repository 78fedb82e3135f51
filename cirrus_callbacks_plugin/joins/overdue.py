"""Joins that nobody goes on with: what the reconciler does for a join's own wait."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta  # noqa: TC003 - fields' types
from enum import Enum
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.joins.closing import close_at_deadline, close_if_counted
from cirrus_callbacks_plugin.joins.rows import MemberRow
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.error_names import NEVER_STARTED
from cirrus_callbacks_plugin.protocol.wait_log import log_wait
from cirrus_callbacks_plugin.waits.row import FAILURE, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.joins.rows import Join
    from cirrus_callbacks_plugin.joins.table import JoinsTable
    from cirrus_callbacks_plugin.joins.telling import Teller


class Due(Enum):
    """What an open join calls for."""

    DEADLINE = "deadline"
    """It has passed: the members' rows decide."""
    EXPANSION = "expansion"
    """Members are to be sent, or its list is still to be read; one of none is to be settled."""
    END = "end"
    """No message of it is in any queue by now: members without a row are missing."""


class Repair(Enum):
    """What is done for a join."""

    SETTLED = "settled"
    EXPANDED = "expanded"
    """Its members are to be sent again, from the first on that was not."""
    TOLD_MISSING = "told missing"
    """Members of which no message will come any more were told as never started."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the reconciler waits for others.

    Attributes:
        grace: rows younger than this are not repaired.
        redelivery: after that a message that was received once is delivered no more.
        queue: after that a message that was never received is kept no more.
    """

    grace: timedelta
    redelivery: timedelta
    queue: timedelta


def due(join: Join, now: datetime, patience: Patience) -> Due | None:
    """What an open join calls for; None for most: their members decide."""
    if join.deadline_at is not None and moment(join.deadline_at) <= now:
        return Due.DEADLINE
    if now - moment(join.wait.registered_at) < patience.grace:
        return None
    if not join.is_all_sent or join.total == 0:
        return Due.EXPANSION
    is_kept = now - moment(join.sent_at) < max(patience.queue, patience.redelivery)
    return None if is_kept else Due.END


@dataclass(slots=True, eq=False, repr=False)
class Overdue:
    """Looks after open joins.

    Attributes:
        table: the joins' rows.
        teller: tells of missing members.
        patience: how long others have.
        log_level: of the lines that tell what was done.
    """

    table: JoinsTable
    teller: Teller
    patience: Patience
    log_level: int = logging.WARNING

    def repair(self, join: Join, now: datetime) -> list[Repair]:
        """Do what an open join calls for, as it was read just now; most call for nothing.

        Raises:
            ClientError, BotoCoreError: a call failed; the next pass tries again.
        """
        calls_for = due(join, now, self.patience)
        if calls_for is Due.DEADLINE:
            members = self.table.members(join.join_id)
            is_done = close_at_deadline(self.table, join, members, repair_level=self.log_level)
            return [Repair.SETTLED] if is_done else []
        if calls_for is Due.EXPANSION:
            return self._expand(join, now)
        return self._end(join) if calls_for is Due.END else []

    def _expand(self, join: Join, now: datetime) -> list[Repair]:
        """Let the members be sent, unless the sender was told so lately."""
        expansion = self.table.expansion(join.join_id)
        if expansion is not None and now - moment(expansion.settled_at) < self.patience.grace:
            return []
        self.table.expand(join.join_id)
        log_wait(
            join.wait,
            wait_log.TO_BE_EXPANDED,
            level=self.log_level,
            total=join.total,
            sent=join.sent,
        )
        return [Repair.EXPANDED]

    def _end(self, join: Join) -> list[Repair]:
        """No message of this join is in any queue by now: members without a row are missing.

        Not earlier: under a backlog a message lies for days before it is first received.
        """
        members = self.table.members(join.join_id)
        missing = self._missing(join, members)
        if not missing:
            level = self.log_level
            is_done = close_if_counted(self.table, join, members, repair_level=level)
            return [Repair.SETTLED] if is_done else []
        # Which settles the join, if that decides it.
        for result in self.teller.tell_unsent(
            missing, step=wait_log.REPAIRED, level=self.log_level
        ):
            if isinstance(result, Exception):
                raise result
        return [Repair.TOLD_MISSING] * len(missing)

    def _missing(self, join: Join, members: Sequence[MemberRow]) -> list[MemberRow]:
        there = {row.member.index for row in members}
        seconds = int(self.patience.queue.total_seconds())
        now = self.table.waits.now()
        return [
            MemberRow(
                member=MemberToken(join.join_id, index),
                error=f"its message was never processed, and no queue keeps it after {seconds} s",
                answer=FAILURE,
                answer_error=NEVER_STARTED,
                told_at=now,
            )
            for index in range(join.total or 0)
            if index not in there
        ]
