"""A state machine's states, however deeply nested, and how one leads to another."""

from __future__ import annotations

import enum
from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl.references import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.nodes import Node, Position

MAX_REPEATED_STATES = 2000
"""More than that, a definition of 1 MB hardly holds: then no part is read a second time."""
_EXPRESS = "EXPRESS"
_PROCESSORS = ("ItemProcessor", "Iterator")


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Something with ``StartAt`` and ``States``: a machine, a Map's processor, a branch.

    Attributes:
        node: its definition.
        path: where it stands in its file, as ``States.Wait.ItemProcessor``; empty for a file
            that is one state machine.
        parent: the Map or Parallel state around it; None for the machine itself.
        states: its own states by name.
    """

    node: Node
    path: str
    parent: State | None
    is_jsonata: bool
    states: dict[str, State] = field(default_factory=dict)

    def can_succeed(self, start: str) -> bool:
        """True where some way from a state leads to a good end."""
        seen, left = set[str](), [start]
        while left:
            state = self.states.get(left.pop())
            if state is None or state.name in seen:
                continue
            if state.ends_well:
                return True
            seen.add(state.name)
            left.extend(target for target, _ in state.targets())
        return False

    def reaches(self, start: str, wanted: str) -> bool:
        """True where some way leads from one state to another, or they are one."""
        seen, left = set[str](), [start]
        while left:
            name = left.pop()
            if name == wanted:
                return True
            if name in seen or name not in self.states:
                continue
            seen.add(name)
            left.extend(target for target, _ in self.states[name].targets())
        return False


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A state.

    Attributes:
        name: its name.
        node: its definition.
        path: where it stands in its file.
        at: where its name stands.
        scope: what it belongs to.
        is_jsonata: True where it is written in JSONata.
        inner: the scopes inside it.
    """

    name: str
    node: Node
    path: str
    at: Position
    scope: Scope
    is_jsonata: bool
    inner: list[Scope] = field(default_factory=list)

    @property
    def type(self) -> str | None:
        """``Task``, ``Map`` and so on."""
        return self.text("Type")

    @property
    def resource(self) -> str:
        """The resource of a task, with ``${...}`` for what is known only later; or empty."""
        node = self.node.get("Resource")
        if node is None:
            return ""
        return text_of(node) or node.expression or ("${}" if node.is_object else "")

    @property
    def is_distributed(self) -> bool:
        """True for a Map whose iterations are executions of their own."""
        return any(
            _member_text(scope.node.get("ProcessorConfig"), "Mode") == "DISTRIBUTED"
            for scope in self.inner
        )

    @property
    def runs_express(self) -> bool:
        """True for a Map whose iterations are Express executions."""
        return any(
            _member_text(scope.node.get("ProcessorConfig"), "ExecutionType") == _EXPRESS
            for scope in self.inner
        )

    @property
    def ends_well(self) -> bool:
        """True where a good end may follow directly."""
        end = self.node.get("End")
        return self.type == "Succeed" or (end is not None and end.value is True)

    @property
    def around(self) -> Iterator[State]:
        """The Map and Parallel states around it, the nearest first."""
        state = self.scope.parent
        while state is not None:
            yield state
            state = state.scope.parent

    def text(self, name: str) -> str | None:
        """A field that is a text."""
        return _member_text(self.node, name)

    def field_path(self, name: str) -> str:
        """Where a field of it stands in its file."""
        return f"{self.path}.{name}"

    def entries(self, name: str) -> tuple[Node, ...]:
        """The retriers, catchers or choices."""
        node = self.node.get(name)
        return () if node is None else node.elements

    def targets(self) -> Iterator[tuple[str, Node]]:
        """Names of the states that it may go on to, and where each is named."""
        nodes = [self.node.get("Next"), self.node.get("Default")]
        for name in ("Catch", "Choices"):
            nodes += [entry.get("Next") for entry in self.entries(name)]
        for node in nodes:
            if node is not None and node.text is not None:
                yield node.text, node


