"""Every AWS call of every client in this process: counted, and failed on demand."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest


@dataclass(frozen=True)
class Call:
    """One call, as its client was asked to make it."""

    operation: str
    parameters: dict[str, Any]

    @property
    def table(self) -> str:
        """The DynamoDB table that it is about."""
        requested = self.parameters.get("RequestItems")
        if "Statements" in self.parameters:
            return str(self.parameters["Statements"][0]["Statement"].split('"')[1])
        return str(next(iter(requested)) if requested else self.parameters.get("TableName", ""))


@dataclass
class Recording:
    """The calls made while a block ran."""

    calls: list[Call] = field(default_factory=list)

    def counts(self, table: str | None = None) -> dict[str, int]:
        """How often each operation was called (on one table)."""
        found: dict[str, int] = {}
        for call in self.calls:
            if table is None or call.table == table:
                found[call.operation] = found.get(call.operation, 0) + 1
        return found

    def of(self, operation: str) -> list[Call]:
        """The calls of one operation."""
        return [call for call in self.calls if call.operation == operation]


@dataclass
class _Fault:
    operation: str
    error: Exception
    when: Callable[[Call], bool]
    left: int
    after_effect: bool


class AwsCalls:
    """Stands between all clients and the endpoint; one for each test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._lock = threading.Lock()
        self._recordings: list[Recording] = []
        self._faults: list[_Fault] = []
        self._before: list[tuple[str, Callable[[Call], None]]] = []
        original = BaseClient._make_api_call

        def make_api_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
            call = Call(operation, parameters)
            with self._lock:
                for recording in self._recordings:
                    recording.calls.append(call)
                fault = self._fault_of(call)
                waiting = [act for name, act in self._before if name == operation]
                self._before = [pair for pair in self._before if pair[0] != operation]
            for act in waiting:
                act(call)
            if fault is not None and not fault.after_effect:
                raise fault.error
            result = original(client, operation, parameters)
            if fault is not None:
                raise fault.error
            return result

        monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)

    def _fault_of(self, call: Call) -> _Fault | None:
        for fault in self._faults:
            if fault.operation == call.operation and fault.left and fault.when(call):
                fault.left -= 1
                return fault
        return None

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """Note every call that is made while the block runs."""
        recording = Recording()
        self._recordings.append(recording)
        try:
            yield recording
        finally:
            self._recordings.remove(recording)

    def fail(
        self,
        operation: str,
        error: str | Exception = "ThrottlingException",
        *,
        when: Callable[[Call], bool] = lambda _: True,
        times: int = 1_000_000,
        after_effect: bool = False,
    ) -> None:
        """Let calls of an operation fail; a text is AWS's error code.

        Args:
            operation: for example ``PutItem``.
            error: what the client raises.
            when: which of the calls.
            times: how many of them.
            after_effect: True where the call does its work and its answer is lost.
        """
        raised = aws_error(error, operation) if isinstance(error, str) else error
        self._faults.append(_Fault(operation, raised, when, times, after_effect))

    def heal(self) -> None:
        """Let nothing fail any more."""
        self._faults.clear()

    def just_before(self, operation: str, act: Callable[[], object]) -> None:
        """Do something once, right before the next call of an operation: a race by hand."""
        self._before.append((operation, lambda _: act()))


def aws_error(code: str, operation: str = "Operation", status: int = 400) -> ClientError:
    """An error as AWS returns it."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": f"{code} by a test"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        operation,
    )
