"""Actors: invocations that stop at every AWS call until the scheduler lets them go on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import greenlet

if TYPE_CHECKING:
    from collections.abc import Callable


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

    @property
    def name(self) -> str:
        """How traces call it."""
        who = "hook" if self.is_own else "cirrus"
        return f"{who} {self.service}.{self.operation}"

    @property
    def variants(self) -> tuple[str, ...]:
        """The faults that can befall it."""
        found = ["crash-before", "crash-after", "throttle"]
        if self.operation in ("GetItem", "Query") and not self.request.get("ConsistentRead"):
            found += ["stale", "stale-far"]
        if self.operation == "BatchGetItem":
            (wanted,) = self.request["RequestItems"].values()
            if not wanted.get("ConsistentRead"):
                found += ["stale", "stale-far"]
            if self.is_own:
                found.append("unprocessed")
        return tuple(found)


@dataclass(slots=True)
class Actor:
    """One invocation.

    Attributes:
        number: its identity, in the order of starts.
        kind: ``process``, ``update_state``, ``sender`` or ``reconciler``.
        subject: what it works on, for traces: messages, a run, records.
        pending: the call at which it stands, None once it is through.
        returned, raised: how it ended.
        history: digest of all that it has seen: with it, two actors are in one state.
    """

    number: int
    kind: str
    subject: str
    work: Callable[[], Any]
    pending: Call | None = None
    returned: Any = None
    raised: BaseException | None = None
    is_dead: bool = False
    history: Any = field(default_factory=hashlib.blake2b)
    _greenlet: Any = None

    @property
    def name(self) -> str:
        """How traces call it."""
        return f"{self.kind}#{self.number}"

    @property
    def is_alive(self) -> bool:
        """True while it stands at a call."""
        return self.pending is not None

    def start(self) -> None:
        """Run to the first call."""
        self._greenlet = greenlet.greenlet(self._run)
        self._follow(self._greenlet.switch())

    def go_on(self, outcome: Callable[[], Any]) -> None:
        """Make the pending call (``outcome`` has its effect) and run to the next one."""
        self.pending = None
        self._follow(self._greenlet.switch(outcome))

    def crash(self) -> None:
        """Die here."""
        self.pending = None
        self.is_dead = True
        self.raised = Crash()
        self._greenlet.throw(Crash)

    def stop_at(self, call: Call) -> Callable[[], Any]:
        """Called from inside: hand the call to the scheduler and wait for its outcome."""
        if self.is_dead:
            raise Crash
        outcome: Callable[[], Any] = self._greenlet.parent.switch(call)
        return outcome

    def see(self, *facts: object) -> None:
        """Add to what the actor has seen."""
        self.history.update(repr(facts).encode())

    def _run(self) -> None:
        try:
            self.returned = self.work()
        except Crash:
            self.is_dead = True
        except Exception as error:  # noqa: BLE001 - how the invocation ended
            self.raised = error

    def _follow(self, stopped: Any) -> None:
        if isinstance(stopped, Call):
            self.pending = stopped
