"""The hook around ``update-state``: what it settles, leaves to the sender, and says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus import installed
from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.hooks import update_state as module
from cirrus_callbacks_plugin.hooks.own_time import CALL_SECONDS
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Wait
from support.aws_calls import aws_error
from support.hooked import Cirrus, Parts, Records, Rows, StateDB, payload_id
from support.judged import record
from support.logged_steps import lines, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cirrus_callbacks_plugin.cirrus.state_table import Record, StateKey

RUN = "arn:run"
LEFT = "the payload's waits stay open until the reconciler settles them"
URL = f"s3://out/{payload_id()}/{RUN}"


@dataclass
class Pages(Rows):
    """Open rows, a page each, and what is left to the sender."""

    rows: list[Wait] = field(default_factory=list)
    left: list[tuple[Any, ...]] = field(default_factory=list)
    error: Exception | None = None

    def open_rows(self, of: str) -> Iterator[list[Wait]]:
        """The rows of a payload."""
        if self.error is not None:
            raise self.error
        yield from ([each] for each in self.rows if each.payload_id == of)

    def continue_later(self, *told: Any) -> None:
        """Leave the rest."""
        self.left.append(told)


class OneRecord(Records):
    """The state table, asked for one record at a time."""

    def get(self, key: StateKey) -> Record | None:
        """A consistent read."""
        return self.read([key], lambda: None).get(key)


class Context:
    """Lambda's context with so many seconds left."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> float:
        """Milliseconds."""
        return self._seconds * 1000


@dataclass
class Settling:
    """A hook, the parts it works on, and a clock."""

    parts: Parts
    now: float = 0.0

    @property
    def waits(self) -> Pages:
        """The tracking table."""
        assert isinstance(self.parts.waits, Pages)
        return self.parts.waits

    def run(
        self,
        event: Any,
        work: Callable[[], Any],
        context: Any = None,
    ) -> Any:
        """Run the wrapped handler."""

        def handler(given: Any, given_context: Any) -> Any:
            assert given is event
            assert given_context is context
            return work()

        wrapped = module.update_state(
            handler,
            services=lambda: self.parts,  # type: ignore[arg-type, return-value]
            clock=lambda: self.now,
        )
        return wrapped(event, context)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Settling:
    cirrus = Cirrus()
    monkeypatch.setattr(installed, "adapter", lambda: cirrus)
    listen(caplog)
    parts = Parts(waits=Pages(), states=OneRecord())
    parts.states.there[payload_id()] = record("SUCCEEDED", RUN)
    return Settling(parts)


def row(name: str = "t", payload: str | None = None) -> Wait:
    return Wait(payload or payload_id(), name)


def ended(**detail: Any) -> dict[str, Any]:
    return {"detail": {"executionArn": RUN, **detail}}


def completes(payload: str | None = None) -> Callable[[], str]:
    def work() -> str:
        StateDB().set_completed(payload or payload_id())
        return "returned"

    return work


def fails(error: str = "Boom") -> Callable[[], str]:
    def work() -> str:
        StateDB().set_failed(payload_id(), error)
        return "returned"

    return work


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the module itself says."""
    return [each.getMessage() for each in caplog.records if each.name == module.__name__]


def step(caplog: pytest.LogCaptureFixture, level: str) -> dict[str, Any]:
    """The one line of a step that was told, of this level."""
    ((told_at, line),) = lines(caplog)
    assert told_at == level
    return line


def test_waits_are_settled_with_what_the_handler_wrote(
    hook: Settling,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The run of the event, the state that was set, and where its output is; one line."""
    hook.waits.rows = [row("t"), row("u"), row("v", payload_id("other"))]
    assert hook.run(ended(output="{}"), completes()) == "returned"
    outcome = Outcome("SUCCEEDED", RUN, None, URL)
    assert hook.waits.settled == [("t", outcome), ("u", outcome)]
    assert told(caplog) == [f"Payload {payload_id()}: 2 wait(s) settled"]
    assert hook.waits.left == []


@pytest.mark.parametrize(
    ("event", "work", "outcome"),
    [
        (ended(), completes(), Outcome("SUCCEEDED", RUN)),
        (ended(output=""), completes(), Outcome("SUCCEEDED", RUN)),
        (ended(output="{}"), fails(), Outcome("FAILED", RUN, "Boom")),
        (ended(), fails("é" * 20_000), Outcome("FAILED", RUN, "é" * 8190 + "…")),
        ({"detail": {"output": "{}"}}, completes(), Outcome("SUCCEEDED", RUN)),
        ({"detail": {"executionArn": 7}}, completes(), Outcome("SUCCEEDED", RUN)),
        ({"detail": [1]}, completes(), Outcome("SUCCEEDED", RUN)),
        ({}, completes(), Outcome("SUCCEEDED", RUN)),
        ([1], completes(), Outcome("SUCCEEDED", RUN)),
    ],
)
def test_what_the_event_tells_of_the_run(
    hook: Settling,
    event: Any,
    work: Callable[[], str],
    outcome: Outcome,
) -> None:
    """No output, no URL; an event that names no run is about the last listed one."""
    assert outcome.workflow_state is not None
    hook.parts.states.there[payload_id()] = record(outcome.workflow_state, RUN)
    hook.waits.rows = [row()]
    hook.run(event, work)
    assert hook.waits.settled == [("t", outcome)]


