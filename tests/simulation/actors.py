"""Actors: invocations that stop at every AWS call until the scheduler lets them go on.

An invocation is real code in a greenlet of its own. What it does next follows from what
its calls have answered and from the clock, and from nothing else: so what it did once is
remembered, and code runs again only where an invocation sees something new. Actors
themselves are but data: they say at which step an invocation stands.
"""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import greenlet

from simulation.fake_aws.queue import Body
from simulation.independence import keys_of
from simulation.texts import NOTHING, Parted, parted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from simulation.clock import Clock
    from simulation.fake_aws.errors import FakeError

MOST_STANDING = 200
"""Code that is kept where it stands, for the next actor from there (some 30 KB each)."""


class Crash(BaseException):
    """The lambda died: nothing after this point happens, no ``finally`` either."""


@dataclass(frozen=True)
class Call:
    """An AWS call that an actor is about to make."""

    service: str
    operation: str
    request: dict[str, Any]
    is_own: bool
    """True for the product's calls, False for cirrus's."""
    position: int = 0
    """Of a batch's statement: which it is; each is a step of its own."""

    @functools.cached_property
    def name(self) -> str:
        """How traces call it."""
        who = "hook" if self.is_own else "cirrus"
        return f"{who} {self.service}.{self.operation}"

    @functools.cached_property
    def keys(self) -> tuple[str, Sequence[Mapping[str, Any]]]:
        """Of DynamoDB: the table and the keys that it names; none where it is a query."""
        return keys_of(self.request)

    @functools.cached_property
    def settles(self) -> bool:
        """True where it settles a row."""
        return "settled_at" in str(self.request)

    @functools.cached_property
    def sets_state(self) -> bool:
        """True where it writes the state of a record."""
        return "state_updated" in repr(self.request)

    @functools.cached_property
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


class Code(greenlet.greenlet):
    """The code of one invocation, stopped at a call.

    Attributes:
        work: the code.
        clock: shows it the time.
        past: what its next calls are answered at once, since they were before.
        effects: what it did since its last call.
        is_over: nothing that it does is of any effect any more.
        queue_urls: what cirrus remembers in it.
    """

    def __init__(self, work: Callable[[Code], Any], clock: Clock) -> None:
        super().__init__()
        self.work = work
        self.clock = clock
        self.past: deque[Answer] = deque()
        self.effects: list[tuple[Any, ...]] = []
        self.is_over = False
        self.queue_urls: dict[str, str] = {}

    @property
    def is_repeating(self) -> bool:
        """True where its next call was made before: nobody looks at its parameters."""
        return bool(self.past)

    def begin(self, begun: datetime, past: Iterable[Answer]) -> Any:
        """Run to the first call that is not answered yet; returns that, or how it ended."""
        self.past.extend(past)
        self.clock.show(begun)
        return self.switch()

    def go_on(self, answers: list[Answer]) -> Any:
        """Have these answers, and run to the call after them; returns that, or how it ended."""
        self.past.extend(answers[1:])
        return self.switch(answers[0])

    def end(self) -> None:
        """End it for good, wherever it stands."""
        self.is_over = True
        if self:
            self.throw(Crash)

    def stop_at(self, call: Call) -> dict[str, Any]:
        """Called from inside: hand the call to the scheduler and wait for its answer."""
        if self.is_over:
            raise Crash
        assert self.parent is not None
        answer: Answer = self.past.popleft() if self.past else self.parent.switch(call)
        self.effects = []
        self.clock.show(answer.now)
        if answer.error is not None:
            raise answer.error
        return _copied(answer.response or {})  # type: ignore[no-any-return]

    def effect(self, *what: Any) -> None:
        """Called from inside: something happens that no choice depends on."""
        if self.is_over:
            raise Crash
        self.effects.append(what)

    def run(self) -> tuple[Any, BaseException | None]:  # type: ignore[override]
        """What the greenlet does."""
        try:
            return self.work(self), None
        except Crash as crash:
            return None, crash
        except Exception as error:  # noqa: BLE001 - how the invocation ended
            return None, error


