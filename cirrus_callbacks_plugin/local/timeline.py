"""What happens during a run, as people read it: who waits for whom, what was answered."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.happenings import EventKind, Happening
from cirrus_callbacks_plugin.local.join_progress import waited_for
from cirrus_callbacks_plugin.local.join_story import JoinStory
from cirrus_callbacks_plugin.naming import short
from cirrus_callbacks_plugin.protocol.error_names import answer_name_of
from cirrus_callbacks_plugin.waits.row import STALE, Key, Wait, token_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cirrus_callbacks_plugin.local.join_progress import JoinProgress


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution as it was last seen.

    Attributes:
        arn: its ARN.
        name: its name.
        workflow: the workflow whose state machine it runs.
        status: as Step Functions says.
        payload_id: of its input, or of the payload that its input refers to.
        output: its output once it succeeded, parsed.
        error: the error's name once it failed.
        cause: the error's cause once it failed.
        input: what it was started with, parsed.
    """

    arn: str
    name: str
    workflow: str
    status: str
    payload_id: str | None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    input: Any = None

    @classmethod
    def from_description(
        cls,
        description: Mapping[str, Any],
        prefix: str,
        payload_id_of: Callable[[Any], str | None],
    ) -> Execution:
        """Read what DescribeExecution answers.

        Args:
            description: the answer.
            prefix: of the deployment's names.
            payload_id_of: the id of the payload that an input is, or refers to.
        """
        state_machine = str(description["stateMachineArn"]).rpartition(":")[2]
        given = _parsed(description.get("input") or "null")
        output = description.get("output")
        return cls(
            arn=str(description["executionArn"]),
            name=str(description["name"]),
            workflow=state_machine.removeprefix(f"{prefix}-"),
            status=str(description["status"]),
            payload_id=payload_id_of(given),
            input=given,
            output=None if output is None else _parsed(output),
            error=description.get("error"),
            cause=description.get("cause"),
        )

    @property
    def why(self) -> str:
        """Why it did not succeed, in one line: error and cause, as far as they are known."""
        cause = _cause_text(self.cause)
        return ": ".join(part for part in (self.error, cause) if part)

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.workflow}/{self.name}" if self.payload_id is None else short(self.payload_id)


def own_id(given: Any) -> str | None:
    """The id of an input that is a payload."""
    value = given.get("id") if isinstance(given, dict) else None
    return value if isinstance(value, str) else None


def _cause_text(cause: str | None) -> str | None:
    """A cause for people: the message, where it is JSON with one."""
    if cause is None:
        return None
    parsed = _parsed(cause)
    message = (
        parsed.get("errorMessage") or parsed.get("error") if isinstance(parsed, dict) else None
    )
    return str(message) if message else cause


def _parsed(output: str) -> Any:
    try:
        return json.loads(output)
    except ValueError:  # moto gives an output that is a text as it is
        return output