def test_an_older_runs_end_settles_nothing(hook: Settling) -> None:
    """The event's own run is what has ended; a later one is listed."""
    hook.parts.states.there[payload_id()] = record("FAILED", RUN, "arn:later")
    hook.waits.rows = [row()]
    hook.run(ended(), fails())
    assert hook.waits.settled == []


def test_without_a_waiter_nothing_is_said(
    hook: Settling,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor where the handler set no final state."""
    hook.run(ended(), completes())
    hook.waits.rows = [row()]
    hook.run(ended(), lambda: "returned")
    assert hook.waits.settled == []
    assert told(caplog) == []


def test_a_handler_that_raises_after_its_write_has_written(hook: Settling) -> None:
    """Its waits are settled, and its exception is its own."""
    hook.waits.rows = [row()]

    def work() -> None:
        completes()()
        raise KeyError("cirrus's own")

    with pytest.raises(KeyError, match="cirrus's own"):
        hook.run(ended(), work)
    assert len(hook.waits.settled) == 1


def test_what_does_not_fit_is_left_to_the_sender(
    hook: Settling,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A quarter of the time that was left on entry remains: the outcome goes on as a row."""
    hook.waits.rows = [row()]
    context = Context(12)

    def work() -> None:
        completes()()
        hook.now += 9

    hook.run({"detail": {"output": "{}"}}, work, context)
    assert hook.waits.settled == []
    assert hook.waits.left == [(payload_id(), "w", Outcome("SUCCEEDED", RUN), "2.0.0", None, None)]
    assert told(caplog) == []
    assert step(caplog, "WARNING") == {
        "callback": "left to the sender",
        "payload_id": payload_id(),
        "workflow_state": "SUCCEEDED",
        "execution_arn": RUN,
        "why": "not all waits could be settled in this invocation",
    }


@pytest.mark.parametrize("waiting_run", ["arn:later", RUN])
def test_what_a_later_run_left_to_the_sender_stays(
    hook: Settling,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    waiting_run: str,
) -> None:
    """The line names the run whose outcome waits; it is put in the place of any other one."""
    hook.parts.states.there[payload_id()] = record("FAILED", RUN, "arn:later")
    waiting = Continuation(payload_id(), "w", Outcome("FAILED", waiting_run), "2024")
    answers = [waiting, None]
    monkeypatch.setattr(hook.waits, "continue_later", lambda *_: answers.pop(0))
    hook.waits.rows = [row()]

    def work() -> None:
        completes()()
        hook.now += 9

    hook.run(ended(), work, Context(12))
    is_later = waiting_run != RUN
    level, line = lines(caplog)[-1]
    assert level == ("INFO" if is_later else "WARNING")
    assert (line["callback"], line["payload_id"]) == ("left to the sender", payload_id())
    assert (line["execution_arn"], "later run" in line["why"]) == (waiting_run, is_later)


def test_a_payload_without_a_workflow_goes_on_as_unknown(hook: Settling) -> None:
    """Its row has to name one."""
    odd = "no-workflow"
    hook.waits.rows = [row("t", odd)]

    def work() -> None:
        completes(odd)()
        hook.now += 9

    hook.run(ended(), work, Context(12))
    assert hook.waits.left == [(odd, "unknown", Outcome("SUCCEEDED", RUN), "2.0.0", None, None)]


@pytest.mark.parametrize(("left", "is_tried"), [(CALL_SECONDS, True), (CALL_SECONDS - 0.1, False)])
def test_the_continuation_is_tried_where_a_call_has_time(
    hook: Settling,
    caplog: pytest.LogCaptureFixture,
    left: float,
    is_tried: bool,
) -> None:
    """It could hang as the call before did; the reconciler settles the waits then."""
    hook.waits.rows = [row()]

    def work() -> None:
        completes()()
        hook.now += 12 - left

    hook.run(ended(), work, Context(12))
    assert bool(hook.waits.left) is is_tried
    if not is_tried:
        line = step(caplog, "WARNING")
        assert (line["callback"], line["payload_id"]) == ("not settled", payload_id())
        assert (line["workflow_state"], line["execution_arn"]) == ("SUCCEEDED", RUN)
        assert line["why"] == f"the tracking table does not answer; {LEFT}"


def test_a_table_that_cannot_be_read_fails_no_handler(
    hook: Settling,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The line names the payload and the error's code; the other payload is settled."""
    hook.waits.error = aws_error("AccessDeniedException")
    assert hook.run(ended(), completes()) == "returned"
    assert step(caplog, "ERROR") == {
        "callback": "not settled",
        "payload_id": payload_id(),
        "workflow_state": "SUCCEEDED",
        "why": f"AccessDeniedException; {LEFT}",
    }


def test_a_configuration_error_says_what_is_wrong(
    hook: Settling,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In its own words."""
    hook.waits.error = ConfigurationError("CIRRUS_STATE_DB is missing")
    hook.run(ended(), completes())
    assert step(caplog, "ERROR")["why"] == f"CIRRUS_STATE_DB is missing; {LEFT}"


def test_without_a_supported_cirrus_the_handler_runs_all_the_same(
    hook: Settling,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With what it was given; the log says why nobody is called back."""

    def none() -> Any:
        raise ConfigurationError("two are installed")

    monkeypatch.setattr(installed, "adapter", none)
    hook.waits.rows = [row()]
    assert hook.run(ended(), completes(), Context(12)) == "returned"
    assert hook.waits.settled == []
    assert told(caplog) == ["Callbacks are misconfigured: two are installed"]
