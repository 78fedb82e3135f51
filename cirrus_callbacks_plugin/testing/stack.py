"""A Cirrus deployment for a test, driven and looked at from the test."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import moto  # noqa: F401 - part of the extra: found missing here, not in the middle of a test

from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.errors import CallbackError, UnacceptablePayload
from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.local.clock import StackClock
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.stack import StackSettings, running
from cirrus_callbacks_plugin.local.timeline import Timeline
from cirrus_callbacks_plugin.testing.deliveries import Deliveries, Disturbance
from cirrus_callbacks_plugin.testing.functions import FunctionDouble

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.local.stack import Stack
    from cirrus_callbacks_plugin.local.timeline import Execution, Happening
    from cirrus_callbacks_plugin.waits.row import Wait

PREFIX = "cirrus-test"
TIMEOUT_SECONDS = 60.0
"""Real time after which a run that has not ended fails its test."""
SCHEDULE_SECONDS = 60.0
"""The reconciler's Lambda timeout."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Some waits, and how many of them are in which state."""

    rows: tuple[Wait, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Wait]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> Wait:
        return self.rows[index]

    @property
    def open(self) -> int:
        """Waits without an answer."""
        return sum(not row.is_answered for row in self.rows)

    @property
    def answered(self) -> int:
        """Waits whose token Step Functions took an answer for, success or failure."""
        return sum(row.answer in ("success", "failure") for row in self.rows)

    @property
    def stale(self) -> int:
        """Waits whose token Step Functions no longer took."""
        return sum(row.answer == "stale" for row in self.rows)

    @property
    def errors(self) -> tuple[str, ...]:
        """The error names of the failures, in the order of registration."""
        return tuple(row.answer_error or "" for row in self.rows if row.answer == "failure")


@dataclass(frozen=True, slots=True)
class Run:
    """One payload that a test sent, and its latest execution as it stands now.

    Attributes:
        payload_id: the payload's id.
        workflow: its workflow.
    """

    payload_id: str
    workflow: str
    _stack: CirrusStack

    @property
    def execution(self) -> Execution:
        """The latest execution.

        Raises:
            AssertionError: there is none yet.
        """
        found = [each for each in self._stack.executions if each.payload_id == self.payload_id]
        assert found, f"{self.payload_id} has no execution yet\n{self._stack.timeline_text()}"
        return found[-1]

    @property
    def status(self) -> str:
        """``RUNNING``, ``SUCCEEDED``, ``FAILED``, ``TIMED_OUT`` or ``ABORTED``."""
        return self.execution.status

    @property
    def output(self) -> Any:
        """What it returned; None where it did not succeed."""
        return self.execution.output

    @property
    def error(self) -> str | None:
        """The name of the error that it died of."""
        return self.execution.error

    @property
    def cause(self) -> str | None:
        """That error's cause."""
        return self.execution.cause

    @property
    def record(self) -> Record | None:
        """Cirrus's own record of the payload."""
        return self._stack.record(self.payload_id)

    @property
    def has_ended(self) -> bool:
        """True once an execution of it has ended and none runs."""
        found = [each for each in self._stack.executions if each.payload_id == self.payload_id]
        return bool(found) and all(each.status != "RUNNING" for each in found)

    def until_ended(self, timeout: float = TIMEOUT_SECONDS) -> Run:
        """Wait until it has ended.

        Raises:
            AssertionError: it did not within so many seconds; says what is open.
        """
        self._stack.until(lambda: self.has_ended, f"the end of {self.payload_id}", timeout)
        return self

    def until_waiting(self, waits: int = 1, timeout: float = TIMEOUT_SECONDS) -> Run:
        """Wait until so many waits of it are open."""
        self._stack.until(
            lambda: self._stack.waits(of=self).open >= waits,
            f"{waits} open wait(s) of {self.payload_id}",
            timeout,
        )
        return self


