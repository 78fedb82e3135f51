"""What is to come of the faults of batches, where that is another thing than of one update."""

from __future__ import annotations

from faults.rule import REFUSED, Rule

RULES = tuple(
    Rule(
        "A batch that is refused is written row by row: nothing is delayed, and the log says so.",
        function,
        ("BatchExecuteStatement",),
        REFUSED,
        logged=('WARNING "AWS refuses ',),
    )
    for function in ("process", "update-state", "sender", "reconciler")
)