class Timeline:
    """Keeps what was seen, and shows each thing once.

    Args:
        show: called with each happening, from several threads, one at a time.
        prefix: of the deployment's names.

    Attributes:
        payload_id_of: the id of the payload that an execution's input is, or refers to; a
            stack sets it once it is up.
        on_change: called after an execution or a wait was noted.
    """

    def __init__(self, show: Callable[[Happening], None], prefix: str) -> None:
        self.payload_id_of: Callable[[Any], str | None] = own_id
        self.on_change: Callable[[], None] = lambda: None
        self._show = show
        self._prefix = prefix
        self._lock = threading.RLock()
        self._began: float | None = None
        self._executions: dict[str, Execution] = {}
        self._waits: dict[Key, Wait] = {}
        self._outcomes: set[str] = set()
        self._unanswered: dict[str, str | None] = {}
        self._told_left: set[Key] = set()
        self._story = JoinStory(lambda kind, text, is_bad: self._tell(kind, text, is_bad=is_bad))

    @property
    def executions(self) -> tuple[Execution, ...]:
        """Every execution, in the order in which they were seen."""
        with self._lock:
            return tuple(self._executions.values())

    @property
    def waits(self) -> tuple[Wait, ...]:
        """Every wait as the stream last told it, in the order of registration; a join is one."""
        with self._lock:
            return tuple(self._waits.values())

    @property
    def joins(self) -> dict[str, JoinProgress]:
        """Every join by its id, as the stream last told its rows."""
        with self._lock:
            return self._story.joins

    @property
    def gone(self) -> frozenset[Key]:
        """Open waits whose task is over: it timed out, or its execution ended."""
        with self._lock:
            return frozenset(
                key
                for key, wait in self._waits.items()
                if not wait.is_answered and wait.task_token in self._unanswered
            )

    @property
    def open_waits(self) -> tuple[Wait, ...]:
        """The waits without an answer."""
        return tuple(wait for wait in self.waits if not wait.is_answered)

    def begin(self) -> None:
        """Count the seconds from now on: what came before, setting up, is told at 0."""
        self._began = time.monotonic()

    def step(self, text: str) -> None:
        """Tell what the one who runs the stack does."""
        self._tell(EventKind.STEP, text)

    def trouble(self, text: str) -> None:
        """Tell of something that went wrong on the way."""
        self._tell(EventKind.TROUBLE, text, is_bad=True)

    def unanswered(self, token: str, error: str | None) -> None:
        """Take note of a task that is over and was given no answer.

        Args:
            token: what it waited with.
            error: the name of its error; None for one that was stopped.
        """
        with self._lock:
            self._unanswered[token] = error
            for wait in self._waits.values():
                if wait.task_token == token:
                    self._left(wait)
        self.on_change()

    def _left(self, wait: Wait) -> None:
        """Tell of a wait whose task is over, once; what its answer finds is told with that."""
        if wait.is_answered or wait.key in self._told_left:
            return
        self._told_left.add(wait.key)
        error = self._unanswered[wait.task_token]
        why = "its task was stopped" if error is None else f"its task ended with {error}"
        what = waited_for(wait, self._story.joins)
        self._tell(
            EventKind.WAIT, f"{wait.waiter_name} waits no more for {what}: {why}", is_bad=True
        )

    def execution(self, description: Mapping[str, Any]) -> None:
        """Take note of an execution that began or ended."""
        execution = Execution.from_description(description, self._prefix, self.payload_id_of)
        with self._lock:
            before = self._executions.get(execution.arn)
            self._executions[execution.arn] = execution
            if before is None:
                self._tell(EventKind.RUN, f"{execution.title} runs")
            elif execution.status == "RUNNING":
                redrives = description.get("redriveCount", 0)
                self._tell(EventKind.RUN, f"{execution.title} runs again (redrive {redrives})")
            if execution.status != "RUNNING":
                error = f" with {execution.why}" if execution.why else ""
                self._tell(
                    EventKind.END,
                    f"{execution.title} {execution.status}{error}",
                    is_bad=execution.status != "SUCCEEDED",
                )
        self.on_change()

    def record(self, record: Mapping[str, Any]) -> None:
        """Take note of a record of the tracking table's stream."""
        image = record["dynamodb"].get("NewImage")
        if not image:
            return
        key = Key.from_item(image)
        with self._lock:
            join = self._story.record(key, image)
            if join is not None:
                self._waits[key] = join.wait
                if join.wait.task_token in self._unanswered:
                    self._left(join.wait)
            elif not key.is_reserved:
                wait = Wait.from_item(image)
                if wait.member is None:  # a member's own wait is told with its join
                    self._wait(wait)
        self.on_change()

    def _wait(self, wait: Wait) -> None:
        before = self._waits.get(wait.key)
        self._waits[wait.key] = wait
        if before is None:
            since = "" if wait.seen_state is None else f" ({wait.seen_state} by then)"
            name = token_name(wait.task_token)
            self._tell(
                EventKind.WAIT,
                f"{wait.waiter_name} waits for {short(wait.payload_id)}{since}, token {name}",
            )
        if wait.task_token in self._unanswered:
            self._left(wait)
        if wait.is_settled and not (before is not None and before.is_settled):
            self._settled(wait)
        if wait.is_answered and not (before is not None and before.is_answered):
            self._tell(EventKind.ANSWER, _answered(wait), is_bad=wait.answer != "success")

    def _settled(self, wait: Wait) -> None:
        """Tell an outcome once, however many rows it settles."""
        text = f"{short(wait.payload_id)} is {wait.answer_error or wait.workflow_state}"
        outcome = f"{text} {wait.execution_arn}"
        if outcome not in self._outcomes:
            self._outcomes.add(outcome)
            self._tell(EventKind.SETTLE, f"{text}: {wait.error}" if wait.error else text)

    def _tell(self, kind: EventKind, text: str, *, is_bad: bool = False) -> None:
        with self._lock:
            seconds = 0.0 if self._began is None else time.monotonic() - self._began
            self._show(Happening(seconds, kind, text, is_bad))


def _answered(wait: Wait) -> str:
    waited = wait.waited_seconds
    after = "" if waited is None else f" after {waited:.1f} s"
    if wait.answer == STALE:
        return f"the answer about {short(wait.payload_id)} finds {wait.waiter_name} gone{after}"
    what = answer_name_of(wait)
    return f"{wait.waiter_name} is told {what} about {short(wait.payload_id)}{after}"
