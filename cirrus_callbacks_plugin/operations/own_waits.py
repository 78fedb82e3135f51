"""What a payload itself waits for: how many of its waits were answered, and which are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.operations.survey import Filters
from cirrus_callbacks_plugin.protocol.error_names import answer_name_of
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE, timestamp

if TYPE_CHECKING:
    from collections.abc import Collection

    from cirrus_callbacks_plugin.operations.survey import ExplainedWait, Survey
    from cirrus_callbacks_plugin.reconcile.judge import Run
    from cirrus_callbacks_plugin.waits.row import Wait

SEGMENTS = 4
"""Parts of the tracking table that are read at once."""


@dataclass(frozen=True, slots=True)
class OwnWaits:
    """The waits of a payload's newest run; a join is one.

    Attributes:
        open: without an answer, oldest first, each with its reason.
        answered: the others, oldest first. Not looked for where nothing is open.
    """

    open: tuple[ExplainedWait, ...] = ()
    answered: tuple[Wait, ...] = ()

    @property
    def failed(self) -> tuple[Wait, ...]:
        """Those that were told a failure."""
        return tuple(row for row in self.answered if row.answer == FAILURE)

    @property
    def text(self) -> str:
        """The counts in a clause: "41 of 60 answered, 2 failed"."""
        total = len(self.open) + len(self.answered)
        parts = [f"{len(self.answered)} of {total} answered"]
        if self.failed:
            parts.append(f"{len(self.failed)} failed")
        not_taken = sum(row.answer == STALE for row in self.answered)
        if not_taken:
            parts.append(f"{not_taken} not taken")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """The counts and the failures, with stable keys."""
        return {
            "open": len(self.open),
            "answered": len(self.answered),
            "failed": [
                {
                    "payload_id": row.payload_id,
                    "wait": row.key.name,
                    "answered_at": row.answered_at,
                    "answer_error": answer_name_of(row),
                    "error": row.error,
                }
                for row in self.failed
            ],
        }


def own_waits(
    survey: Survey,
    payload_id: str,
    executions: Collection[str],
    newest: Run | None,
) -> OwnWaits:
    """Look for the waits of a payload's own runs.

    No index leads there: every open row is looked at, and where one is found, the whole table
    is read for the answered ones beside it.

    Args:
        survey: a look at the deployment.
        payload_id: the payload that waits.
        executions: its runs.
        newest: the last of them; of older ones only what is open counts.

    Raises:
        ClientError, BotoCoreError: AWS could not be asked.
    """
    rows = [
        row
        for row in survey.rows(Filters(without_members=True))
        if row.waiter_payload_id == payload_id or row.waiter_execution_arn in executions
    ]
    if not rows:
        return OwnWaits()
    since = timestamp(newest.started) if newest is not None and newest.started else ""
    return OwnWaits(
        tuple(survey.explained(rows)),
        tuple(_answered(survey, payload_id, newest.execution_arn if newest else None, since)),
    )


def _answered(survey: Survey, payload_id: str, execution: str | None, since: str) -> list[Wait]:
    def read(segment: int) -> list[Wait]:
        pages = survey.deployment.queries.answered_waits_of(
            payload_id, execution, since, segment=segment, segments=SEGMENTS
        )
        return [row for page in pages for row in page if row.member is None]

    answered: list[Wait] = []
    for result in run_side_by_side(read, range(SEGMENTS)):
        if isinstance(result, Exception):
            raise result
        answered += result
    return sorted(answered, key=lambda row: row.answered_at or "")
