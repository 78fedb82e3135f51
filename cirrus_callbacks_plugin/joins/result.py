"""What a parent is told of its join's members, as pure functions on their rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.closing import Counts
from cirrus_callbacks_plugin.naming import is_text
from cirrus_callbacks_plugin.protocol.answer import MAX_CAUSE_BYTES, Answer
from cirrus_callbacks_plugin.protocol.error_names import JOIN_FAILED, UNEXPLAINED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.joins.rows import Join, MemberRow

MAX_OUTPUT_BYTES = 65_536
"""Of a success with its members: a state holds 262,144, and a parent has data of its own."""


@dataclass(frozen=True, slots=True)
class S3Object:
    """Where the whole list of members lies."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class JoinResult:
    """A join and its members, as they are when it is answered.

    Attributes:
        join: the join.
        members: the rows of those that arrived or were told.
        members_at: where the whole list lies; None where it was not written.
    """

    join: Join
    members: Sequence[MemberRow]
    members_at: S3Object | None = None

    def whole_list(self) -> list[dict[str, Any]]:
        """Every member in the order of the request; of one never heard of its index alone."""
        there = {row.member.index: row for row in self.members}
        total = self.join.total or 0
        return [
            _entry(index, there[index]) if index in there else {"index": index}
            for index in range(total)
        ]

    def success(self) -> Answer:
        """The output: with the members where they fit into it."""
        facts = self._facts()
        whole = write({**facts, "members": self.whole_list(), **self._place()})
        if len(whole.encode()) <= MAX_OUTPUT_BYTES:
            return Answer(None, whole)
        return Answer(None, write({**facts, **self._place()}))

    def failure(self) -> Answer:
        """The cause: why, and as many of the failed members as fit into it."""
        why = self.join.wait.error or UNEXPLAINED[JOIN_FAILED]
        facts = self._facts()
        rest = {**self._place(), "error": why, "errorMessage": why}
        failed = [_entry(row.member.index, row) for row in self.members if row.has_failed]
        room = MAX_CAUSE_BYTES - len(write({**facts, "members": [], **rest}).encode())
        fitting = []
        for entry in failed:
            room -= len(write(entry).encode()) + 1  # and a comma
            if room < 0:
                break
            fitting.append(entry)
        return Answer(JOIN_FAILED, write({**facts, "members": fitting, **rest}))

    def _facts(self) -> dict[str, Any]:
        counts, total = Counts.of(self.members), self.join.total
        facts = {
            "join_id": self.join.join_id,
            "name": self.join.name,
            "total": total,  # unknown where the list has not been read
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "pending": None if total is None else total - counts.succeeded - counts.failed,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _place(self) -> dict[str, Any]:
        if self.members_at is None:
            return {}
        return {"members_at": {"bucket": self.members_at.bucket, "key": self.members_at.key}}


def _entry(index: int, row: MemberRow) -> dict[str, Any]:
    error = {"name": row.answer_error, "cause": row.error} if row.has_failed else {}
    known = {name: value for name, value in error.items() if value is not None}
    entry = {
        "index": index,
        "payload_id": row.member_payload_id,
        "workflow_state": row.workflow_state,
        "execution_arn": row.execution_arn,
        "output_payload_url": row.output_payload_url,
        "error": known or None,
    }
    return {name: value for name, value in entry.items() if value is not None}


def write(value: Any) -> str:
    """Compact JSON; characters as they are, but for those that SQS or UTF-8 do not take.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not is_text(text):
        return json.dumps(value, separators=(",", ":"))
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