@dataclass(slots=True, eq=False)
class Step:
    """Where an invocation stands, and what it did on its way there.

    Attributes:
        effects: what it did since the last call that needs no choice: uploads, messages
            to topics, and what the ghost is told.
        call: the call at which it stands; None once it is through.
        returned, raised: how it ended.
        before: where it stood before; None at its first call.
        answer: what it was told there.
        following: where it stands after each answer that it has had here so far, by when and what.
        standing: code that stands here, if there is any.
    """

    effects: list[tuple[Any, ...]] = field(default_factory=list)
    call: Call | None = None
    returned: Any = None
    raised: BaseException | None = None
    before: Step | None = None
    answer: Answer | None = None
    following: dict[tuple[datetime, str], Step] = field(default_factory=dict)
    standing: Code | None = None
    _told: str = ""
    _history: Parted | None = None

    @property
    def is_first(self) -> bool:
        """True where no call was answered yet."""
        return self.before is None

    @property
    def history(self) -> Parted:
        """All that was answered: with the same, two invocations of a kind are in one state."""
        if self._history is None:
            self._history = NOTHING
            if self.before is not None:
                self._history = self.before.history.then(parted(self._told))
        return self._history

    def has_heard(self, text: str) -> bool:
        """True where something of this was answered."""
        step: Step | None = self
        while step is not None:
            if text in step._told:
                return True
            step = step.before
        return False


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
    _standing: dict[int, Step] = field(default_factory=dict)

    def count(self) -> None:
        """One more is remembered."""
        self.steps += 1
        if self.steps >= self.most:
            self.forget()

    def forget(self) -> None:
        """Begin again; invocations that are under way keep the steps on which they stand."""
        self.first.clear()
        self.steps = 0
        for step in [*self._standing.values()]:
            self._end(step)

    def keep(self, step: Step, code: Code) -> None:
        """Code stands at a step; that of the step which was left longest alone is ended."""
        if len(self._standing) >= MOST_STANDING:
            self._end(next(iter(self._standing.values())))
        self._standing[id(step)] = step
        step.standing = code

    def take(self, step: Step) -> Code | None:
        """The code that stands at a step: it will stand there no more."""
        code, step.standing = step.standing, None
        if code is not None:
            del self._standing[id(step)]
        return code

    def _end(self, step: Step) -> None:
        code = self.take(step)
        if code is not None:
            code.end()


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
        step: where it stands.
        pending: the call at which it stands, None once it is through.
        is_through: cirrus's handler, in it, has ended.
        found: of ``update_state``: the tokens of the open rows that it has found.
    """

    number: int
    kind: str
    subject: str
    given: str
    work: Callable[[Code], Any]
    clock: Clock
    memory: Memory
    step: Step = field(default_factory=Step)
    pending: Call | None = None
    is_dead: bool = False
    is_through: bool = False
    found: frozenset[str] | None = None
    _begun: datetime | None = None

    @property
    def name(self) -> str:
        """How traces call it."""
        return f"{self.kind}#{self.number}"

    @property
    def is_alive(self) -> bool:
        """True while it stands at a call."""
        return self.pending is not None

    @property
    def failed(self) -> bool:
        """True where it raised or died."""
        return self.is_dead or self.step.raised is not None

    def fork(self) -> Actor:
        """The invocation where it stands, once more, for another world."""
        if self.pending is None:
            return self  # nothing changes any more
        return Actor(
            self.number,
            self.kind,
            self.subject,
            self.given,
            self.work,
            self.clock,
            self.memory,
            self.step,
            self.pending,
            is_through=self.is_through,
            found=self.found,
            _begun=self._begun,
        )

    def start(self) -> list[tuple[Any, ...]]:
        """Run to the first call; returns what it did on the way."""
        self._begun = self.clock.now
        key = f"{self.kind}|{self.given}|{self._begun}"
        step = self.memory.first.get(key)
        if step is None:
            code = Code(self.work, self.clock)
            step = self._stood(code, code.begin(self._begun, ()), Step())
            self.memory.first[key] = step
            self.memory.count()
        return self._enter(step)

    def go_on(self, answer: Answer) -> list[tuple[Any, ...]]:
        """Let the pending call have this answer, run to the next one; returns what it did."""
        told = answer.told
        key = (answer.now, told)
        step = self.step.following.get(key)
        if step is None:
            step = self._live(answer, told)
            self.step.following[key] = step
            self.memory.count()
        return self._enter(step)

    def crash(self) -> None:
        """Die here."""
        self.is_dead = True
        self.pending = None

    def _enter(self, step: Step) -> list[tuple[Any, ...]]:
        self.step = step
        self.pending = step.call
        return step.effects

    def _live(self, answer: Answer, told: str) -> Step:
        """Run code from where it stands, or from the nearest step before at which some does.

        Where there is none it runs once more from the beginning.
        """
        answers = [answer]
        step: Step | None = self.step
        while step is not None:
            code = self.memory.take(step)
            if code is not None:
                stopped = code.go_on(answers[::-1])
                break
            if step.answer is not None:
                answers.append(step.answer)
            step = step.before
        else:
            assert self._begun is not None
            code = Code(self.work, self.clock)
            stopped = code.begin(self._begun, answers[::-1])
        return self._stood(code, stopped, Step(before=self.step, answer=answer, _told=told))

    def _stood(self, code: Code, stopped: Any, step: Step) -> Step:
        """The step to which code has come."""
        step.effects = code.effects
        if isinstance(stopped, Call):
            step.call = stopped
            self.memory.keep(step, code)
        else:
            step.returned, step.raised = stopped
        return step


def _copied(value: Any) -> Any:
    """A copy of a response: code that gets it may change it (boto3's resources do)."""
    if isinstance(value, Body):
        return value.fresh()
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
