"""The tracking table's stream: its records, and the filters that choose among them."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.waits.row import Key, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cirrus_callbacks_plugin.config import EnabledWorkflows

logger = logging.getLogger(__name__)

_ABSENT = [{"exists": False}]
_PRESENT = [{"exists": True}]


def filter_patterns(enabled: EnabledWorkflows) -> list[dict[str, Any]]:
    """The filter patterns of the sender's event source mapping; they are OR-ed.

    1. Settled and unanswered rows: those are to be answered.
    2. New rows of workflows whose flag is off: those are to be refused. With the flag on
       for every workflow there is no such pattern.

    ``exists`` works on leaf keys only and ``{"exists": false}`` also matches a record
    without an image, so the sender checks again.
    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
    """
    patterns: list[dict[str, Any]] = [
        {
            "dynamodb": {
                "NewImage": {"settled_at": {"S": _PRESENT}, "answered_at": {"S": _ABSENT}},
            },
        },
    ]
    if enabled.names is None:
        return patterns
    new_row: dict[str, Any] = {"eventName": ["INSERT"]}
    if enabled.names:
        others = [{"anything-but": sorted(enabled.names)}]
        new_row["dynamodb"] = {"NewImage": {"workflow": {"S": others}}}
    return [*patterns, new_row]


def filter_criteria(enabled: EnabledWorkflows) -> dict[str, Any]:
    """The ``FilterCriteria`` of CreateEventSourceMapping."""
    return {
        "Filters": [
            {"Pattern": json.dumps(pattern, separators=(",", ":"), sort_keys=True)}
            for pattern in filter_patterns(enabled)
        ],
    }


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One record of the stream.

    Attributes:
        sequence_number: its place in the shard; what a partial batch response names.
        key: the row's key.
        inserted: the row's first image, for a record of a new row.
    """

    sequence_number: str
    key: Key
    inserted: Wait | None

    @classmethod
    def from_batch(cls, records: Sequence[Mapping[str, Any]]) -> list[StreamRecord]:
        """Read a batch; a record that cannot be read never will be, and blocks nobody."""
        read = []
        for record in records:
            try:
                read.append(cls.from_event(record))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                logger.error(  # noqa: TRY400 - a traceback shows nothing that helps
                    "A stream record is no row of the tracking table (%s: %s); passed over",
                    type(error).__name__,
                    record.get("eventID", "without an id"),
                )
        return [record for record in read if record is not None]

    @classmethod
    def from_event(cls, record: Mapping[str, Any]) -> StreamRecord | None:
        """Read a record; None for one that says nothing of a row that is there (a removal)."""
        change = record["dynamodb"]
        image = change.get("NewImage")
        if record.get("eventName") == "REMOVE" or not image:
            return None
        return cls(
            sequence_number=str(change["SequenceNumber"]),
            key=Key.from_item(change["Keys"]),
            inserted=Wait.from_item(image) if record.get("eventName") == "INSERT" else None,
        )
