"""What is asked of Step Functions, how often, and what its answers mean."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.aws.pacing import Pace
from cirrus_callbacks_plugin.reconcile import runs as runs_module
from cirrus_callbacks_plugin.reconcile.judge import Run, RunStatus
from cirrus_callbacks_plugin.reconcile.runs import Runs, state_machine_of

MACHINE = "arn:aws:states:us-west-2:1:stateMachine:x-w"
STARTED = datetime(2024, 6, 1, tzinfo=timezone.utc)
STOPPED = datetime(2024, 6, 2, tzinfo=timezone.utc)


def arn(name: str, machine: str = MACHINE) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


class StepFunctions:
    """Pages of running executions, and executions to describe or errors to raise."""

    def __init__(self, running: int = 0) -> None:
        self.running = [arn(f"running-{number}") for number in range(running)]
        self.told: dict[str, dict[str, Any] | Exception] = {}
        self.list_error: Exception | None = None
        self.listed: list[dict[str, Any]] = []
        self.described: list[str] = []

    def list_executions(self, **request: Any) -> dict[str, Any]:
        """ListExecutions."""
        self.listed.append(dict(request))
        start, size = int(request.get("nextToken", 0)), request["maxResults"]
        if self.list_error is not None:
            raise self.list_error
        page: dict[str, Any] = {
            "executions": [{"executionArn": each} for each in self.running[start : start + size]],
        }
        if start + size < len(self.running):
            page["nextToken"] = str(start + size)
        return page

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        """DescribeExecution."""
        self.described.append(executionArn)
        told = self.told[executionArn]
        if isinstance(told, Exception):
            raise told
        return told


class Counted(Pace):
    """A pace that only counts."""

    def __init__(self) -> None:
        super().__init__(1, lambda: 0.0, lambda _: None)
        self.waits = 0

    def wait(self) -> None:
        """Count."""
        self.waits += 1


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "DescribeExecution")


def runs_of(client: StepFunctions) -> Runs:
    return Runs(client, Counted(), Counted())  # type: ignore[arg-type]


def waits(runs: Runs) -> tuple[int, int]:
    """How often its two paces were waited for: lists, descriptions."""
    return runs.list_pace.waits, runs.describe_pace.waits  # type: ignore[attr-defined]


def test_the_machine_follows_from_the_executions_arn() -> None:
    """An execution's ARN names its machine, whose name may be anything."""
    assert state_machine_of(arn("run")) == MACHINE
    assert state_machine_of("arn:aws:states:x:1:execution:execution:execution") == (
        "arn:aws:states:x:1:stateMachine:execution"
    )
    name = "arn:aws-us-gov:states:us-gov-west-1:1:execution:a-execution-b:run"
    assert state_machine_of(name) == (
        "arn:aws-us-gov:states:us-gov-west-1:1:stateMachine:a-execution-b"
    )


def test_running_executions_are_listed_once_a_thousand_a_page_and_never_described() -> None:
    """2,500 running: three pages, at their pace, however often they are asked for."""
    client = StepFunctions(running=2500)
    runs = runs_of(client)
    for name in client.running:
        assert runs.find(name) == Run(name, RunStatus.RUNNING)
        assert runs.known(name) == Run(name, RunStatus.RUNNING)
    assert client.described == []
    assert [request.get("nextToken") for request in client.listed] == [None, "1000", "2000"]
    for request in client.listed:
        assert request["stateMachineArn"] == MACHINE
        assert (request["statusFilter"], request["maxResults"]) == ("RUNNING", 1000)
    assert waits(runs) == (3, 0)


def test_each_machine_is_listed_once() -> None:
    """A workflow's list says nothing of another's runs."""
    client = StepFunctions(running=1)
    other = arn("running-0", MACHINE + "2")
    client.told[other] = {"status": "RUNNING", "startDate": STARTED}
    runs = runs_of(client)
    assert runs.known(client.running[0]) is not None
    assert runs.known(other) is None
    assert runs.find(other).status is RunStatus.RUNNING
    assert [request["stateMachineArn"] for request in client.listed] == [MACHINE, MACHINE + "2"]


