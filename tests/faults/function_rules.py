"""What is to come of the faults of the functions' calls."""

from __future__ import annotations

from faults.rule import DENIED, MISSING, PASSING, REFUSED, SENDING, Rule

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

RULES = (
    # --- process, step 1 ---
    Rule(
        "A payload whose object is missing is invalid: its waiter is told so, its neighbours run.",
        "process",
        ("GetObject",),
        MISSING,
        logged=("WARNING `left out`",),
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
        ("_SettlerAfterCirrus.settle > StateTable.read",),
        logged=("WARNING `not settled`",),
    ),
    Rule(
        "A run that could not start and is not settled at once is told by the reconciler, once "
        "the queue delivers no more.",
        "process",
        ("_SettlerAfterCirrus._settle > WaitsTable.settle",),
        retried_by=(RECONCILER,),
        waits_for=(GRACE, REDELIVERY),
        logged=("WARNING `not settled`",),
    ),
    Rule(
        "A run that cannot be noted is missed only where its record is deleted.",
        "process",
        ("_SettlerAfterCirrus._put_run > WaitsTable.note_run",),
        logged=("WARNING `run not noted`",),
    ),
    Rule(
        "Neighbours that cannot be deleted come again; cirrus runs none of them twice.",
        "process",
        ("DeleteMessageBatch",),
        retried_by=(NEIGHBOURS,),
        logged=('WARNING "Processed messages could not be deleted from … and will come again',),
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
        logged=("ERROR `not settled`",),
    ),
    # --- sender ---
    Rule(
        "Rows that cannot be read: the whole batch comes again.",
        "sender",
        ("Sender.send > JoinsTable.read_rows",),
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
        logged=("ERROR `not answered`",),
    ),
    Rule(
        "An answer that cannot be sent now is sent by the batch's next delivery.",
        "sender",
        SENDING,
        PASSING,
        retried_by=(STREAM,),
        waits_for=(NEXT_BATCH,),
        logged=("WARNING `delivered again`",),
    ),
    Rule(
        "A mark that is refused delays nobody; the reconciler finds the token answered.",
        "sender",
        ("WaitsTable.mark_answered",),
        REFUSED,
        retried_by=(RECONCILER,),
        logged=("ERROR `not answered`",),
        is_marked="stale",
    ),
    Rule(
        "A mark that cannot be made now delays nobody; the next delivery finds the token answered.",
        "sender",
        ("WaitsTable.mark_answered",),
        PASSING,
        retried_by=(STREAM,),
        logged=("WARNING `delivered again`",),
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
        logged=("WARNING `delivered again`",),
    ),
    # --- reconciler ---
    Rule(
        "Executions that cannot be listed are described one by one: nothing is delayed.",
        "reconciler",
        ("ListExecutions",),
        logged=('WARNING "Running executions of … cannot be listed',),
    ),
    Rule(
        "Objects that cannot be counted do not make a pass fail.",
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
        "Where the last pass stopped cannot be read: this one begins elsewhere, and no row waits.",
        "reconciler",
        ("WaitingIndex.places",),
        logged=('WARNING "Where the last pass stopped is not known',),
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
        ("SendTaskHeartbeat", "Heartbeats._beat > WaitsTable.read_rows"),
        logged=("WARNING `not repaired`",),
    ),
    Rule(
        "An answer that is refused is logged, and sent by the next pass.",
        "reconciler",
        SENDING,
        DENIED,
        retried_by=(RECONCILER,),
        waits_for=(NEXT_PASS,),
        logged=("ERROR `not answered`",),
    ),
    Rule(
        "A mark that cannot be made delays nobody; the next pass finds the token answered.",
        "reconciler",
        ("WaitsTable.mark_answered",),
        retried_by=(RECONCILER,),
        logged=("WARNING `not repaired`",),
        is_marked="stale",
    ),
    Rule(
        "Whatever else a pass cannot do the next one does.",
        "reconciler",
        ("",),
        retried_by=(RECONCILER,),
        waits_for=(NEXT_PASS,),
        logged=("WARNING `not repaired`",),
    ),
)
