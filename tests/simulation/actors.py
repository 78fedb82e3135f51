"""Actors: invocations that stop at every AWS call until the scheduler lets them go on.

An invocation is real code in a greenlet of its own. What it does next follows from what
its calls have answered and from the clock, and from nothing else: so what it did once is
remembered, and code runs again only where an invocation sees something new.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import greenlet

from simulation.fake_aws.queue import Body

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simulation.clock import Clock
    from simulation.fake_aws.errors import FakeError


class Crash(BaseException):
    """The lambda died: nothing after this point happens, no ``finally`` either."""


@dataclass(frozen=True, slots=True)
class Call:
    """An AWS call that an actor is about to make."""

    service: str
    operation: str
    request: dict[str, Any]
    is_own: bool
    """True for the product's calls, False for cirrus's."""
    position: int = 0
    """Of a batch's statement: which it is; each is a step of its own."""

    @property
    def name(self) -> str:
        """How traces call it."""
        who = "hook" if self.is_own else "cirrus"
        return f"{who} {self.service}.{self.operation}"

    @property
    def variants(self) -> tuple[str, ...]:
        """The faults that can befall it."""
        found = ["crash-before", "crash-after", "throttle"]
        if self.operation == "BatchExecuteStatement":
            found.append("lost")
            if not self.position:
                found += ["throttle-whole", "again"]
        if self.operation in ("GetItem", "Query") and not self.request.get("ConsistentRead"):
            found += ["stale", "stale-far"]
        if self.operation == "BatchGetItem":
            (wanted,) = self.request["RequestItems"].values()
            if not wanted.get("ConsistentRead"):
                found += ["stale", "stale-far"]
            if self.is_own:
                found.append("unprocessed")
        if self.operation == "SendMessageBatch":
            found.append("failed-entry")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to, and when."""

    response: dict[str, Any] | None
    error: FakeError | None
    now: datetime

    @property
    def told(self) -> str:
        """What the answer says."""
        error = self.error and (self.error.code, self.error.response)
        return f"{error}|{self.response!r}"


@dataclass(slots=True)
class Step:
    """Where an invocation stands, and what it did on its way there.

    Attributes:
        effects: what it did since the last call that needs no choice: uploads, messages
            to topics, and what the ghost is told.
        call: the call at which it stands; None once it is through.
        returned, raised: how it ended.
        following: where it stands after each answer that it has had here so far.
    """

    effects: list[tuple[Any, ...]] = field(default_factory=list)
    call: Call | None = None
    returned: Any = None
    raised: BaseException | None = None
    following: dict[str, Step] = field(default_factory=dict)


@dataclass(slots=True)
class Memory:
    """What invocations did before: their first steps, by what they were given and when.

    Attributes:
        first: the first steps; what follows hangs on them.
        steps: how many are remembered in all.
        most: with so many, everything is forgotten (some 6 KB each).
    """

    first: dict[str, Step] = field(default_factory=dict)
    steps: int = 0
    most: int = 300_000

    def count(self) -> None:
        """One more is remembered."""
        self.steps += 1
        if self.steps >= self.most:
            self.forget()

    def forget(self) -> None:
        """Begin again; invocations that are under way keep the steps on which they stand."""
        self.first.clear()
        self.steps = 0


@dataclass(slots=True)
class Actor:
    """One invocation.

    Attributes:
        number: its identity, in the order of starts.
        kind: ``process``, ``update_state``, ``sender`` or ``reconciler``.
        subject: what it works on, for traces: messages, a run, records.
        given: all that its work depends on, as a text.
        work: the code.
        clock: the world's.
        memory: what invocations did before.
        apply: lets an effect happen in the world.
        step: where it stands.
        is_through: cirrus's handler, in it, has ended.
        found: of ``update_state``: the tokens of the open rows that it has found.
        history: all that it has seen: with the same, two actors are in one state.
    """

    number: int
    kind: str
    subject: str
    given: str
    work: Callable[[Actor], Any]
    clock: Clock
    memory: Memory
    apply: Callable[[Actor, tuple[Any, ...]], None]
    step: Step = field(default_factory=Step)
    history: list[str] = field(default_factory=list)
    is_dead: bool = False
    is_through: bool = False
    found: frozenset[str] | None = None
    _begun: datetime | None = None
    _path: list[Answer] = field(default_factory=list)
    _greenlet: Any = None
    _fed: int = -1
    _effects: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """How traces call it."""
        return f"{self.kind}#{self.number}"

    @property
    def pending(self) -> Call | None:
        """The call at which it stands, None once it is through."""
        return None if self.is_dead else self.step.call

    @property
    def is_alive(self) -> bool:
        """True while it stands at a call."""
        return self.pending is not None

    @property
    def failed(self) -> bool:
        """True where it raised or died."""
        return self.is_dead or self.step.raised is not None

    def fork(self, apply: Callable[[Actor, tuple[Any, ...]], None]) -> Actor:
        """The invocation where it stands, once more, in another world.

        Code cannot be copied: where the next step is not remembered, it runs again.
        """
        if not self.is_alive:
            return self
        fork = copy(self)
        fork.apply, fork._greenlet, fork._fed = apply, None, -1
        fork.history, fork._path, fork._effects = list(self.history), list(self._path), []
        return fork

    def start(self) -> None:
        """Run to the first call."""
        self._begun = self.clock.now
        key = f"{self.kind}|{self.given}|{self._begun}"
        step = self.memory.first.get(key)
        if step is None:
            step = self.memory.first[key] = self._live(None)
            self.memory.count()
        self._enter(step)

    def go_on(self, answer: Answer) -> None:
        """Let the pending call have this answer, and run to the next one."""
        told = answer.told
        key = f"{answer.now.isoformat()}|{told}"
        following = self.step.following
        if key not in following:
            following[key] = self._live(answer)
            self.memory.count()
        self._path.append(answer)
        self.history.append(told)
        self._enter(following[key])

    def crash(self) -> None:
        """Die here."""
        self.is_dead = True
        self.dispose()

    def dispose(self) -> None:
        """End the code for good, wherever it stands; it has no effect any more."""
        was_dead, self.is_dead = self.is_dead, True
        if self._greenlet:
            self._greenlet.throw(Crash)
        self._greenlet = None
        self.is_dead = was_dead

    def stop_at(self, call: Call) -> dict[str, Any]:
        """Called from inside: hand the call to the scheduler and wait for its answer."""
        if self.is_dead:
            raise Crash
        answer: Answer = self._greenlet.parent.switch(call)
        if answer.error is not None:
            raise answer.error
        return _copied(answer.response or {})  # type: ignore[no-any-return]

    def effect(self, *what: Any) -> None:
        """Called from inside: something happens that no choice depends on."""
        if self.is_dead:
            raise Crash
        self._effects.append(what)

    def _enter(self, step: Step) -> None:
        self.step = step
        for effect in step.effects:
            self.apply(self, effect)

    def _live(self, answer: Answer | None) -> Step:
        """Run the code from where it stands; first bring it there, if it is not."""
        now = self.clock.now
        stopped: Any = None
        if answer is None or not self._greenlet or self._fed != len(self._path):
            self.dispose()
            self._greenlet = greenlet.greenlet(self._run)
            assert self._begun is not None
            self.clock.travel(self._begun)
            self._effects = []
            stopped = self._greenlet.switch()
            for past in self._path if answer is not None else ():
                self.clock.travel(past.now)
                self._greenlet.switch(past)
        if answer is not None:
            self.clock.travel(answer.now)
            self._effects = []
            stopped = self._greenlet.switch(answer)
        self._fed = 0 if answer is None else len(self._path) + 1
        self.clock.travel(now)
        effects, self._effects = self._effects, []
        if isinstance(stopped, Call):
            return Step(effects, call=stopped)
        returned, raised = stopped
        return Step(effects, returned=returned, raised=raised)

    def _run(self) -> tuple[Any, BaseException | None]:
        try:
            return self.work(self), None
        except Crash as crash:
            return None, crash
        except Exception as error:  # noqa: BLE001 - how the invocation ended
            return None, error


def _copied(value: Any) -> Any:
    """A copy of a response: code that gets it may change it (boto3's resources do)."""
    if isinstance(value, Body):
        return value.fresh()
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
