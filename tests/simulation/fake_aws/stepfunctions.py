"""Step Functions: executions that the scheduler ends, and task tokens that count answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulation.fake_aws.errors import FakeError, NotCovered

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution of a child; what changes makes another one."""

    arn: str
    name: str
    machine: str
    input: str
    started: datetime
    status: str = "RUNNING"
    stopped: datetime | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None

    def describe(self) -> dict[str, Any]:
        """As DescribeExecution answers."""
        told: dict[str, Any] = {
            "executionArn": self.arn,
            "stateMachineArn": self.machine,
            "name": self.name,
            "status": self.status,
            "startDate": self.started,
            "input": self.input,
            "stopDate": self.stopped,
            "output": self.output,
            "error": self.error,
            "cause": self.cause,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(slots=True)
class StepFunctions:
    """The service.

    Attributes:
        now: the current time.
        machines: state machines that exist.
        executions: by ARN, in the order of their start.
        tokens: task tokens that wait, or None once Step Functions takes them no more.
        accepted: the answers taken, by token, in order.
        calls: every SendTask* call, taken or not.
    """

    now: Callable[[], datetime]
    machines: set[str] = field(default_factory=set)
    executions: dict[str, Execution] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    accepted: list[tuple[str, str, str | None]] = field(default_factory=list)
    calls: int = 0

    def fork(self) -> StepFunctions:
        """The service as it stands, once more."""
        return StepFunctions(
            self.now,
            set(self.machines),
            dict(self.executions),
            set(self.tokens),
            list(self.accepted),
            self.calls,
        )

    def call(self, operation: str, request: dict[str, Any], _: str) -> dict[str, Any]:
        """Make a call."""
        method = getattr(self, "_" + operation, None)
        if method is None:
            raise NotCovered(f"stepfunctions {operation}")
        return method(request)  # type: ignore[no-any-return]

    def _StartExecution(self, request: dict[str, Any]) -> dict[str, Any]:
        machine = request["stateMachineArn"]
        if machine not in self.machines:
            raise FakeError(
                "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'"
            )
        arn = machine.replace(":stateMachine:", ":execution:") + ":" + request["name"]
        known = self.executions.get(arn)
        if known is not None:
            if known.status == "RUNNING" and known.input == request["input"]:
                return {"executionArn": arn, "startDate": known.started}
            raise FakeError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        execution = Execution(arn, request["name"], machine, request["input"], self.now())
        self.executions[arn] = execution
        return {"executionArn": arn, "startDate": execution.started}

    def _DescribeExecution(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self.executions.get(request["executionArn"])
        if execution is None:
            raise FakeError(
                "ExecutionDoesNotExist",
                f"Execution Does Not Exist: '{request['executionArn']}'",
            )
        return execution.describe()

    def _ListExecutions(self, request: dict[str, Any]) -> dict[str, Any]:
        machine, wanted = request["stateMachineArn"], request["statusFilter"]
        if machine not in self.machines:
            raise FakeError(
                "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'"
            )
        found = [
            {
                "executionArn": each.arn,
                "stateMachineArn": machine,
                "name": each.name,
                "status": each.status,
                "startDate": each.started,
            }
            for each in self.executions.values()
            if each.machine == machine and each.status == wanted
        ]
        return {"executions": found[::-1]}

    def _SendTaskSuccess(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._answer(request["taskToken"], "success", request["output"])

    def _SendTaskFailure(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._answer(request["taskToken"], "failure", request.get("error"))

    def _SendTaskHeartbeat(self, request: dict[str, Any]) -> dict[str, Any]:
        self._check(request["taskToken"])
        return {}

    def _answer(self, token: str, answer: str, told: str | None) -> dict[str, Any]:
        self.calls += 1
        self._check(token)
        self.tokens.discard(token)
        self.accepted.append((token, answer, told))
        return {}

    def _check(self, token: str) -> None:
        if token in self.tokens:
            return
        if any(token == each for each, _, _ in self.accepted):
            raise FakeError(
                "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"
            )
        raise FakeError("InvalidToken", "Invalid Token: 'Invalid token'")
