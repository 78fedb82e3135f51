"""Ended executions to ``update-state``: an EventBridge rule."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.changes import STEP_FUNCTIONS
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
    """An execution as it was last listed, and how far the event of its end has come."""

    status: str
    redrives: int
    attempts: int = 0
    not_before: float = 0.0
    is_delivered: bool = False


@dataclass(frozen=True, slots=True)
class ExecutionsSource:
    """Each end of an execution is delivered once, or three times if the lambda raises.

    A redriven execution ends once more. A call of the source's own that fails is told with
    the execution's name, and the others go on.

    Attributes:
        changed: told every execution (as DescribeExecution describes it; as ListExecutions
            lists it where that fails) when it is first seen, redriven, and when it has ended.
    """

    stepfunctions: Any
    state_machines: Sequence[str]
    handler: Handler
    tell: Tell
    changed: Callable[[dict[str, Any]], None]
    name: str = "update-state"
    reads: str = STEP_FUNCTIONS
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def poll(self) -> Poll:
        """Deliver an execution that ended; look at all of them once none is left to deliver.

        What ends is delivered by a later poll than the one that saw it: moto sets the
        status a moment before the output and the error.
        """
        due = self._due()
        if due is not None:
            self._deliver(due)
            return Poll.DELIVERED
        is_known = self._look()
        left = [seen for seen in self._seen.values() if not seen.is_delivered]
        if not is_known or any(seen.status != RUNNING for seen in left):
            return Poll.WAITING
        return Poll.RUNNING if left else Poll.EMPTY

    def _due(self) -> str | None:
        now = time.monotonic()
        for arn, seen in self._seen.items():
            if seen.status != RUNNING and not seen.is_delivered and seen.not_before <= now:
                return arn
        return None

    def _look(self) -> bool:
        """Look at every execution; False where they could not all be listed."""
        is_known = True
        listing = self.stepfunctions.get_paginator("list_executions")
        for state_machine in self.state_machines:
            try:
                pages = list(listing.paginate(stateMachineArn=state_machine))
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are looked at
                self._failed(f"the executions of {_name(state_machine)} cannot be listed", error)
                is_known = False
                continue
            for page in pages:
                for execution in page["executions"]:
                    self._note(execution)
        return is_known

    def _note(self, execution: dict[str, Any]) -> None:
        arn, status = execution["executionArn"], execution["status"]
        redrives = int(execution.get("redriveCount", 0))
        seen = self._seen.get(arn)
        if seen is not None and (seen.status, seen.redrives) == (status, redrives):
            return
        if seen is not None and seen.redrives == redrives:
            seen.status = status
        else:
            self._seen[arn] = _Seen(status, redrives)
        try:
            execution = self.stepfunctions.describe_execution(executionArn=arn)
        except Exception as error:  # noqa: BLE001 - whatever it is, the status is known
            self._failed(f"execution {_name(arn)} cannot be described", error)
        self.changed(execution)

    def _deliver(self, arn: str) -> None:
        seen = self._seen[arn]
        seen.attempts += 1
        doing = f"execution {_name(arn)} cannot be described"
        try:
            description = self.stepfunctions.describe_execution(executionArn=arn)
            doing = "update-state raised"
            self.handler(execution_event(description), Context(self.name, SECONDS))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            seen.is_delivered = seen.attempts >= ATTEMPTS
            seen.not_before = time.monotonic() + PAUSE_SECONDS
            given_up = "; the event is given up" if seen.is_delivered else ""
            separator = " " if doing.endswith("raised") else ": "
            self.tell.trouble(
                f"{doing}{separator}{type(error).__name__}: {_short(error)} "
                f"(attempt {seen.attempts} of {ATTEMPTS}){given_up}",
            )
        else:
            seen.is_delivered = True

    def _failed(self, what: str, error: Exception) -> None:
        """Tell once of a call that failed: the next poll makes it again."""
        text = f"{what}: {type(error).__name__}: {_short(error)}"
        if text not in self._told:
            self._told.add(text)
            self.tell.trouble(text)


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


def _short(error: Exception) -> str:
    """Cirrus puts the whole event into some messages; its beginning says enough."""
    limit = 300
    text = str(error)
    return text if len(text) <= limit else f"{text[:limit]}..."
