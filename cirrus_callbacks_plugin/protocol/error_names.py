"""The names of the errors that a waiting task may catch, and which one a row is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.state_table import COMPLETED_STATES
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.row import Wait

FAILED = "CirrusCallback.Failed"
ABORTED = "CirrusCallback.Aborted"
INVALID_RUN = "CirrusCallback.Invalid"
INVALID_PAYLOAD = "CirrusCallback.InvalidPayload"
NOT_ENABLED = "CirrusCallback.NotEnabled"
NEVER_STARTED = "CirrusCallback.NeverStarted"
CANCELLED = "CirrusCallback.Cancelled"
JOIN_FAILED = "CirrusCallback.JoinFailed"
DEPENDENCY_CYCLE = "CirrusCallback.DependencyCycle"

ERROR_OF_STATE = {"ABORTED": ABORTED, "INVALID": INVALID_RUN}
"""Of the others that are not a success, FAILED among them: ``FAILED``."""

UNEXPLAINED = {
    FAILED: "the run failed, and nothing tells why",
    ABORTED: "the run was aborted",
    INVALID_RUN: "the run refused its input, and nothing tells why",
    INVALID_PAYLOAD: "cirrus cannot accept the payload",
    NEVER_STARTED: "no run came of the message",
    CANCELLED: "the wait was cancelled by an operator",
    JOIN_FAILED: "too few members succeeded",
    DEPENDENCY_CYCLE: "the waits wait for one another",
}
"""What a cause says where the row holds no error text: a cause always says something."""
NOTHING_SAID = "nothing tells why"


def answer_name_of(row: Wait) -> str | None:
    """How people call the answer that a row was given; None for one without an answer.

    The error's name for a failure, else ``success`` or ``stale``.
    """
    return row.answer_error if row.answer == FAILURE else row.answer


NOT_TAKEN = "not taken: the waiting task was over"


def answer_text_of(row: Wait) -> str | None:
    """The same in a clause: nobody is told ``stale``."""
    return NOT_TAKEN if row.answer == STALE else answer_name_of(row)


def answer_error_of(row: Wait) -> str | None:
    """The error name that a settled row is answered with; None for a success."""
    if row.answer_error is not None:
        return row.answer_error
    if row.workflow_state in COMPLETED_STATES:
        return None
    return ERROR_OF_STATE.get(row.workflow_state, FAILED)
