"""The life of a wait in the logs: one line of JSON a step, searchable by payload id.

Registered, settled, answered, repaired: hooks, sender, reconciler and the operators' commands
all write the same form::

    {"callback": "settled", "payload_id": "...", "wait": "1a2b3c4d", "workflow_state": "FAILED"}

In CloudWatch Logs Insights: ``filter @message like "PAYLOAD_ID" and @message like "callback"``.
Tokens are named by their digest, and stand in no line.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.waits.step_log import log_step

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from cirrus_callbacks_plugin.waits.row import Wait

PACKAGE = __name__.partition(".")[0]

REGISTERED = "registered"
REGISTERED_BEFORE = "registered before"
NOT_REGISTERED = "not registered"
SETTLED = "settled"
SETTLED_BEFORE = "settled before"
LEFT_OPEN = "left open"
NOT_SETTLED = "not settled"
LEFT_OUT = "left out"
NOT_NOTED = "run not noted"
LEFT_TO_SENDER = "left to the sender"
DELIVERED_AGAIN = "delivered again"
ANSWERED = "answered"
NOT_ANSWERED = "not answered"
TOLD = "told to its join"
NOT_EXPANDED = "members not sent"
TO_BE_EXPANDED = "members to be sent again"
REPAIRED = "repaired"
NOT_REPAIRED = "not repaired"
IN_CYCLE = "in a cycle"


def log_wait(row: Wait, step: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Log one step of a row's life."""
    log_step(
        step,
        row.payload_id,
        level=level,
        wait=row.key.name,
        waiter=row.waiter_payload_id or row.waiter_execution_arn,
        **facts,
    )


def log_registered(row: Wait, *, is_new: bool) -> None:
    """Log that a row is there: put now, or found as a message before has put it."""
    log_wait(
        row,
        REGISTERED if is_new else REGISTERED_BEFORE,
        workflow_state=row.workflow_state,
        seen_state=row.seen_state,
        seen_execution=row.seen_execution,
        settled=row.is_settled,
        answer_error=row.answer_error,
    )


def log_repaired(row: Wait, outcome: Outcome, *, level: int = logging.INFO) -> None:
    """Log that a row was settled by somebody else than the hooks and the sender."""
    log_wait(
        row,
        REPAIRED,
        level=level,
        workflow_state=outcome.workflow_state,
        answer_error=outcome.answer_error,
        execution_arn=outcome.execution_arn,
    )


def enable_in_lambda() -> None:
    """Let the lines through in Lambda, whose root logger begins at WARNING.

    A level that the function's own log configuration names holds. Cirrus 0.7's logging
    setup switches off every logger that it finds: those of this package are on again.
    """
    if "AWS_LAMBDA_RUNTIME_API" not in os.environ:
        return
    for name, known in logging.root.manager.loggerDict.items():
        if isinstance(known, logging.Logger) and name.partition(".")[0] == PACKAGE:
            known.disabled = False
    if not os.environ.get("AWS_LAMBDA_LOG_LEVEL"):
        logging.getLogger(PACKAGE).setLevel(logging.INFO)
