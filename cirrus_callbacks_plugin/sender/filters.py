"""The filters of the sender's event source mapping."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.waits.row import JOIN

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.config import EnabledWorkflows

_ABSENT = [{"exists": False}]
_PRESENT = [{"exists": True}]


def filter_patterns(enabled: EnabledWorkflows) -> list[dict[str, Any]]:
    """The filter patterns of the sender's event source mapping; they are OR-ed.

    1. Settled and unanswered rows: those are to be answered.
    2. New rows of workflows whose flag is off: those are to be refused. With the flag on
       for every workflow there is no such pattern. A join is not a workflow and has no flag;
       other rows without a workflow (a list of members, what became of one) never match.

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
    others = [{"anything-but": sorted({JOIN, *enabled.names})}]
    new_row = {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"workflow": {"S": others}}},
    }
    return [*patterns, new_row]


def filter_criteria(enabled: EnabledWorkflows) -> dict[str, Any]:
    """The ``FilterCriteria`` of CreateEventSourceMapping."""
    return {
        "Filters": [
            {"Pattern": json.dumps(pattern, separators=(",", ":"), sort_keys=True)}
            for pattern in filter_patterns(enabled)
        ],
    }
