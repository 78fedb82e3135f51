"""Ended executions to ``update-state``: an EventBridge rule."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.events import execution_event
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.sources.source import Handler, Poll, Tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNNING = "RUNNING"
ATTEMPTS = 3
"""Lambda tries an asynchronous invocation that fails twice more.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""
PAUSE_SECONDS = 1.0
"""Before each further attempt; Lambda waits one minute, then two."""
SECONDS = 15.0
"""The timeout of cirrus's ``update-state``; told to the handler, not enforced."""


@dataclass(slots=True)
class _Seen:
    status: str
    attempts: int = 0
    not_before: float = 0.0
    is_delivered: bool = False


@dataclass(frozen=True, slots=True)
class ExecutionsSource:
    """Each ended execution is delivered once, or three times if the lambda raises.

    Attributes:
        changed: told every execution (as ListExecutions lists it, with its input) when it
            is first seen and when it has ended.
    """

    stepfunctions: Any
    state_machines: Sequence[str]
    handler: Handler
    tell: Tell
    changed: Callable[[dict[str, Any]], None]
    name: str = "update-state"
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def poll(self) -> Poll:
        """Deliver an execution that ended; look at all of them once none is left to deliver.

        What ends is delivered by a later poll than the one that saw it: moto sets the
        status a moment before the output and the error.
        """
        due = self._due()
        if due is not None:
            self._deliver(due)
            return Poll.DELIVERED
        self._look()
        unfinished = any(not seen.is_delivered for seen in self._seen.values())
        return Poll.WAITING if unfinished else Poll.EMPTY

    def _due(self) -> str | None:
        now = time.monotonic()
        for arn, seen in self._seen.items():
            if seen.status != RUNNING and not seen.is_delivered and seen.not_before <= now:
                return arn
        return None

    def _look(self) -> None:
        listing = self.stepfunctions.get_paginator("list_executions")
        for state_machine in self.state_machines:
            for page in listing.paginate(stateMachineArn=state_machine):
                for execution in page["executions"]:
                    self._note(execution)

    def _note(self, execution: dict[str, Any]) -> None:
        arn, status = execution["executionArn"], execution["status"]
        seen = self._seen.get(arn)
        if seen is not None and seen.status == status:
            return
        if seen is None:
            self._seen[arn] = _Seen(status)
        else:
            seen.status = status
        self.changed(self.stepfunctions.describe_execution(executionArn=arn))

    def _deliver(self, arn: str) -> None:
        seen = self._seen[arn]
        seen.attempts += 1
        description = self.stepfunctions.describe_execution(executionArn=arn)
        try:
            self.handler(execution_event(description), Context(self.name, SECONDS))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            seen.is_delivered = seen.attempts >= ATTEMPTS
            seen.not_before = time.monotonic() + PAUSE_SECONDS
            given_up = "; the event is given up" if seen.is_delivered else ""
            self.tell.trouble(
                f"update-state raised {type(error).__name__}: {_short(error)} "
                f"(attempt {seen.attempts} of {ATTEMPTS}){given_up}",
            )
        else:
            seen.is_delivered = True


def _short(error: Exception) -> str:
    """Cirrus puts the whole event into some messages; its beginning says enough."""
    limit = 300
    text = str(error)
    return text if len(text) <= limit else f"{text[:limit]}..."
