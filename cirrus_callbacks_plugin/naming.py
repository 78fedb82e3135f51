"""What people call payloads and waiters; how long a wait took."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.state_table import workflow_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.row import Wait


def short(payload_id: str) -> str:
    """A payload's id without its collections: ``workflow/items``."""
    workflow = workflow_of(payload_id)
    if workflow is None:
        return payload_id
    return f"{workflow}/{payload_id.partition('/workflow-')[2].partition('/')[2]}"


def waiter_of(wait: Wait) -> str:
    """Who waits, as far as it was told."""
    if wait.waiter_payload_id:
        return short(wait.waiter_payload_id)
    if wait.waiter_execution_arn:
        return wait.waiter_execution_arn.partition(":execution:")[2] or wait.waiter_execution_arn
    return "somebody"


def waited_seconds(wait: Wait) -> float | None:
    """From registration to answer; None while there is none."""
    if wait.registered_at is None or wait.answered_at is None:
        return None
    registered = datetime.fromisoformat(wait.registered_at)
    return (datetime.fromisoformat(wait.answered_at) - registered).total_seconds()


def visible(text: str) -> str:
    """A text on one line, with what a terminal or a reader's eye might obey made visible."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