class Style(enum.Enum):
    """How a definition writes what is filled in when it is deployed."""

    TERRAFORM = "terraform"
    """``${name}``; ``$${`` stands for ``${``, and ``%{`` begins a directive."""
    CLOUDFORMATION = "cloudformation"
    """``${Name}`` and ``${Name.Attribute}``; ``${!`` stands for ``${``."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a definition comes from.

    Attributes:
        name: the resource that declares it; None for a file that is one state machine.
        label: what the deployed state machine is called; may hold ``${...}``.
        style: how it is filled in.
        substitutions: values that the resource itself gives (``DefinitionSubstitutions``).
        file: the file of its own in which it stands, where that is another one.
    """

    name: str | None = None
    label: str | None = None
    style: Style = Style.TERRAFORM
    substitutions: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """One state machine of a file.

    Attributes:
        scope: its outermost scope.
        is_express: True where what deploys it says that it is an Express workflow.
        origin: where its definition comes from.
    """

    scope: Scope
    is_express: bool = False
    origin: Origin = field(default_factory=Origin)

    @property
    def scopes(self) -> Iterator[Scope]:
        """Every scope, the outermost first."""
        left = [self.scope]
        while left:
            scope = left.pop(0)
            yield scope
            left[:0] = [inner for state in scope.states.values() for inner in state.inner]

    @property
    def states(self) -> Iterator[State]:
        """Every state, nested ones included, in the order of the file."""
        yield from _in_order(self.scope)


def names_express(kind: Node | None) -> bool:
    """True for the type of a machine whose executions are Express ones, in any case of letters."""
    return kind is not None and (kind.text or "").upper() == _EXPRESS


def step(path: str, name: str) -> str:
    """A path with a name behind it; a name with a dot or a bracket is quoted."""
    if "." in name or "[" in name:
        return f"{path}[{name!r}]"
    return f"{path}.{name}" if path else name


def _in_order(scope: Scope) -> Iterator[State]:
    for state in scope.states.values():
        yield state
        for inner in state.inner:
            yield from _in_order(inner)


class MachineReader:
    """Reads the machines of one file; what is malformed in them is passed over.

    A part that YAML aliases repeat is read at each place, as long as the whole is not larger than
    a machine can be; aliases of aliases may make more states than anybody could walk.
    """

    def __init__(self) -> None:
        self._states = 0
        self._parts: set[int] = set()

    def read(self, node: Node, path: str, *, is_express: bool = False) -> Machine:
        """Make a model of a definition."""
        language = _is_jsonata(node, default=False)
        return Machine(self._scope(node, path, None, is_jsonata=language), is_express)

    def _scope(self, node: Node, path: str, parent: State | None, *, is_jsonata: bool) -> Scope:
        scope = Scope(node, path, parent, is_jsonata)
        states = node.get("States")
        if states is None:
            return scope
        for name, body in states.members.items():
            if not body.is_object:
                continue
            self._states += 1
            state_path = step(step(path, "States"), name)
            language = _is_jsonata(body, default=is_jsonata)
            state = State(name, body, state_path, states.where(name), scope, language)
            scope.states[name] = state
            self._nested(state)
        return scope

    def _nested(self, state: State) -> None:
        parts = [(name, state.node.get(name)) for name in _PROCESSORS]
        branches = enumerate(state.entries("Branches"))
        parts += [(f"Branches[{index}]", each) for index, each in branches]
        for name, part in parts:
            if part is None or not part.is_object:
                continue
            if self._states >= MAX_REPEATED_STATES and id(part) in self._parts:
                continue
            self._parts.add(id(part))
            language = state.scope.is_jsonata
            inner = self._scope(part, f"{state.path}.{name}", state, is_jsonata=language)
            state.inner.append(inner)


def _is_jsonata(node: Node, *, default: bool) -> bool:
    language = _member_text(node, "QueryLanguage")
    return default if language is None else language == "JSONata"


def _member_text(node: Node | None, name: str) -> str | None:
    member = None if node is None else node.get(name)
    return None if member is None else member.text
