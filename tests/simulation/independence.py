"""Which calls need no choice: nothing else that may happen could tell a difference.

Partial-order reduction, in its simplest form: where an invocation stands at a call that
no other one, under way or still to come, conflicts with, that call is made at once; other
orders lead to the same states. (Faults of that call are choices all the same.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.actors import Call

# Who reads and who writes what. The letters: the state table, the tracking table,
# executions, task tokens, the queue.
READS = {
    "process": "SWXQ",
    "update_state": "SW",
    "sender": "WSK",
    "reconciler": "SWXK",
    "end": "",
}
WRITES = {
    "process": "SWXQ",
    "update_state": "SW",
    "sender": "WK",
    "reconciler": "WK",
    "end": "E",
}


def touched(call: Call) -> tuple[str, bool]:
    """What a call touches, and whether it writes."""
    if call.service == "sqs":
        return "Q", True
    if call.service == "stepfunctions":
        if call.operation == "StartExecution":
            return "X", True
        if call.operation.startswith("SendTask"):
            return "K", True
        return "E", False
    table = call.request.get("TableName") or next(iter(call.request["RequestItems"]))
    writes = call.operation in ("PutItem", "UpdateItem", "DeleteItem")
    return ("W" if table.endswith("-callbacks") else "S"), writes


def conflicts(call: Call, others: set[str]) -> bool:
    """True where one of these kinds of actors could tell whether the call was made before it."""
    what, writes = touched(call)
    return any(what in WRITES[other] or (writes and what in READS[other]) for other in others)
