"""How far an execution has come: what RedriveExecution goes on from.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Trail:
    """How far a sequence of states (the machine, a branch, an iteration) has come.

    Attributes:
        state: the state it entered last; None before the first.
        given: that state's input.
        variables: the variables of its own scope when it entered that state.
        parts: the branches or iterations of that state, by their index.
        has_ended: whether it came to its end.
        output: what it ended with.
        is_distributed: whether that state is a Distributed Map.
        goes_on: whether it is to go on from that state, with those parts.
        is_first_attempt: whether that state has not been tried since it was entered.
        is_open: False once what happens belongs to no attempt any more: a sibling failed,
            or the execution is over.
    """

    state: str | None = None
    given: Any = None
    variables: dict[str, Any] = field(default_factory=dict)
    parts: dict[int, Trail] = field(default_factory=dict)
    has_ended: bool = False
    output: Any = None
    is_distributed: bool = False
    goes_on: bool = False
    is_first_attempt: bool = True
    is_open: bool = True

    def enter(
        self,
        state: str,
        given: Any,
        variables: dict[str, Any],
        *,
        is_distributed: bool,
    ) -> None:
        """Note that a state is entered; the one from which it goes on keeps its parts."""
        if not self.is_open:
            return
        if not self.goes_on:
            self.parts = {}
        self.goes_on, self.is_first_attempt = False, True
        self.state, self.given = state, copy.deepcopy(given)
        self.variables, self.is_distributed = dict(variables), is_distributed

    def begin_attempt(self) -> None:
        """Note that the state is tried: a Retry runs every branch and iteration."""
        if not self.is_first_attempt and self.is_open:
            self.parts = {}
        self.is_first_attempt = False

    def end_attempt(self) -> None:
        """Note that the attempt failed: branches and iterations that still run are aborted."""
        for part in tuple(self.parts.values()):
            part.close()

    def part(self, index: int) -> Trail:
        """The trail of a branch or iteration."""
        return self.parts.setdefault(index, Trail(is_open=self.is_open))

    def end(self, output: Any) -> None:
        """Note that the sequence came to its end."""
        if self.is_open:
            self.has_ended, self.output = True, copy.deepcopy(output)

    def forget_parts(self) -> None:
        """Let every branch and iteration run again."""
        self.parts = {}

    def close(self) -> None:
        """Note that nothing that still runs counts any more."""
        self.is_open = False
        self.end_attempt()

    def resumed(self) -> Trail:
        """The trail of a redriven attempt; what still runs of this one does not touch it."""
        return Trail(
            state=self.state,
            given=copy.deepcopy(self.given),
            variables=copy.deepcopy(self.variables),
            parts={index: part.resumed() for index, part in self.parts.items()},
            has_ended=self.has_ended,
            output=copy.deepcopy(self.output),
            is_distributed=self.is_distributed,
            goes_on=not self.has_ended and self.state is not None,
        )

    @property
    def is_in_distributed_map(self) -> bool:
        """Whether a Distributed Map is what failed, at whatever depth."""
        if self.has_ended:
            return False
        return self.is_distributed or any(
            part.is_in_distributed_map for part in self.parts.values()
        )


def trail_of(env: Any) -> Trail:
    """The trail of the sequence of states that runs in an environment of moto's interpreter."""
    trail = getattr(env, "trail", None)
    if trail is None:
        env.trail = trail = Trail()
    return trail
