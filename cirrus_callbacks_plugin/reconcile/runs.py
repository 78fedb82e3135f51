"""What Step Functions knows of runs, asked as seldom as possible.

DescribeExecution's quota (300 at once, 15 a second) is shared by the whole account; a
deployment may have 20,000 children in progress. So the running executions are listed, a
thousand a call, and only runs that are not among them are described, a few a second.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import (
    UNKNOWN_EXECUTION,
    ErrorKind,
    classify,
    error_code,
)
from cirrus_callbacks_plugin.reconcile.judge import Run, RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from types_boto3_stepfunctions import SFNClient

    from cirrus_callbacks_plugin.aws.pacing import Pace

logger = logging.getLogger(__name__)

LISTS_PER_SECOND = 2.0
DESCRIBES_PER_SECOND = 5.0
PAGE = 1000  # ListExecutions' limit
DESCRIPTIONS_A_PAGE = 10
"""So many runs have to be asked for to make it worth while to list one more page."""
_RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})


@dataclass(slots=True, eq=False, repr=False)
class Runs:
    """The runs of one pass: what was learned of one is not asked again.

    Attributes:
        client: Step Functions.
        list_pace, describe_pace: how often it is asked.
        may_list: False once no further page of running executions may be asked for; what was
            not listed by then is described.
        most_described: how many descriptions are kept, the newest; None: all. An error's cause
            may have 32 KB.
    """

    client: SFNClient
    list_pace: Pace
    describe_pace: Pace
    may_list: Callable[[], bool] = lambda: True
    most_described: int | None = None
    _running: dict[str, dict[str, datetime | None]] = field(default_factory=dict)
    _described: dict[str, Run] = field(default_factory=dict)
    _refusals: dict[str, ClientError] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def refused(self) -> int:
        """How many runs Step Functions refuses to describe; each is asked for once."""
        return len(self._refusals)

    def expect(self, executions: Iterable[str]) -> None:
        """Be told of the only runs that will be asked for.

        Where they are few it takes fewer calls to describe them than to list what runs: of a
        state machine's running executions so few pages are listed then, a description each
        for what they do not hold.
        """
        wanted: dict[str, set[str]] = defaultdict(set)
        for execution_arn in executions:
            wanted[state_machine_of(execution_arn)].add(execution_arn)
        with self._lock:
            for machine, runs in wanted.items():
                if machine not in self._running:
                    pages = max(len(runs) // DESCRIPTIONS_A_PAGE, min(len(runs) - 1, 1))
                    self._running[machine] = self._list_running(machine, most_pages=pages)

    def find(self, execution_arn: str) -> Run:
        """A run: as it was described before, as it is listed, or else as it is described now.

        One thread at a time: waiters on one payload ask for the same run, and the pace
        would hold them back in any case.

        Raises:
            ClientError, BotoCoreError: Step Functions could not be asked.
        """
        with self._lock:
            return self._known(execution_arn) or self._describe(execution_arn)

    def known(self, execution_arn: str) -> Run | None:
        """A run that needs no description (any more); None where it would have to be described.

        Lists the running executions of its state machine where that has not been done.
        """
        with self._lock:
            return self._known(execution_arn)

    def describe_again(self, execution_arn: str) -> Run:
        """A run as it is described now, whatever was learned of it before.

        Raises:
            ClientError, BotoCoreError: Step Functions could not be asked.
        """
        with self._lock:
            return self._describe(execution_arn)

    def _known(self, execution_arn: str) -> Run | None:
        described = self._described.get(execution_arn)
        if described is not None:
            return described
        machine = state_machine_of(execution_arn)
        if machine not in self._running:
            self._running[machine] = self._list_running(machine)
        running = self._running[machine]
        name = execution_arn.rpartition(":")[2]
        if name not in running:
            return None
        return Run(execution_arn, RunStatus.RUNNING, started=running[name])

    def _describe(self, execution_arn: str) -> Run:
        if execution_arn in self._refusals:
            raise self._refusals[execution_arn]
        self.describe_pace.wait()
        try:
            answer: dict[str, Any] = dict(
                self.client.describe_execution(executionArn=execution_arn),
            )
        except ClientError as error:
            if error_code(error) not in UNKNOWN_EXECUTION:
                if classify(error) is ErrorKind.REFUSED:
                    self._refusals[execution_arn] = error
                raise
            run = Run(execution_arn, RunStatus.UNKNOWN)
        else:
            is_running = answer["status"] in _RUNNING
            run = Run(
                execution_arn,
                RunStatus.RUNNING if is_running else RunStatus.ENDED,
                result=None if is_running else str(answer["status"]),
                started=answer.get("startDate"),
                stopped=answer.get("stopDate"),
                error=answer.get("error"),
                cause=answer.get("cause"),
                payload_id=payload_id_in(answer.get("input")),
            )
        self._described[execution_arn] = run
        if self.most_described is not None and len(self._described) > self.most_described:
            del self._described[next(iter(self._described))]
        return run

    def _list_running(
        self,
        machine: str,
        most_pages: int | None = None,
    ) -> dict[str, datetime | None]:
        """When each of a state machine's running executions started, by its name.

        Names and not ARNs: there may be hundreds of thousands. None where it cannot be listed.
        """
        if most_pages == 0:
            return {}
        running: dict[str, datetime | None] = {}
        request: dict[str, Any] = {
            "stateMachineArn": machine,
            "statusFilter": "RUNNING",
            "maxResults": PAGE,
        }
        pages = 0
        try:
            while self.may_list():
                self.list_pace.wait()
                page = self.client.list_executions(**request)
                pages += 1
                for execution in page["executions"]:
                    arn = execution["executionArn"]
                    if state_machine_of(arn) == machine:
                        running[arn.rpartition(":")[2]] = execution.get("startDate")
                if not page.get("nextToken") or pages == most_pages:
                    return running
                request["nextToken"] = page["nextToken"]
            logger.warning(
                "Running executions of %s are too many to be listed in a pass: those that were "
                "not listed are described",
                machine,
            )
        except (ClientError, BotoCoreError) as error:
            logger.warning(
                "Running executions of %s cannot be listed (%s): each run is described",
                machine,
                error_code(error),
            )
        return running


def payload_id_in(execution_input: Any) -> str | None:
    """The id of the payload that a run was started with; None where only its URL is told."""
    try:
        payload = json.loads(execution_input)
    except (TypeError, ValueError, RecursionError):
        return None
    value = payload.get("id") if isinstance(payload, dict) else None
    return value if isinstance(value, str) else None


def state_machine_of(execution_arn: str) -> str:
    """The ARN of the state machine that an execution's ARN names."""
    return execution_arn.rpartition(":")[0].replace(":execution:", ":stateMachine:")
