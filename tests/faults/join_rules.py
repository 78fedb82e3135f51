"""What is to come of the faults of the calls that only joins make."""

from __future__ import annotations

from faults.calls import COMMAND
from faults.command_rules import OPERATOR, ROW_RECORD, SAME_COMMAND, SENDER
from faults.fault import Fault
from faults.function_rules import (
    GRACE,
    NEXT_BATCH,
    NEXT_MESSAGE,
    NEXT_PASS,
    QUEUE,
    RECONCILER,
    STREAM,
)
from faults.rule import ANY, DENIED, MISSING, PASSING, REFUSED, Rule

_TELLING = ("Teller.", "closing.", "Results.answer_of_join > JoinsTable.members")
_SENDING = ("Expander.", "Attacher.", "queueing.", "listing.")
_AGAIN = "WARNING `delivered again`"
_BUSY = frozenset({Fault.THROTTLED, Fault.SERVER_ERROR})
_NO_LIST = "A list that S3 does not take is left out of the answer: nobody waits for it."
_NOT_WRITTEN = ('WARNING "The list of … could not be written to ',)
_MARK = "Teller._mark"

RULES = (
    # --- process ---
    Rule(
        "A join, or a member, that cannot be registered comes back alone.",
        "process",
        ("Opening.", "JoinRegistrar."),
        retried_by=(QUEUE,),
        waits_for=(NEXT_MESSAGE,),
        logged=("WARNING `not registered`", "raises `RegistrationFailed`"),
    ),
    # --- sender: telling and answering ---
    Rule(
        "A member's mark that is refused delays nobody; the reconciler makes it.",
        "sender",
        (_MARK,),
        REFUSED,
        retried_by=(RECONCILER,),
        logged=("ERROR `not answered`",),
    ),
    Rule(_NO_LIST, "sender", ("Results._written",), ANY - _BUSY, logged=_NOT_WRITTEN),
    Rule(
        "What tells a join of a member, or answers it, and is refused is the reconciler's.",
        "sender",
        _TELLING,
        REFUSED,
        retried_by=(RECONCILER,),
        waits_for=(GRACE,),
        logged=("ERROR `not answered`",),
    ),
    Rule(
        "A member's mark that cannot be made now comes again, and the join's record behind it.",
        "sender",
        (_MARK,),
        PASSING,
        retried_by=(STREAM,),
        waits_for=(NEXT_BATCH,),
        logged=(_AGAIN,),
    ),
    Rule(
        "What tells a join of a member, or answers it, is done by the batch's next delivery.",
        "sender",
        (*_TELLING, "Results._written"),
        PASSING,
        retried_by=(STREAM,),
        waits_for=(NEXT_BATCH,),
        logged=(_AGAIN,),
    ),
    Rule(
        "Joins that cannot be read: the whole batch comes again.",
        "sender",
        ("Joins.tell",),
        retried_by=(STREAM,),
        waits_for=(NEXT_BATCH,),
        logged=("raises ",),
    ),
    # --- sender: expanding ---
    Rule(
        "A list that is not there, or not to be read, is wrong: the join's parent is told so.",
        "sender",
        ("listing.read_list",),
        DENIED | MISSING,
    ),
    Rule(
        "A batch that SQS refuses is sent message by message: nothing is delayed.",
        "sender",
        ("SendMessageBatch",),
        REFUSED,
    ),
    Rule(
        "What was sent and cannot be noted is sent again at the worst: nobody waits for that.",
        "sender",
        ("JoinsTable.advance", "Expander.expand > WaitsTable.finish"),
        REFUSED,
        logged=("ERROR `members not sent`",),
    ),
    Rule(
        "What sends a join's members and is refused blocks no shard; the reconciler begins again.",
        "sender",
        _SENDING,
        REFUSED,
        retried_by=(RECONCILER,),
        waits_for=(GRACE,),
        logged=("ERROR `members not sent`",),
    ),
    Rule(
        "What sends a join's members is done by the batch's next delivery.",
        "sender",
        _SENDING,
        PASSING,
        retried_by=(STREAM,),
        waits_for=(NEXT_BATCH,),
        logged=(_AGAIN,),
    ),
    # --- reconciler ---
    Rule(_NO_LIST, "reconciler", ("Results._written",), ANY - _BUSY, logged=_NOT_WRITTEN),
    Rule(
        "A member's mark that cannot be made delays nobody; the next pass makes it.",
        "reconciler",
        (_MARK,),
        retried_by=(RECONCILER,),
        logged=("WARNING `not repaired`",),
    ),
    Rule(
        "Whatever else a pass cannot do for a join the next one does.",
        "reconciler",
        (*_TELLING, "Results._written"),
        retried_by=(RECONCILER,),
        waits_for=(NEXT_PASS,),
        logged=("WARNING `not repaired`",),
    ),
    # --- commands ---
    Rule(_NO_LIST, COMMAND, ("Results._written",), ANY - _BUSY, logged=_NOT_WRITTEN),
    Rule(
        "A member's mark that a command cannot make delays nobody; the sender makes it.",
        COMMAND,
        (_MARK,),
        logged=("exit status ",),
    ),
    Rule(
        "What a command cannot tell a join it tells when it is run again.",
        COMMAND,
        ("Teller.", "closing."),
        retried_by=(OPERATOR,),
        waits_for=(SAME_COMMAND,),
        logged=("exit status ",),
    ),
    Rule(
        "A join that a command cannot answer the sender answers.",
        COMMAND,
        ("Results.",),
        retried_by=(SENDER,),
        waits_for=(ROW_RECORD,),
        logged=("exit status ",),
    ),
)
