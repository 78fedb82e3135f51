"""Which waiting children wait themselves: who waits for whom, as far as waiters were told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cirrus_callbacks_plugin.waits.row import Wait


@dataclass
class Chains:
    """The open waits by waiter.

    Attributes:
        by_execution: payloads waited for, by the waiting execution's ARN.
        by_payload: the same by the waiting payload's id, where no execution was told.
    """

    by_execution: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_payload: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, rows: Iterable[Wait]) -> Chains:
        """From every open row."""
        chains = cls()
        for row in rows:
            if row.waiter_execution_arn:
                chains.by_execution[row.waiter_execution_arn].append(row.payload_id)
            elif row.waiter_payload_id:
                chains.by_payload[row.waiter_payload_id].append(row.payload_id)
        return chains

    def waited_for_by(self, payload_id: str, execution_arn: str | None) -> list[str]:
        """What a running child waits for; the run that was told decides, else the payload."""
        by_run = self.by_execution.get(execution_arn or "", [])
        return list(dict.fromkeys([*by_run, *self.by_payload.get(payload_id, [])]))
