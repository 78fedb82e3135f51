"""A Cirrus deployment for a test, driven and looked at from the test."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.errors import CallbackError, UnacceptablePayload
from cirrus_callbacks_plugin.local.called_functions import CalledFunctions, short_name
from cirrus_callbacks_plugin.local.clock import StackClock
from cirrus_callbacks_plugin.local.errors import NoWorkflowsError
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.sources.schedule import SECONDS
from cirrus_callbacks_plugin.local.stack import StackSettings, running
from cirrus_callbacks_plugin.local.timeline import Timeline
from cirrus_callbacks_plugin.testing.arguments import (
    assert_count,
    assert_function,
    assert_path,
    assert_seconds,
    assert_text,
    assert_texts,
    json_text,
)
from cirrus_callbacks_plugin.testing.deliveries import About, Deliveries, Disturbance, Fate
from cirrus_callbacks_plugin.testing.functions import FunctionDouble
from cirrus_callbacks_plugin.testing.results import PayloadRun, Waits
from cirrus_callbacks_plugin.testing.subjects import Subjects
from cirrus_callbacks_plugin.testing.throttling import Throttle, Throttling

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.local.happenings import Happening
    from cirrus_callbacks_plugin.local.report import Report
    from cirrus_callbacks_plugin.local.server import MotoServer
    from cirrus_callbacks_plugin.local.stack import Stack
    from cirrus_callbacks_plugin.local.timeline import Execution

PREFIX = "cirrus-test"
RECONCILER = {
    config.GRACE_SECONDS: str(config.DEFAULT_GRACE_SECONDS),
    config.REDELIVERY_SECONDS: str(config.DEFAULT_REDELIVERY_SECONDS),
    config.QUEUE_SECONDS: str(config.DEFAULT_QUEUE_SECONDS),
}
"""The reconciler's policy: a deployment's own, since its clock can be moved."""

TIMEOUT_SECONDS = 60.0
"""Real time after which what has not happened fails its test, unless a setting says otherwise."""

Body = str | os.PathLike[str] | Mapping[str, Any]
"""A payload: a file, or the payload itself."""


class NotReached(AssertionError):  # noqa: N818 - says what happened
    """What a test waited for did not happen in time.

    Attributes:
        what: what it waited for.
    """

    def __init__(self, what: str, seconds: float, details: str) -> None:
        super().__init__(f"in vain waited for {what} ({seconds:g} s)\n{details}")
        self.what = what


@dataclass(slots=True, repr=False)
class CirrusStack:
    """A deployment for one test; the fixture ``cirrus_stack`` makes it.

    Attributes:
        folders: where relative paths are looked for, in this order: beside the test, in the
            folders above it, at the root.
        server: gives the server that serves the deployment; None: one of its own.
        throttling: in front of that server.
        show: told what happens, beside the timeline.
        clock: what timeouts, heartbeats, Wait states and rows of the table follow.
        timeout: seconds of real time that it waits for anything, unless a call says otherwise.
    """

    folders: tuple[Path, ...] = ()
    server: Callable[[], MotoServer] | None = None
    throttling: Throttling = field(default_factory=Throttling)
    show: Callable[[Happening], None] = lambda _: None
    clock: StackClock = field(default_factory=StackClock)
    timeout: float = TIMEOUT_SECONDS
    _until_end: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _functions: dict[str, FunctionDouble] = field(default_factory=dict)
    _called: CalledFunctions | None = None
    _happenings: list[Happening] = field(default_factory=list)
    _timeline: Timeline = field(init=False)
    _deliveries: Deliveries = field(init=False)
    _running: Stack | None = None

    def __post_init__(self) -> None:
        self._timeline = Timeline(self._note, PREFIX)
        self._deliveries = Deliveries(self._subject, self._timeline.trouble, self._delivered)
        self.throttling.tell = self._timeline.trouble

    def __repr__(self) -> str:
        """For people who read a failure."""
        loaded = "nothing loaded" if self._running is None else str(self._running.project.root)
        return f"<cirrus_stack: {loaded}>"

    def close(self) -> None:
        """Take the deployment down; no thread is left behind."""
        self.throttling.throttles.clear()
        self._until_end.close()

    def load(
        self,
        folder: str | os.PathLike[str],
        *,
        workflows: str = "*",
        variables: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        uploads: bool = True,
        reconciler: bool = False,
        verbose: bool = False,
    ) -> CirrusStack:
        """Set the deployment up for a folder, as ``cirrus-callbacks local`` reads it.

        Args:
            folder: the folder, or its ``workflows`` folder; the first with workflows beside the
                test, in the folders above it, or at the root.
            workflows: the flag: which workflows may be waited for, separated by commas.
            variables: further ``${name}`` of the state machines.
            environment: the plugin's own variables, ``CIRRUS_CALLBACKS_GRACE_SECONDS`` say.
            uploads: put the folder's ``objects`` into S3.
            reconciler: let the reconciler run on a schedule; else at :meth:`reconcile` and
                :meth:`later` alone.
            verbose: let the libraries' logs through.

        Raises:
            AssertionError: a folder is loaded already, or this one cannot be used.
        """
        assert self._running is None, "cirrus_stack.load() was called before: one folder a test"
        assert_text(workflows, "workflows")
        assert_texts(variables, "variables")
        assert_texts(environment, "environment")
        places = self._places(folder)
        settings = StackSettings(
            prefix=PREFIX,
            workflows=workflows,
            environment={**({} if reconciler else RECONCILER), **(environment or {})},
            variables=dict(variables or {}),
            without=frozenset() if reconciler else frozenset({"reconciler"}),
            needs_payloads=False,
            verbose=verbose,
        )
        self._running = self._first_with_workflows(places, settings)
        self._assert_loaded(workflows)
        self._called = CalledFunctions.of(self._stack.definitions.values(), PREFIX)
        for name in self._functions:
            self._assert_called(name)
        if uploads:
            for stored in self._stack.project.objects:
                self._stack.upload(stored)
        return self

    def _first_with_workflows(self, places: Sequence[Path], settings: StackSettings) -> Stack:
        for place in places:
            root = place.parent if place.name == "workflows" else place
            try:
                return self._until_end.enter_context(
                    running(
                        root,
                        settings,
                        self._timeline,
                        around=self._deliveries.around,
                        clock=self.clock,
                        invoke_around=self._invoking,
                        server=self.server,
                    ),
                )
            except NoWorkflowsError as error:
                without = error
            except CallbackError as error:
                raise AssertionError(str(error)) from error
        others = "".join(f"\n{place} has none either" for place in places[:-1])
        raise AssertionError(f"{without}{others}") from without

    def _assert_loaded(self, workflows: str) -> None:
        known = self._stack.project.workflows
        unknown = sorted((EnabledWorkflows.parse(workflows).names or frozenset()) - set(known))
        assert not unknown, (
            f"workflows={workflows!r}: {', '.join(unknown)} not among those of the folder: "
            f"{', '.join(known)}"
        )

    # What happens.

    def function(self, name: str) -> FunctionDouble:
        """What a lambda function does in this test; its own code runs where nothing is said.

        Args:
            name: its name, with or without the deployment's prefix.

        Raises:
            AssertionError: no workflow of the loaded folder calls such a function.
        """
        assert_text(name, "the function's name")
        name = short_name(name, PREFIX)
        self._assert_called(name)
        return self._functions.setdefault(name, FunctionDouble(name))

    def start(self, payload: Body) -> PayloadRun:
        """Send a payload to the process queue.

        Args:
            payload: a file (in the loaded folder, beside the test, or at the root), or the
                payload itself.

        Raises:
            AssertionError: the file is not there, cirrus refuses the payload, or its workflow
                is not loaded.
        """
        if isinstance(payload, Mapping):
            name, body = "a payload", dict(payload)
        else:
            assert_path(payload, "a payload that is not a dict")
            name, body = Path(payload).name, self._read(payload)
        content = json.loads(json_text(self._stack.payload_behind(body), name))
        try:
            identity = adapter().identify(content)
        except UnacceptablePayload as error:
            raise AssertionError(f"{name}: {error}") from error
        known = self._stack.project.workflows
        assert identity.workflow is not None, f"{name}: process[0].workflow must be a text"
        assert identity.workflow in known, (
            f"{name} is for the workflow {identity.workflow!r}, which is not one of "
            f"{', '.join(known)}"
        )
        self._timeline.step(f"send {name}")
        self._stack.send(body)
        return PayloadRun(identity.payload_id, self)

    def run(self, payload: Body, timeout: float | None = None) -> PayloadRun:
        """Send a payload, and wait until everything has ended.

        Raises:
            AssertionError: as :meth:`start`.
            NotReached: something has not ended within so many seconds (the stack's own
                unless given); says what is open.
        """
        run = self.start(payload)
        self.until_done(timeout)
        return run

    def until_done(self, timeout: float | None = None) -> None:
        """Wait until every execution has ended, and queue and stream are drained.

        Raises:
            NotReached: it is not so within so many seconds (the stack's own unless given);
                says what is open.
        """
        self.until(self._stack.nothing_left, "the end of everything", timeout)

    def until(
        self,
        condition: Callable[[], bool],
        what: str = "the condition",
        timeout: float | None = None,
    ) -> None:
        """Wait until a condition holds; it is looked at whenever something has happened.

        Args:
            condition: called without arguments, often: it should be quick.
            what: what it stands for, in the message.
            timeout: seconds of real time; the stack's own unless given.

        Raises:
            NotReached: it does not hold by then; says what is open.
        """
        seconds = self.timeout if timeout is None else timeout
        assert_function(condition, "the condition")
        assert_seconds(seconds, "timeout")
        if not self._stack.wait_until(condition, seconds):
            raise NotReached(what, seconds, self._open_text())

    def lose(self, function: str, about: PayloadRun | str = "", *, times: int = 1) -> Disturbance:
        """Lose the next deliveries to ``process``, ``update-state`` or ``sender``.

        Args:
            function: whose deliveries.
            about: the payload that they are about: a run, an id, or a part of an id.
            times: how many deliveries.
        """
        return self._disturb(function, Fate.LOST, about, times)

    def repeat(self, function: str, about: PayloadRun | str = "", *, times: int = 1) -> Disturbance:
        """Make the next deliveries to a function twice; arguments as for :meth:`lose`."""
        return self._disturb(function, Fate.TWICE, about, times)

    def hold(self, function: str, about: PayloadRun | str = "", *, times: int = 1) -> Disturbance:
        """Keep the next deliveries until ``release()``; arguments as for :meth:`lose`."""
        return self._disturb(function, Fate.HELD, about, times)

    def throttle(self, table: str, *, calls: int = 1) -> Throttle:
        """Let a table refuse the next calls of the deployment: too many were made.

        Args:
            table: ``callbacks`` or ``state``.
            calls: how many calls; each attempt of an SDK is one.
        """
        names = self._stack.deployment.names
        tables = {"callbacks": names.callbacks_table, "state": names.state_table}
        assert_text(table, "the table")
        assert table in tables, f"{table!r} is not one of {', '.join(tables)}"
        assert_count(calls, "calls", "call")
        throttle = Throttle(tables[table], calls)
        self.throttling.throttles.append(throttle)
        return throttle

    def later(
        self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> dict[str, Any]:
        """Let time pass at once, then make a pass of the reconciler; returns its summary.

        First what is there to be delivered is delivered. Timeouts, heartbeats, Wait states and
        pauses of a Retry whose time has come end.
        """
        for name, value in {
            "seconds": seconds,
            "minutes": minutes,
            "hours": hours,
            "days": days,
        }.items():
            assert_seconds(value, name)
        passed = seconds + 60 * minutes + 3600 * hours + 86_400 * days
        assert passed > 0, "later() needs a time that passes: seconds, minutes, hours or days"
        self._until_quiet()
        self._timeline.step(f"{passed:g} s pass")
        self.clock.move_on(passed)
        return self.reconcile()

    def reconcile(self) -> dict[str, Any]:
        """A pass of the reconciler, now, by the stack's clock; returns its summary."""
        from cirrus_callbacks_plugin.lambda_functions import reconciler

        stack = self._stack
        self._until_quiet()
        summary = reconciler.lambda_handler({}, Context("reconciler", SECONDS))
        stack.disturbed()
        return summary

    def _until_quiet(self) -> None:
        self.until(self._stack.is_quiet, "the end of the deliveries under way")

    def upload(self, part: str) -> None:
        """Put those of the folder's objects into S3 whose key holds a text."""
        assert_text(part, "the part of a key")
        meant = [each for each in self._stack.project.objects if part in each.key]
        assert meant, f"no object of the folder has a key with {part}"
        self._timeline.step(f"upload {part}")
        for stored in meant:
            self._stack.upload(stored)

    # What came of it.

    @property
    def timeline(self) -> Timeline:
        """What happened so far."""
        return self._timeline

    @property
    def executions(self) -> Sequence[Execution]:
        """Every execution, in the order in which they were seen."""
        return self._timeline.executions

    def waits(
        self, *, of: PayloadRun | str | None = None, on: PayloadRun | str | None = None
    ) -> Waits:
        """The waits as the tracking table holds them, in the order of registration.

        A join is one wait, whatever the number of its members: :attr:`Waits.joins` has those.

        Args:
            of: only those of this parent (by ``cirrus-waiter-payload-id``, or by execution).
            on: only those for this child, as a member of a join, too.
        """
        rows = self._stack.waits()
        if of is not None:
            parent_id = _id(of)
            rows = tuple(row for row in rows if self._is_of(row, parent_id))
        if on is None:
            rows = tuple(row for row in rows if row.member is None)
        else:
            child_id = _id(on)
            rows = tuple(row for row in rows if row.payload_id == child_id)
        return Waits(rows, self._stack.joins)

    def payload(self, payload_id: str) -> PayloadRun:
        """The run of a payload that a workflow sent: a child's, say.

        Args:
            payload_id: its whole id.
        """
        return PayloadRun(_id(payload_id), self)

    def record(self, payload: PayloadRun | str) -> Record | None:
        """Cirrus's own record of a payload."""
        return self._stack.record(_id(payload))

    def report(self) -> Report:
        """Executions, waits and records, as ``cirrus-callbacks local --json`` tells them."""
        return self._stack.report()

    def dead_letters(self) -> int:
        """How many messages to ``process`` were given up, after five deliveries each."""
        return self._stack.dead_letters()

    def client(self, service: str) -> Any:
        """A boto3 client for the deployment's AWS: S3, say."""
        return self._stack.deployment.client(service)

    def timeline_text(self) -> str:
        """What happened, a line each; shown where a test fails."""
        return "\n".join(
            f"{each.seconds:7.1f} s  {each.kind.value:8}{each.text}" for each in self._happenings
        )

    def unmet(self) -> list[str]:
        """What was asked for and met nothing: what the test is about has not happened.

        That is disturbances, throttled tables, and what functions were to do ``times`` times.
        """
        every: list[Disturbance | Throttle] = [
            *self._deliveries.disturbances,
            *self.throttling.throttles,
        ]
        met_nothing = [str(each) for each in every if not each.happened]
        doubles = tuple(self._functions.values())
        return met_nothing + [text for double in doubles for text in double.unmet()]

    def _subject(self, function: str, record: Any) -> str | None:
        return Subjects(self._stack.payload_behind).payload_id(function, record)

    def _delivered(self) -> None:
        self._stack.disturbed()

    def _note(self, happening: Happening) -> None:
        self._happenings.append(happening)
        self.show(happening)

    def _open_text(self) -> str:
        report = self._stack.report()
        lines = [f"{each.title} is running" for each in report.executions if _is_running(each)]
        for each in report.open_waits:
            waited_for = report.title_of(each) if each.is_join else each.payload_id
            lines.append(f"{each.waiter_name} waits for {waited_for}")
        lines += [
            f"{each.held} held: {each}" for each in self._deliveries.disturbances if each.held
        ]
        dead = self.dead_letters()
        lines += [f"{dead} message(s) are in the dead-letter queue"] if dead else []
        shown = "".join(f"\n  {line}" for line in lines or ["nothing that is known"])
        return f"still open:{shown}\nwhat happened:\n{self.timeline_text()}"

    @property
    def _stack(self) -> Stack:
        assert self._running is not None, "call cirrus_stack.load(FOLDER) first"
        return self._running

    def _disturb(
        self, function: str, fate: Fate, about: PayloadRun | str, times: int
    ) -> Disturbance:
        meant = About(_id(about), is_whole=isinstance(about, PayloadRun))
        return self._deliveries.disturb(function, fate, meant, times)

    def _invoking(self, own: Any) -> Any:
        def invoke(function: str, payload: Any) -> dict[str, Any]:
            name = short_name(function, PREFIX)
            double = self._functions.setdefault(name, FunctionDouble(name))
            return double.invoke(payload, lambda: own(function, payload))

        return invoke

    def _assert_called(self, name: str) -> None:
        if self._called is not None and self._called.is_complete:
            names = ", ".join(self._called.names) or "none"
            assert name in self._called.names, (
                f"no workflow calls the function {name!r}; those that are called: {names}"
            )

    def _is_of(self, row: Any, parent_id: str) -> bool:
        if row.waiter_payload_id is not None:
            return bool(row.waiter_payload_id == parent_id)
        arns = {each.arn for each in self.executions if each.payload_id == parent_id}
        return row.waiter_execution_arn in arns

    def _read(self, payload: str | os.PathLike[str]) -> dict[str, Any]:
        path = self._places(payload, self._stack.project.root)[0]
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise AssertionError(f"{path} is not JSON: {error}") from error
        assert isinstance(body, dict), f"{path} is not a payload: it must hold one JSON object"
        return body

    def _places(self, name: str | os.PathLike[str], *more: Path) -> list[Path]:
        """Where a file or folder of that name is; at least one place."""
        assert_path(name, "what is looked for")
        folders = tuple(dict.fromkeys((*more, *self.folders)))
        places = [folder / name for folder in folders] or [Path(name)]
        there = [place for place in places if place.exists()]
        assert there, f"{os.fspath(name)} is in none of {', '.join(map(str, folders))}"
        return there


def _is_running(execution: Execution) -> bool:
    return execution.status == "RUNNING"


def _id(about: PayloadRun | str) -> str:
    if isinstance(about, PayloadRun):
        return about.payload_id
    assert_text(about, "a payload's id")
    return about
