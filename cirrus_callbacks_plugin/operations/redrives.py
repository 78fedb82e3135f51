"""Parents that failed with their child, and may go on from there: RedriveExecution.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator  # noqa: TC003 - fields' types
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import UNKNOWN_EXECUTION, error_code
from cirrus_callbacks_plugin.aws.pacing import Pace
from cirrus_callbacks_plugin.cirrus.state_table import COMPLETED_STATES
from cirrus_callbacks_plugin.operations.identity import operator
from cirrus_callbacks_plugin.reconcile.runs import (
    DESCRIBES_PER_SECOND,
    payload_id_in,
    state_machine_of,
)
from cirrus_callbacks_plugin.waits.row import FAILURE, STALE, Wait

if TYPE_CHECKING:
    from datetime import datetime

    from cirrus_callbacks_plugin.operations.deployment import Deployment

REDRIVABLE_DAYS = 14
LAST_EVENTS = 25
"""Of a history: the end of an execution takes a few."""
_NOT_TAKEN = UNKNOWN_EXECUTION | {"ExecutionNotRedrivable", "ExecutionLimitExceeded"}
_UNSUCCESSFUL = ("ABORTED", "FAILED", "TIMED_OUT")


@dataclass(frozen=True, slots=True)
class Parent:
    """An execution that failed with its child.

    Attributes:
        child: the payload that it waited for.
        rows: its failed waits for that.
        execution_arn: which execution; None where that is not known.
        payload_id: the payload whose run it is; None where it told none.
        why_not: why it cannot be redriven; None where it can.
    """

    child: str
    rows: tuple[Wait, ...]
    execution_arn: str | None
    payload_id: str | None
    why_not: str | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.payload_id or self.execution_arn or self.rows[0].waiter_name

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {
            "payload_id": self.payload_id,
            "execution_arn": self.execution_arn,
            "waited_for": self.child,
            "why_not": self.why_not,
        }


def _pace() -> Pace:
    return Pace(DESCRIBES_PER_SECOND, time.monotonic, time.sleep)


@dataclass
class Redriver:
    """Finds the parents of a repaired child, says which can go on, and lets them.

    Attributes:
        deployment: where.
        reason: why, for the history of the waits.
        pace: how often Step Functions is asked.
        sleep: waits so many seconds.
    """

    deployment: Deployment
    reason: str | None = None
    pace: Pace = field(default_factory=_pace)
    sleep: Callable[[float], None] = time.sleep
    _machines: dict[str, str | None] = field(default_factory=dict)
    _by: str | None = None

    def why_not(self, payload_id: str) -> str | None:
        """Why nobody can go on: the payload is not known, or has not succeeded; else None."""
        record = self.deployment.states.of_payload(payload_id)
        if record is None:
            return f"The state table does not know {payload_id}."
        if record.state not in COMPLETED_STATES:
            return f"{payload_id} is {record.state}: its parents can go on once it has succeeded."
        return None

    def levels(self, payload_id: str, *, all_levels: bool) -> list[list[Parent]]:
        """The parents of a payload, and theirs, level by level; each once.

        Those above the first wait for payloads that are still to succeed.
        """
        levels: list[list[Parent]] = []
        children, seen = [payload_id], set[str]()
        while children and (all_levels or not levels):
            level: list[Parent] = []
            for parent in (parent for child in children for parent in self.parents(child)):
                if parent.execution_arn not in seen:
                    seen.update([parent.execution_arn] if parent.execution_arn else [])
                    level.append(parent)
            levels += [level] if level else []
            above = [each.payload_id for each in level if each.payload_id and not each.why_not]
            children = list(dict.fromkeys(above))
        return levels

    def parents(self, child: str) -> list[Parent]:
        """The executions whose wait for a payload has failed, each judged."""
        waits: dict[str, list[Wait]] = {}
        for page in self.deployment.queries.rows_of(child):
            for row in page:
                if row.answer in (FAILURE, STALE):
                    name = row.waiter_execution_arn or row.waiter_payload_id or row.key.name
                    waits.setdefault(name, []).append(row)
        by_execution: dict[str, Parent] = {}
        for name, rows in waits.items():
            parent = self.judged(self._parent(child, tuple(rows)))
            known = by_execution.get(parent.execution_arn or name)
            if known is not None:
                parent = replace(known, rows=(*known.rows, *parent.rows))
            by_execution[parent.execution_arn or name] = parent
        return list(by_execution.values())

    def _parent(self, child: str, rows: tuple[Wait, ...]) -> Parent:
        payload_id = next((row.waiter_payload_id for row in rows if row.waiter_payload_id), None)
        arn = rows[0].waiter_execution_arn
        if arn is None and payload_id is not None:
            record = self.deployment.states.of_payload(payload_id)
            arn = None if record is None else record.last_execution
        return Parent(child, rows, arn, payload_id)

    def judged(self, parent: Parent) -> Parent:
        """The parent with its payload, and why it cannot be redriven, as things are now.

        Raises:
            ClientError, BotoCoreError: AWS could not be asked.
        """
        if parent.execution_arn is None:
            return replace(parent, why_not="which execution waited is not known")
        self.pace.wait()
        try:
            execution: dict[str, Any] = dict(
                self._sfn.describe_execution(executionArn=parent.execution_arn)
            )
        except ClientError as error:
            if error_code(error) not in UNKNOWN_EXECUTION:
                raise
            return replace(parent, why_not="Step Functions does not know its execution any more")
        parent = replace(
            parent, payload_id=parent.payload_id or payload_id_in(execution.get("input"))
        )
        return replace(parent, why_not=self._why_not(parent, execution))

    def _why_not(self, parent: Parent, execution: dict[str, Any]) -> str | None:
        arn, status = str(parent.execution_arn), execution["status"]
        if status == "RUNNING":
            return "it is running already"
        if status not in _UNSUCCESSFUL:
            return f"its execution is {status}"
        stopped: datetime | None = execution.get("stopDate")
        now = self.deployment.clock()
        if stopped is not None and now - stopped > timedelta(days=REDRIVABLE_DAYS):
            return f"it ended over {REDRIVABLE_DAYS} days ago: send its payload again"
        if execution.get("redriveStatus", "REDRIVABLE") != "REDRIVABLE":
            reason = execution.get("redriveStatusReason") or execution["redriveStatus"]
            return f"Step Functions does not redrive it: {reason}"
        return self._run_anew(parent) or self._machine_gone(arn) or self._ended_in_fail(arn)

    def _run_anew(self, parent: Parent) -> str | None:
        record = (
            None
            if parent.payload_id is None
            else self.deployment.states.of_payload(parent.payload_id)
        )
        if record is None:
            return None
        if record.last_execution != parent.execution_arn:
            return "its payload was run again since"
        return f"cirrus has it as {record.state}" if record.state in COMPLETED_STATES else None

    def _machine_gone(self, arn: str) -> str | None:
        machine = state_machine_of(arn)
        if machine not in self._machines:
            self._machines[machine] = None
            try:
                description = self._sfn.describe_state_machine(stateMachineArn=machine)
            except ClientError as error:
                if error_code(error) != "StateMachineDoesNotExist":
                    raise
                self._machines[machine] = "its state machine was deleted"
            else:
                if description.get("status") == "DELETING":
                    self._machines[machine] = "its state machine is being deleted"
        return self._machines[machine]

    def _ended_in_fail(self, arn: str) -> str | None:
        """Of a caught error nothing is repeated: a redrive enters the Fail state again."""
        self.pace.wait()
        history = self._sfn.get_execution_history(
            executionArn=arn, reverseOrder=True, maxResults=LAST_EVENTS, includeExecutionData=False
        )
        entered = [each for each in history["events"] if each["type"].endswith("StateEntered")]
        last = max(entered, key=lambda event: event["id"], default=None)
        if last is None or last["type"] != "FailStateEntered":
            return None
        return "it caught the error and ended in Fail: a redrive would enter only that again"

    def redrive(self, parents: Iterable[Parent]) -> Iterator[Parent]:
        """Redrive executions; yields each with why it was not, once it has been tried.

        Where cirrus has run a payload again meanwhile, its execution is left as it is.

        Raises:
            ClientError, BotoCoreError: AWS could not be asked; those yielded are redriven.
        """
        for parent in parents:
            why_not = self._run_anew(parent)
            if why_not is None:
                try:
                    self._sfn.redrive_execution(
                        executionArn=str(parent.execution_arn), clientToken=str(uuid.uuid4())
                    )
                except ClientError as error:
                    if error_code(error) not in _NOT_TAKEN:
                        raise
                    said = error.response.get("Error", {}).get("Message", error_code(error))
                    why_not = f"Step Functions does not redrive it: {said}"
            if why_not is None:
                for row in parent.rows:
                    self.deployment.waits.note(row.key, self._entry(parent))
            yield replace(parent, why_not=why_not)

    def have_ended(self, parents: Iterable[Parent], seconds: float) -> Iterator[Parent]:
        """Wait until executions have ended and cirrus knows it; yields each as it ends.

        Args:
            parents: those that were redriven.
            seconds: between two looks.
        """
        left = list(parents)
        while left:
            waiting = []
            for parent in left:
                self.pace.wait()
                execution = self._sfn.describe_execution(executionArn=str(parent.execution_arn))
                if execution["status"] == "RUNNING" or not self._is_recorded(
                    parent, execution["status"]
                ):
                    waiting.append(parent)
                elif execution["status"] == "SUCCEEDED":
                    yield parent
                else:
                    yield replace(parent, why_not=f"it went on and ended {execution['status']}")
            left = waiting
            if left:
                self.sleep(seconds)

    def _is_recorded(self, parent: Parent, status: str) -> bool:
        """True once ``update-state`` has written a success: parents above are told of that."""
        if status != "SUCCEEDED" or parent.payload_id is None:
            return True
        record = self.deployment.states.of_payload(parent.payload_id)
        return record is None or record.state in COMPLETED_STATES

    @property
    def _sfn(self) -> Any:
        return self.deployment.client("stepfunctions")

    def _entry(self, parent: Parent) -> dict[str, str]:
        if self._by is None:
            self._by = operator(self.deployment)
        return {
            "at": self.deployment.waits.now(),
            "by": self._by,
            "action": "redrive",
            "reason": self.reason or f"{parent.child} has succeeded since",
        }
