"""The names of the errors that a waiting task may catch, and which one a row is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.state_table import COMPLETED_STATES

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.row import Wait

FAILED = "CirrusCallback.Failed"
ABORTED = "CirrusCallback.Aborted"
INVALID_RUN = "CirrusCallback.Invalid"
INVALID_PAYLOAD = "CirrusCallback.InvalidPayload"
NOT_ENABLED = "CirrusCallback.NotEnabled"
NEVER_STARTED = "CirrusCallback.NeverStarted"
CANCELLED = "CirrusCallback.Cancelled"

ERROR_OF_STATE = {"ABORTED": ABORTED, "INVALID": INVALID_RUN}
"""Of the others that are no success, FAILED among them: ``FAILED``."""


def answer_error_of(row: Wait) -> str | None:
    """The error name that a settled row is answered with; None for a success."""
    if row.answer_error is not None:
        return row.answer_error
    if row.workflow_state in COMPLETED_STATES:
        return None
    return ERROR_OF_STATE.get(row.workflow_state, FAILED)
