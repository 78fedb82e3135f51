"""Rows that are not waits: their sort key begins with ``#``.

``#continue`` carries an outcome whose settling goes on in the sender. A reserved row of any
other kind belongs to a newer version of this package: every reader passes over it, so that
hooks, sender and reconciler can be upgraded in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.waits.malformed import Malformed, log_malformed
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import (
    CONTINUE,
    UNKNOWN_WORKFLOW,
    Key,
    MalformedRowError,
    Wait,
    read_text,
    read_time,
    serialize,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Continuation:
    """An outcome with which the sender settles what update-state had no time for.

    Attributes:
        payload_id: the payload whose rows are to be settled.
        workflow: its workflow.
        outcome: what they are to be settled with.
        settled_at: when this continuation was put, ISO 8601 UTC; a newer one has a later time.
        cirrus_version: the cirrus that wrote the outcome.
        stopped_at: when the run ended; None where that is not known.
    """

    payload_id: str
    workflow: str
    outcome: Outcome
    settled_at: str
    cirrus_version: str | None = None
    stopped_at: str | None = None

    @property
    def key(self) -> Key:
        """The row's key: one continuation a payload."""
        return Key.of(self.payload_id, CONTINUE)

    def to_item(self) -> dict[str, Any]:
        """The row as DynamoDB's low-level API takes it; without ``waiting``."""
        values = {
            "workflow": self.workflow,
            "settled_at": self.settled_at,
            "cirrus_version": self.cirrus_version,
            "stopped_at": self.stopped_at,
            **self.outcome.attributes(),
        }
        item = {name: serialize(value) for name, value in values.items() if value is not None}
        item.update(self.key.to_item())
        if self.key.payload_id != self.payload_id:
            item["full_payload_id"] = {"S": self.payload_id}
        return item

    @classmethod
    def from_item(cls, item: Item) -> Continuation:
        """Read the row; attributes of a newer version are passed over.

        Raises:
            MalformedRowError: an attribute is not what it must be, or no outcome is told.
        """

        def text(name: str) -> str | None:
            return read_text(name, item[name]) if name in item else None

        key = Key.from_item(item)
        outcome = Outcome(
            workflow_state=text("workflow_state"),
            execution_arn=text("execution_arn"),
            error=text("error"),
            output_payload_url=text("output_payload_url"),
            answer_error=text("answer_error"),
        )
        if outcome.workflow_state is None and outcome.answer_error is None:
            raise MalformedRowError("it tells no outcome")
        return cls(
            payload_id=text("full_payload_id") or key.payload_id,
            workflow=text("workflow") or UNKNOWN_WORKFLOW,
            outcome=outcome,
            settled_at=read_time("settled_at", item.get("settled_at")),
            cirrus_version=text("cirrus_version"),
            stopped_at=text("stopped_at"),
        )


def row_from_item(
    item: Item,
    key: Key | None = None,
) -> Wait | Continuation | Malformed | None:
    """Read a row of the table; None for a reserved row that this version does not know."""
    try:
        key = key or Key.from_item(item)
        if key.is_continuation:
            return Continuation.from_item(item)
        return None if key.is_reserved else Wait.from_item(item, key)
    except MalformedRowError as error:
        return Malformed(key, str(error))


def waits_in(items: Iterable[Item]) -> list[Wait]:
    """The waits among some rows; reserved rows are left out, and malformed ones are logged."""
    waits = []
    for item in items:
        row = row_from_item(item)
        if isinstance(row, Malformed):
            log_malformed(row)
        elif isinstance(row, Wait):
            waits.append(row)
    return waits
