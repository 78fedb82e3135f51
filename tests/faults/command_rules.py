"""What is to come of the faults of the operators' commands."""

from __future__ import annotations

from faults.calls import COMMAND
from faults.fault import Fault
from faults.rule import DENIED, MISSING, SENDING, Rule

SENDER = "the sender"
ROW_RECORD = "the row's stream record"
OPERATOR = "the caller"
SAME_COMMAND = "the same command"

RULES = (
    Rule(
        "Who repairs is named by the machine's user where AWS does not say it.",
        COMMAND,
        ("GetCallerIdentity",),
    ),
    Rule(
        "Executions that cannot be listed are described one by one.",
        COMMAND,
        ("ListExecutions",),
        logged=('WARNING "Running executions of … cannot be listed',),
    ),
    Rule(
        "Without a reconciler one's own environment holds; to look, the defaults will do.",
        COMMAND,
        ("GetFunctionConfiguration",),
        MISSING,
    ),
    Rule(
        "Without a reconciler one's own environment holds; to look, the defaults will do.",
        COMMAND,
        (
            "waits._looking > settings.reconciler_settings",
            "show.command > settings",
            "show._show_join > settings",
            "graph.command > settings",
        ),
        DENIED,
    ),
    Rule(
        "A command that only reads ends with the call's name, and may be run again.",
        COMMAND,
        ("Survey.record ", "stats.", "joins.read_join", "gathering."),
        DENIED,
        logged=("exit status 3: cirrus-callbacks: you are not allowed to call ",),
    ),
    Rule(
        "A run that Step Functions does not know is left until the redelivery time.",
        COMMAND,
        ("DescribeExecution",),
        MISSING,
        retried_by=(OPERATOR,),
        waits_for=(SAME_COMMAND,),
        logged=("exit status 1",),
        names_the_code=False,
    ),
    Rule(
        "A task that is gone waits no more, as `cancel` wanted: the row is stale.",
        COMMAND,
        ("SendTaskFailure",),
        MISSING,
        is_marked="stale",
        names_the_code=False,
    ),
    Rule(
        "A task that is gone takes no answer: the row is stale, and the command says so.",
        COMMAND,
        SENDING,
        MISSING,
        logged=("exit status 1",),
        is_marked="stale",
        names_the_code=False,
    ),
    Rule(
        "What a command has settled and cannot answer the sender answers.",
        COMMAND,
        (*SENDING, "HandRepairer._answered", "HandRepairer._now", "HandRepairer._send"),
        retried_by=(SENDER,),
        waits_for=(ROW_RECORD,),
        logged=("exit status ",),
    ),
    Rule(
        "A mark that cannot be made delays nobody; the sender finds the token answered.",
        COMMAND,
        ("WaitsTable.mark_answered",),
        retried_by=(SENDER,),
        logged=("exit status ",),
        is_marked="stale",
    ),
    Rule(
        "What was written without a word of it the sender goes on with.",
        COMMAND,
        ("> WaitsTable.settle", "> WaitsTable.note"),
        frozenset({Fault.TIMED_OUT}),
        retried_by=(SENDER,),
        waits_for=(ROW_RECORD,),
        logged=("exit status 3",),
    ),
    Rule(
        "A command that cannot go on ends with the call's name; run again, it does the rest.",
        COMMAND,
        ("",),
        retried_by=(OPERATOR,),
        waits_for=(SAME_COMMAND,),
        logged=("exit status ",),
    ),
)
