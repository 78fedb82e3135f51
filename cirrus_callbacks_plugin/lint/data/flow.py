"""A machine's data, followed on every way from its start to its ends.

Each state is looked at with the shapes of input that can reach it. What is not known of a
value (what a function answers, a variable, a template's mark) may be anything: a payload too.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data.loss import Loss
from cirrus_callbacks_plugin.lint.data.seen import Seen
from cirrus_callbacks_plugin.lint.data.shape import (
    ABSENT,
    NO_PAYLOAD,
    UNKNOWN,
    Kind,
    Shape,
    bounded,
    listed,
    one_of,
)
from cirrus_callbacks_plugin.lint.data.steps import Way, entry_of, item_of, ways

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cirrus_callbacks_plugin.asl.machine import Machine, Scope, State

MAX_SHAPES = 24
"""A state that more shapes of input reach is looked at with "anything" alone."""
MAX_LOOKS = 20_000
"""After so many looks at states the rest of a machine is not followed."""


@dataclass(frozen=True, slots=True)
class End:
    """One way on which a scope ends.

    Attributes:
        state: the last state.
        output: what it ends with.
    """

    state: State
    output: Shape


@dataclass(slots=True)
class Flow:
    """What was seen of a machine's data.

    Attributes:
        ends: of the machine itself.
        seen: the shapes of input that reach each state, nested ones too.
        executions: the input of the execution that each state is in.
        outputs: what each scope ends with, nested ones too.
    """

    ends: list[End] = field(default_factory=list)
    seen: dict[State, set[Shape]] = field(default_factory=dict)
    executions: dict[State, Shape] = field(default_factory=dict)
    outputs: dict[Scope, set[Shape]] = field(default_factory=dict)

    def looks(self, state: State) -> Iterator[Seen]:
        """What paths of a state's parameters begin at, once for each shape of its input."""
        for shape in self.seen.get(state, ()):
            yield Seen(shape, self.executions[state])


def follow(machine: Machine, entry: Shape, answers: Mapping[State, Shape]) -> Flow:
    """Follow the data of a machine.

    Args:
        machine: the machine.
        entry: what its execution is started with.
        answers: what its waits for payloads are answered with.
    """
    flow = Flow()
    follower = _Follower(flow, answers)
    flow.ends = follower.ends(machine.scope, entry, entry)
    return flow


class _Follower:
    def __init__(self, flow: Flow, answers: Mapping[State, Shape]) -> None:
        self._flow = flow
        self._answers = answers
        self._known: dict[tuple[Scope, Shape, Shape], list[End]] = {}
        self._looks_left = MAX_LOOKS

    def ends(self, scope: Scope, entry: Shape, execution: Shape) -> list[End]:
        """The ends of a scope that gets an input."""
        key = (scope, entry, execution)
        if key not in self._known:
            self._known[key] = list(self._followed(scope, entry, execution))
        return self._known[key]

    def _followed(self, scope: Scope, entry: Shape, execution: Shape) -> Iterator[End]:
        start = scope.node.get("StartAt")
        left = [(start.text if start is not None and start.text else "", entry)]
        reached: dict[str, set[Shape]] = {}
        while left:
            name, shape = left.pop()
            state = scope.states.get(name)
            if state is None:
                continue
            shapes = reached.setdefault(name, set())
            if len(shapes) >= MAX_SHAPES:
                shape = UNKNOWN
            if shape in shapes or self._looks_left <= 0:
                continue
            shapes.add(shape)
            self._looks_left -= 1
            self._note(state, shape, execution)
            result = self._result(state, Seen(shape, execution))
            for way in ways(state, Seen(shape, execution, result)):
                if way.output.kind is Kind.ABSENT:
                    continue  # a path that leads nowhere: the execution fails there
                output = bounded(_marked(way, shape, result, state))
                if way.target is None:
                    self._flow.outputs.setdefault(scope, set()).add(output)
                    yield End(state, output)
                else:
                    left.append((way.target, output))

    def _note(self, state: State, shape: Shape, execution: Shape) -> None:
        self._flow.seen.setdefault(state, set()).add(shape)
        other = self._flow.executions.setdefault(state, execution)
        if other != execution:
            self._flow.executions[state] = UNKNOWN

    def _result(self, state: State, seen: Seen) -> Shape:
        if state.type == "Parallel":
            return self._branches(state, seen)
        if state.type == "Map":
            return self._iterations(state, seen)
        return self._answers.get(state, ABSENT)

    def _branches(self, state: State, seen: Seen) -> Shape:
        entry = entry_of(state, seen)
        outputs = [self._output(scope, entry, seen.execution) for scope in state.inner]
        return listed(*outputs)

    def _iterations(self, state: State, seen: Seen) -> Shape:
        execution = UNKNOWN if state.is_distributed else seen.execution
        outputs = [self._output(scope, item_of(state, seen), execution) for scope in state.inner]
        if state.is_distributed and "ResultWriter" in state.node.members:
            return NO_PAYLOAD
        return listed(each=one_of(outputs) if outputs else UNKNOWN)

    def _output(self, scope: Scope, entry: Shape, execution: Shape) -> Shape:
        return one_of([end.output for end in self.ends(scope, bounded(entry), execution)])


def _marked(way: Way, entry: Shape, result: Shape, state: State) -> Shape:
    """The output, with the state that lost the payload where it holds none any more."""
    output = way.output
    if output.may_be_payload:
        return output if output.loss is None else replace(output, loss=None)
    here = Loss(state, way.field, way.catcher)
    if result.place_of_payload is not None and output.place_of_payload is None:
        return replace(output, loss=here)  # a branch had it, and another one was taken
    if entry.may_be_payload:
        return replace(output, loss=output.loss or here)
    if entry.place_of_payload is not None and output.place_of_payload is None:
        return replace(output, loss=here)
    return replace(output, loss=output.loss or entry.loss or here)