@dataclass(slots=True)
class CirrusStack:
    """A deployment for one test; the fixture ``cirrus_stack`` makes it.

    Attributes:
        folders: where relative paths are looked for: beside the test, then at the root.
        clock: what timeouts, heartbeats and Wait states follow.
    """

    folders: tuple[Path, ...]
    clock: StackClock = field(default_factory=StackClock)
    _until_end: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _functions: dict[str, FunctionDouble] = field(default_factory=dict)
    _deliveries: Deliveries = field(default_factory=Deliveries)
    _happenings: list[Happening] = field(default_factory=list)
    _stack: Stack | None = None
    _timeline: Timeline | None = None

    @classmethod
    @contextlib.contextmanager
    def started(cls, *folders: Path) -> Iterator[CirrusStack]:
        """A stack until the end of the block; no thread and no server is left behind."""
        stack = cls(folders)
        with stack._until_end:
            yield stack

    def load(
        self,
        folder: str | os.PathLike[str],
        *,
        workflows: str = "*",
        variables: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> CirrusStack:
        """Set the deployment up for a folder, as ``cirrus-callbacks local`` reads it.

        Args:
            folder: the folder, or its ``workflows`` folder; beside the test or at the root.
            workflows: the flag: which workflows may be waited for.
            variables: further ``${name}`` of the state machines.
            environment: the plugin's own variables, ``CIRRUS_CALLBACKS_GRACE_SECONDS`` say.

        Raises:
            AssertionError: a folder is loaded already, or this one cannot be used.
        """
        assert self._stack is None, "cirrus_stack.load() was called before: one folder a test"
        root = self._found(folder)
        if root.name == "workflows":
            root = root.parent
        timeline = Timeline(self._happenings.append, PREFIX)
        settings = StackSettings(
            prefix=PREFIX,
            workflows=workflows,
            environment=dict(environment or {}),
            variables=dict(variables or {}),
            without=frozenset({"reconciler"}),
            needs_payloads=False,
        )
        try:
            self._stack = self._until_end.enter_context(
                running(
                    root,
                    settings,
                    timeline,
                    around=self._deliveries.around,
                    clock=self.clock,
                    invoke_around=self._invoking,
                ),
            )
        except CallbackError as error:
            raise AssertionError(str(error)) from error
        self._timeline = timeline
        for stored in self._stack.project.objects:
            self._stack.upload(stored)
        return self

    # What happens.

    def function(self, name: str) -> FunctionDouble:
        """What a lambda function does in this test; its own code runs where nothing is said."""
        return self._functions.setdefault(name, FunctionDouble(name))

    def start(self, payload: str | os.PathLike[str] | Mapping[str, Any]) -> Run:
        """Send a payload to the process queue.

        Args:
            payload: a file (beside the test, in the loaded folder, or at the root), or the
                payload itself.

        Raises:
            AssertionError: the file is not there, or cirrus refuses the payload.
        """
        stack = self._loaded
        body = dict(payload) if isinstance(payload, Mapping) else self._read(payload)
        content = stack.payload_behind(body)
        try:
            identity = adapter().identify(json.loads(json.dumps(content)))
        except UnacceptablePayload as error:
            raise AssertionError(f"cirrus refuses the payload: {error}") from error
        workflow = content["process"][0]["workflow"]
        known = ", ".join(stack.project.workflows)
        assert workflow in stack.project.workflows, (
            f"the payload is for the workflow {workflow!r}, which is none of {known}"
        )
        stack.send(body)
        return Run(identity.payload_id, workflow, self)

    def run(
        self,
        payload: str | os.PathLike[str] | Mapping[str, Any],
        timeout: float = TIMEOUT_SECONDS,
    ) -> Run:
        """Send a payload, and wait until everything has ended.

        Raises:
            AssertionError: it did not within so many seconds; says what is open.
        """
        run = self.start(payload)
        self.until_done(timeout)
        return run

    def until_done(self, timeout: float = TIMEOUT_SECONDS) -> None:
        """Wait until every execution has ended, and queue and stream are drained."""
        self.until(self._loaded.nothing_left, "the end of everything", timeout)

    def until(
        self,
        condition: Callable[[], bool],
        what: str = "the condition",
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        """Wait until a condition holds; it is looked at whenever something may have changed.

        Raises:
            AssertionError: it did not within so many seconds of real time.
        """
        if not self._loaded.wait_until(condition, timeout):
            raise AssertionError(
                f"waited {timeout:g} s in vain for {what}\n{self._open_text()}",
            )

    def lose(self, function: str, about: Run | str = "", *, times: int = 1) -> Disturbance:
        """Lose the next deliveries to ``process``, ``update-state`` or ``sender``."""
        return self._disturb(function, "lost", about, times)

    def repeat(self, function: str, about: Run | str = "", *, times: int = 1) -> Disturbance:
        """Deliver the next events to a function twice."""
        return self._disturb(function, "twice", about, times)

    def hold(self, function: str, about: Run | str = "", *, times: int = 1) -> Disturbance:
        """Keep the next deliveries until ``release()`` is called on what is returned."""
        return self._disturb(function, "held", about, times)

    def later(
        self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> dict[str, Any]:
        """Let time pass at once, then make a pass of the reconciler; returns its summary.

        Timeouts, heartbeats and Wait states whose time has come end.
        """
        self.clock.move_on(seconds + 60 * minutes + 3600 * hours + 86_400 * days)
        return self.reconcile()

    def reconcile(self) -> dict[str, Any]:
        """A pass of the reconciler, now, by the stack's clock; returns its summary."""
        assert self._loaded
        with mock.patch.object(reconciler, "utc_now", self.clock.utc_now):
            return reconciler.lambda_handler({}, Context("reconciler", SCHEDULE_SECONDS))

    # What came of it.

    @property
    def executions(self) -> Sequence[Execution]:
        """Every execution, in the order in which they were seen."""
        assert self._timeline is not None, _NOT_LOADED
        return self._timeline.executions

    def waits(self, *, of: Run | str | None = None, on: Run | str | None = None) -> Waits:
        """The waits as the tracking table holds them, in the order of registration.

        Args:
            of: only those of this parent (by ``cirrus-waiter-payload-id``, or by execution).
            on: only those for this child.
        """
        rows = self._loaded.report().waits
        if of is not None:
            rows = tuple(row for row in rows if self._is_of(row, of))
        if on is not None:
            rows = tuple(row for row in rows if row.payload_id == _id(on))
        return Waits(rows)

    def record(self, payload: Run | str) -> Record | None:
        """Cirrus's own record of a payload."""
        return self._loaded.record(_id(payload))

    def client(self, service: str) -> Any:
        """A boto3 client for the deployment's AWS: S3, say."""
        return self._loaded.deployment.client(service)

    def timeline_text(self) -> str:
        """What happened, a line each; shown where a test fails."""
        return "\n".join(
            f"{each.seconds:7.1f} s  {each.kind.value:8}{each.text}" for each in self._happenings
        )

    def _open_text(self) -> str:
        report = self._loaded.report()
        lines = [
            f"  {each.title} is running" for each in report.executions if each.status == "RUNNING"
        ]
        lines += [f"  {each.waiter_name} waits for {each.payload_id}" for each in report.open_waits]
        return "\n".join(
            ["still open:", *(lines or ["  nothing that is known"]), self.timeline_text()]
        )

    @property
    def _loaded(self) -> Stack:
        assert self._stack is not None, _NOT_LOADED
        return self._stack

    def _disturb(self, function: str, kind: str, about: Run | str, times: int) -> Disturbance:
        return self._deliveries.disturb(function, kind, _id(about), times)

    def _invoking(self, own: Any) -> Any:
        def invoke(function: str, payload: Any) -> dict[str, Any]:
            name = function.rpartition(":function:")[2].partition(":")[0]
            for each in (name, name.removeprefix(f"{PREFIX}-")):
                if each in self._functions:
                    return self._functions[each].invoke(payload, lambda: own(function, payload))
            return own(function, payload)  # type: ignore[no-any-return]

        return invoke

    def _is_of(self, row: Wait, parent: Run | str) -> bool:
        if row.waiter_payload_id is not None:
            return row.waiter_payload_id == _id(parent)
        arns = {each.arn for each in self.executions if each.payload_id == _id(parent)}
        return row.waiter_execution_arn in arns

    def _read(self, payload: str | os.PathLike[str]) -> dict[str, Any]:
        path = self._found(payload, self._loaded.project.root)
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise AssertionError(f"{path} is not JSON: {error}") from error
        assert isinstance(body, dict), f"{path} is not a payload: it must hold one JSON object"
        return body

    def _found(self, name: str | os.PathLike[str], *more: Path) -> Path:
        places = [folder / name for folder in (*more, *self.folders, Path())]
        found = next((place for place in places if place.exists()), None)
        assert found is not None, f"{os.fspath(name)} is in none of " + ", ".join(
            dict.fromkeys(str(place.parent) for place in places)
        )
        return found


_NOT_LOADED = "call cirrus_stack.load(FOLDER) first"


def _id(about: Run | str) -> str:
    return about.payload_id if isinstance(about, Run) else about