@pytest.mark.parametrize(
    "failure",
    [
        error("AccessDeniedException"),
        error("StateMachineDoesNotExist"),
        EndpointConnectionError(endpoint_url="https://states"),
    ],
)
def test_a_machine_that_cannot_be_listed_counts_as_nothing_running(
    failure: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its runs are described; the list is not tried again in this pass, and it is said once."""
    client = StepFunctions(running=2)
    client.list_error = failure
    for name in client.running:
        client.told[name] = {"status": "RUNNING", "startDate": STARTED}
    runs = runs_of(client)
    assert [runs.find(name).status for name in client.running] == [RunStatus.RUNNING] * 2
    assert len(client.listed) == 1
    assert client.described == client.running
    (record,) = caplog.records
    assert (record.name, record.args) == (runs_module.__name__, (MACHINE, error_code(failure)))


def test_a_run_is_described_once_a_pass() -> None:
    """Two waiters on one run: one call, at its pace; known from then on."""
    client = StepFunctions()
    client.told[arn("a")] = {"status": "SUCCEEDED", "startDate": STARTED, "stopDate": STOPPED}
    runs = runs_of(client)
    assert runs.known(arn("a")) is None
    first = runs.find(arn("a"))
    assert runs.find(arn("a")) is first
    assert runs.known(arn("a")) is first
    assert first == Run(arn("a"), RunStatus.ENDED, "SUCCEEDED", STARTED, STOPPED)
    assert (client.described, waits(runs)) == ([arn("a")], (1, 1))


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_what_goes_on_is_running(status: str) -> None:
    """Not listed yet, or waiting to be redriven (never among the running ones)."""
    client = StepFunctions()
    client.told[arn("a")] = {"status": status, "startDate": STARTED}
    assert runs_of(client).find(arn("a")) == Run(arn("a"), RunStatus.RUNNING, started=STARTED)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_end_is_told_with_its_error(status: str) -> None:
    """As DescribeExecution tells it."""
    client = StepFunctions()
    client.told[arn("a")] = {
        "status": status,
        "startDate": STARTED,
        "stopDate": STOPPED,
        "error": "Boom",
        "cause": "why",
    }
    assert runs_of(client).find(arn("a")) == Run(
        arn("a"),
        RunStatus.ENDED,
        status,
        STARTED,
        STOPPED,
        "Boom",
        "why",
    )


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "InvalidArn"])
def test_an_execution_that_is_not_there_is_unknown(code: str) -> None:
    """It never came to be, or is older than Step Functions remembers; asked once a pass."""
    client = StepFunctions()
    client.told[arn("a")] = error(code)
    runs = runs_of(client)
    assert [runs.find(arn("a")) for _ in range(2)] == [Run(arn("a"), RunStatus.UNKNOWN)] * 2
    assert client.described == [arn("a")]


@pytest.mark.parametrize("code", ["ThrottlingException", "KmsThrottlingException"])
def test_another_error_is_no_answer(code: str) -> None:
    """It is raised, and asked again by the next waiter: never taken for "unknown"."""
    client = StepFunctions()
    client.told[arn("a")] = error(code)
    runs = runs_of(client)
    for _ in range(2):
        with pytest.raises(ClientError, match=code):
            runs.find(arn("a"))
    assert client.described == [arn("a")] * 2
    assert runs.refused == 0


@pytest.mark.parametrize("code", ["AccessDeniedException", "KmsAccessDeniedException"])
def test_a_refused_run_is_asked_for_once_a_pass_and_counted(code: str) -> None:
    """However many wait for it: nothing changes until somebody acts. It says nothing of others."""
    client = StepFunctions()
    for name in (arn("a"), arn("b")):
        client.told[name] = error(code)
    client.told[arn("c")] = {"status": "RUNNING", "startDate": STARTED}
    runs = runs_of(client)
    for name in (arn("a"), arn("b"), arn("a")):
        with pytest.raises(ClientError, match=code):
            runs.find(name)
    assert runs.find(arn("c")).status is RunStatus.RUNNING
    assert client.described == [arn("a"), arn("b"), arn("c")]
    assert runs.refused == 2


def test_a_listed_run_tells_when_it_started() -> None:
    """A name may be used again: when, tells one run from the other."""

    class Listing(StepFunctions):
        def list_executions(self, **_: Any) -> dict[str, Any]:
            return {"executions": [{"executionArn": arn("a"), "startDate": STARTED}]}

    assert runs_of(Listing()).find(arn("a")) == Run(arn("a"), RunStatus.RUNNING, started=STARTED)


def test_a_pass_takes_a_part_of_what_the_account_may_ask() -> None:
    """A third of DescribeExecution's 15 a second; two lists, of a thousand runs each."""
    assert runs_module.DESCRIBES_PER_SECOND == 5.0
    assert runs_module.LISTS_PER_SECOND == 2.0
