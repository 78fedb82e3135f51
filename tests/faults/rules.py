"""What is to come of a fault: one rule for each class of calls, never one for a cell.

The promises that hold for every cell stand in ``cell.py``; here stands who retries, what is
delayed, what is logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from faults.cell import LASTING, ONCE, Cell, expected_code
from faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

ANY = frozenset(Fault)
PASSING = frozenset(fault for fault in Fault if fault.may_pass)
REFUSED = ANY - PASSING
MISSING = frozenset({Fault.MISSING})
DENIED = frozenset({Fault.DENIED})

_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "DeleteMessageBatch", "SendTask")

QUEUE = "the queue"
NEIGHBOURS = "the queue, for the neighbours"
STREAM = "the stream"
RECONCILER = "the reconciler"
CONTINUE = "the sender, by a `#continue`"
CONTINUE_AGAIN = "the sender, by another `#continue`"

NEXT_MESSAGE = "the message's next delivery"
NEXT_BATCH = "the batch's next delivery"
NEXT_PASS = "its next pass"
GRACE = "a pass after the grace period"
REDELIVERY = "a pass after the redelivery time"
THE_RECORD = "the record of `#continue`"


@dataclass(frozen=True)
class Rule:
    """What comes of a fault that lasts until it is mended.

    Attributes:
        says: the rule.
        function: whose calls.
        steps: parts of ``Call.name``, one of which must be in it.
        faults: which faults.
        retried_by, waits_for: who tries again, and what the answer waits for.
        logged: texts that the log must hold; empty where nothing is to be said.
        is_marked: how the row is marked, where that is not the answer itself.
        unless_done: True where a write that took effect leaves nothing to retry.
        names_the_code: False where AWS's error code is no matter of the log.
    """

    says: str
    function: str
    steps: tuple[str, ...]
    faults: frozenset[Fault] = ANY
    retried_by: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    logged: tuple[str, ...] = ()
    is_marked: str | None = None
    unless_done: bool = False
    names_the_code: bool = True

    def fits(self, cell: Cell) -> bool:
        """True where the rule is about the cell."""
        return (
            cell.span == LASTING
            and cell.call.function == self.function
            and cell.fault in self.faults
            and any(step in cell.call.name for step in self.steps)
        )


SENDING = ("SendTaskSuccess", "SendTaskFailure")

RULES = (
    # --- process, step 1 ---
    Rule(
        "A payload whose object is missing is none: its waiter is told so.",
        "process",
        ("GetObject",),
        MISSING,
    ),
    Rule(
        "What cannot be registered comes back alone, and is registered by its next delivery.",
        "process",
        ("GetObject", "Registrar."),
        retried_by=(QUEUE,),
        waits_for=(NEXT_MESSAGE,),
        logged=("WARNING `not registered`", "raises `RegistrationFailed`"),
    ),
    # --- process, step 3 ---
    Rule(
        "Without the second read rows stay open: the end of their own run answers them.",
        "process",
        ("_Settler.settle > StateTable.read",),
        logged=('WARNING "Waits stay open until their runs end: …"',),
    ),
    Rule(
        "A run that could not start and is not settled at once is told by the reconciler, once "
        "the queue delivers no more.",
        "process",
        ("_Settler._put > WaitsTable.settle",),
        retried_by=(RECONCILER,),
        waits_for=(GRACE, REDELIVERY),
        logged=("WARNING `not settled`",),
        unless_done=True,
    ),
    Rule(
        "Neighbours that cannot be deleted come again; cirrus runs none of them twice.",
        "process",
        ("DeleteMessageBatch",),
        retried_by=(NEIGHBOURS,),
        logged=('WARNING "Processed messages could not be deleted from … and will come again',),
        unless_done=True,
    ),
    # --- update-state ---
    Rule(
        "A row that cannot be settled for a reason that passes is settled by the sender.",
        "update-state",
        ("WaitsTable.settle",),
        PASSING,
        retried_by=(CONTINUE,),
        waits_for=(THE_RECORD,),
        logged=("WARNING `not settled`",),
    ),
    Rule(
        "A row whose update is refused is settled by the reconciler.",
        "update-state",
        ("WaitsTable.settle",),
        REFUSED,
        retried_by=(RECONCILER,),
        waits_for=(GRACE,),
        logged=("WARNING `not settled`",),
    ),
    Rule(
        "What update-state cannot read, or put aside, it leaves to the reconciler; it never fails.",
        "update-state",
        ("WaitsTable.open_rows", "StateTable.get", "WaitsTable.continue_later"),
        retried_by=(RECONCILER,),
        waits_for=(GRACE,),
        logged=("its waits stay open until the reconciler settles them",),
        unless_done=True,
    ),
    # --- sender ---
    Rule(
        "Rows that cannot be read: the whole batch comes again.",
        "sender",
        ("Sender.send > WaitsTable.read",),
        retried_by=(STREAM,),
        waits_for=(NEXT_BATCH,),
        logged=("raises ",),
    ),
    Rule(
        "A task that is gone takes no answer: the row is stale, and that is all.",
        "sender",
        SENDING,
        MISSING,
        is_marked="stale",
    ),
    Rule(
        "An answer that is refused stays open for the reconciler and blocks no shard.",
        "sender",
        SENDING,
        DENIED,
        retried_by=(RECONCILER,),
        waits_for=(GRACE,),
        logged=('ERROR "Payload …: Step Functions refused the answer',),
    ),
    Rule(
        "An answer that cannot be sent now is sent by the batch's next delivery.",
        "sender",
        SENDING,
        PASSING,
        retried_by=(STREAM,),
        waits_for=(NEXT_BATCH,),
        logged=('WARNING "Payload …: wait … is delivered again',),
    ),
    Rule(
        "A mark that is refused delays nobody; the reconciler finds the token answered.",
        "sender",
        ("WaitsTable.mark_answered",),
        REFUSED,
        retried_by=(RECONCILER,),
        logged=('ERROR "Payload …: AWS refused a call for wait …',),
        is_marked="stale",
    ),
    Rule(
        "A mark that cannot be made now delays nobody; the next delivery finds the token answered.",
        "sender",
        ("WaitsTable.mark_answered",),
        PASSING,
        retried_by=(STREAM,),
        logged=('WARNING "Payload …: wait … is delivered again',),
        is_marked="stale",
    ),
    Rule(
        "The rest of a payload's rows: what passes is put aside once more.",
        "sender",
        ("_Settler.settle > WaitsTable.settle",),
        PASSING,
        retried_by=(CONTINUE_AGAIN,),
        waits_for=(THE_RECORD,),
        logged=("WARNING `not settled`",),
    ),
    Rule(
        "The rest of a payload's rows: an update that is refused is the reconciler's.",
        "sender",
        ("_Settler.settle > WaitsTable.settle",),
        REFUSED,
        retried_by=(RECONCILER,),
        waits_for=(GRACE,),
        logged=("WARNING `not settled`",),
    ),
    Rule(
        "The record of a `#continue` comes again until it is worked off.",
        "sender",
        ("settle_open_rows", "Sender._go_on"),
        retried_by=(STREAM,),
        waits_for=(NEXT_BATCH,),
        logged=('WARNING "Payload …: wait … is delivered again',),
        unless_done=True,
    ),
    # --- reconciler ---
    Rule(
        "Executions that cannot be listed are described one by one: nothing is delayed.",
        "reconciler",
        ("ListExecutions",),
        logged=('WARNING "Running executions of … cannot be listed',),
    ),
    Rule(
        "Objects that cannot be counted are no reason for a pass to fail.",
        "reconciler",
        ("ListObjectsV2",),
        logged=('WARNING "The objects below … could not be counted',),
    ),
    Rule(
        "A task that is gone takes no answer and no heartbeat: the row is stale.",
        "reconciler",
        ("SendTask",),
        MISSING,
        is_marked="stale",
    ),
    Rule(
        "A run that Step Functions does not know is left until the redelivery time.",
        "reconciler",
        ("DescribeExecution",),
        MISSING,
        retried_by=(RECONCILER,),
        waits_for=(NEXT_PASS,),
    ),
    Rule(
        "A shard that cannot be read is read by the next pass; the others are walked.",
        "reconciler",
        ("index waiting",),
        retried_by=(RECONCILER,),
        waits_for=(NEXT_PASS,),
        logged=('ERROR "Shard … of the waiting index cannot be read to its end',),
    ),
    Rule(
        "A heartbeat that cannot be sent is sent by the next pass.",
        "reconciler",
        ("SendTaskHeartbeat",),
        logged=('WARNING "Payload …: wait … could not be repaired',),
    ),
    Rule(
        "An answer that is refused is logged, and sent by the next pass.",
        "reconciler",
        SENDING,
        DENIED,
        retried_by=(RECONCILER,),
        waits_for=(NEXT_PASS,),
        logged=('ERROR "Payload …: Step Functions refused the answer',),
    ),
    Rule(
        "A mark that cannot be made delays nobody; the next pass finds the token answered.",
        "reconciler",
        ("WaitsTable.mark_answered",),
        retried_by=(RECONCILER,),
        logged=('WARNING "Payload …: wait … could not be repaired',),
        is_marked="stale",
        unless_done=True,
    ),
    Rule(
        "Whatever else a pass cannot do the next one does.",
        "reconciler",
        ("",),
        retried_by=(RECONCILER,),
        waits_for=(NEXT_PASS,),
        logged=('WARNING "Payload …: wait … could not be repaired',),
        unless_done=True,
    ),
)

AT_ONCE = "What passes at once is cured by the client: nothing is delayed, nothing is said."


def rule_of(cell: Cell) -> Rule | None:
    """The rule for a cell; None where the fault passes at once, or no rule was made."""
    return next((rule for rule in RULES if rule.fits(cell)), None)


def violations(cell: Cell) -> list[str]:
    """Where a cell is not as the rules say."""
    if cell.span == ONCE:
        return _at_once(cell)
    rule = rule_of(cell)
    if rule is None:
        return ["no rule says what is to come of this"]
    return [f"{found} (rule: {rule.says})" for found in _lasting(cell, rule)]


def _at_once(cell: Cell) -> list[str]:
    seen = cell.observed
    if seen.attempts < 2:
        return ["the client did not try again"]
    beyond = [*seen.retried_by, *seen.waits_for, *seen.logged]
    return [f"{beyond} (rule: {AT_ONCE})"] if beyond else []


def _lasting(cell: Cell, rule: Rule) -> list[str]:
    seen, found = cell.observed, []
    took_effect = cell.fault is Fault.TIMED_OUT and cell.call.operation.startswith(_WRITES)
    checks: tuple[Callable[[], str | None], ...] = (
        lambda: _differs("retried by", seen.retried_by, rule.retried_by, optional=took_effect),
        lambda: _differs("waits for", seen.waits_for, rule.waits_for, optional=took_effect),
        lambda: _unsaid(cell, rule),
    )
    for check in checks:
        problem = check()
        if problem is not None:
            found.append(problem)
    if rule.is_marked is not None and seen.row != rule.is_marked and not took_effect:
        found.append(f"the row is marked {seen.row}, not {rule.is_marked}")
    return found


def _differs(
    what: str,
    seen: tuple[str, ...],
    wanted: tuple[str, ...],
    *,
    optional: bool,
) -> str | None:
    if seen == wanted or (optional and not seen):
        return None
    return f"{what} {seen}, not {wanted}"


def _unsaid(cell: Cell, rule: Rule) -> str | None:
    lines = cell.observed.logged
    if not rule.logged:
        return f"{lines} is logged" if lines else None
    missing = [text for text in rule.logged if not any(text in line for line in lines)]
    if missing:
        return f"{missing} is not logged, but {lines}"
    code = expected_code(cell.call, cell.fault)
    if rule.names_the_code and not any(code in text for text in cell.texts):
        return f"no line names {code}"
    return None
