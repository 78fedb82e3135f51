"""What a test looks at: the runs that it started, and who waits for whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cirrus_callbacks_plugin.testing.arguments import assert_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.local.join_progress import JoinProgress
    from cirrus_callbacks_plugin.local.timeline import Execution
    from cirrus_callbacks_plugin.waits.row import Wait


@dataclass(frozen=True, slots=True)
class Waits:
    """Some waits, and how many of them are in which state."""

    rows: tuple[Wait, ...]
    _joins: Callable[[Iterable[Wait]], Mapping[str, JoinProgress]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Wait]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> Wait:
        return self.rows[index]

    @property
    def joins(self) -> tuple[JoinProgress, ...]:
        """The joins among them, and how far they are, in the order of registration."""
        progress = self._joins(self.rows)
        return tuple(progress[row.payload_id] for row in self.rows if row.payload_id in progress)

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


class Watched(Protocol):
    """The stack that a run belongs to, as far as a run asks it."""

    @property
    def executions(self) -> Sequence[Execution]:
        """Every execution, in the order in which they were seen."""

    def waits(
        self, *, of: PayloadRun | str | None = None, on: PayloadRun | str | None = None
    ) -> Waits:
        """Waits."""

    def record(self, payload: PayloadRun | str) -> Record | None:
        """Cirrus's own record of a payload."""

    def until(self, condition: Callable[[], bool], what: str, timeout: float | None) -> None:
        """Wait until a condition holds."""

    def timeline_text(self) -> str:
        """What happened, a line each."""


@dataclass(frozen=True, slots=True)
class PayloadRun:
    """One payload, and its latest execution as it stands now.

    Attributes:
        payload_id: the payload's id.
    """

    payload_id: str
    _stack: Watched = field(repr=False)

    @property
    def executions(self) -> tuple[Execution, ...]:
        """Its executions, in the order in which they were seen."""
        every = self._stack.executions
        return tuple(each for each in every if each.payload_id == self.payload_id)

    @property
    def execution(self) -> Execution:
        """The latest execution.

        Raises:
            AssertionError: there is none yet.
        """
        executions = self.executions
        assert executions, f"{self.payload_id} has no execution yet\n{self._stack.timeline_text()}"
        return executions[-1]

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
    def join(self) -> JoinProgress:
        """Its join as it stands now; the latest where it has several.

        Raises:
            AssertionError: there is none yet.
        """
        joins = self._stack.waits(of=self).joins
        assert joins, f"{self.payload_id} has no join yet\n{self._stack.timeline_text()}"
        return joins[-1]

    @property
    def has_ended(self) -> bool:
        """True once an execution of it has ended and none runs."""
        executions = self.executions
        return bool(executions) and all(each.status != "RUNNING" for each in executions)

    def until_ended(self, timeout: float | None = None) -> PayloadRun:
        """Wait until it has ended.

        Raises:
            NotReached: it did not within so many seconds (the stack's own unless given); says
                what is open.
        """
        self._stack.until(lambda: self.has_ended, f"the end of {self.payload_id}", timeout)
        return self

    def until_waiting(self, waits: int = 1, timeout: float | None = None) -> PayloadRun:
        """Wait until so many waits of it are open at the same time.

        Raises:
            NotReached: they are not within so many seconds (the stack's own unless given); says
                what is open.
        """
        assert_count(waits, "waits", "wait")
        what = f"{waits} open wait(s) of {self.payload_id}"
        self._stack.until(lambda: self._stack.waits(of=self).open >= waits, what, timeout)
        return self

    def until_members_ended(self, members: int, timeout: float | None = None) -> PayloadRun:
        """Wait until so many members of its join have ended, as successes or failures.

        Raises:
            NotReached: they have not within so many seconds (the stack's own unless given); says
                what is open.
        """
        assert_count(members, "members", "member")

        def have_ended() -> bool:
            joins = self._stack.waits(of=self).joins
            return bool(joins) and joins[-1].ended >= members

        what = f"the end of {members} member(s) of the join of {self.payload_id}"
        self._stack.until(have_ended, what, timeout)
        return self
