"""What is known of a value before there is one: its kind, and what its members are."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cirrus_callbacks_plugin.lint.data.loss import Loss

Step = str | int | None
"""One step of a path: a member, an element, or something that picks several (None)."""

MAX_DEPTH = 6
"""Deeper than that nothing is known: a loop may nest a value in itself without end."""


class Kind(enum.Enum):
    """What a value is."""

    UNKNOWN = "anything"
    ABSENT = "nothing: a path to it fails"
    PLAIN = "a text, a number, true, false or null"
    OBJECT = "an object"
    LIST = "a list"


class Own(enum.Enum):
    """What a value is of the payload that the execution was started with."""

    ID = "id"
    FEATURES = "features"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a value.

    Attributes:
        kind: what it is.
        members: of an object, those that are known.
        is_open: of an object, whether it may have others.
        elements: of a list, the first ones.
        each: of a list, what every other element is; None where there is no other.
        own: what it is of the execution's own payload.
        written: of a text, the value that it is the JSON text of, where that is known.
        loss: which state made something else of a payload.
    """

    kind: Kind
    members: tuple[tuple[str, Shape], ...] = ()
    is_open: bool = False
    elements: tuple[Shape, ...] = ()
    each: Shape | None = None
    own: Own | None = None
    written: Shape | None = None
    loss: Loss | None = None

    def member(self, name: str) -> Shape:
        """A member of an object."""
        if self.kind is Kind.UNKNOWN:
            return UNKNOWN
        if self.kind is not Kind.OBJECT:
            return ABSENT
        return dict(self.members).get(name, UNKNOWN if self.is_open else ABSENT)

    def surely_has(self, name: str) -> bool:
        """True for an object with a member of that name."""
        named = dict(self.members)
        return name in named and named[name].kind is not Kind.ABSENT

    def element(self, index: int) -> Shape:
        """An element of a list."""
        if self.kind is Kind.UNKNOWN:
            return UNKNOWN
        if self.kind is not Kind.LIST:
            return ABSENT
        return self.elements[index] if index < len(self.elements) else (self.each or ABSENT)

    def at(self, steps: Sequence[Step]) -> Shape:
        """What a path leads to."""
        shape = self
        for step in steps:
            if step is None:
                return ABSENT if shape.kind is Kind.ABSENT else SOME_LIST
            shape = shape.member(step) if isinstance(step, str) else shape.element(step)
        return shape

    def having(self, steps: Sequence[Step], value: Shape) -> Shape:
        """The same value with another one put into it, as a ResultPath does."""
        if not steps:
            return value
        name = steps[0]
        if self.kind is Kind.LIST:
            return replace(self, elements=(), each=UNKNOWN, own=None)
        if self.kind is Kind.UNKNOWN and isinstance(name, str):
            return listed_object({}, is_open=True).having(steps, value)
        if self.kind is not Kind.OBJECT or not isinstance(name, str):
            return UNKNOWN
        inner = self.member(name)
        base = listed_object({}) if inner.kind is Kind.ABSENT else inner
        members = {**dict(self.members), name: base.having(steps[1:], value)}
        return replace(self, members=tuple(sorted(members.items(), key=lambda each: each[0])))

    @property
    def may_be_payload(self) -> bool:
        """False where cirrus cannot take it for a payload, or for a reference to one.

        A payload has ``process``, a list of workflows, or an object that names one.
        """
        if self.kind is not Kind.OBJECT:
            return self.kind is Kind.UNKNOWN
        return self.member("url").kind is not Kind.ABSENT or _may_be_process(self.member("process"))

    @property
    def is_the_payload(self) -> bool:
        """True for an object that holds the ``process`` of the execution's own payload."""
        return self.kind is Kind.OBJECT and self.member("process").own is Own.PROCESS

    @property
    def place_of_payload(self) -> tuple[Step, ...] | None:
        """Where the execution's own payload is in it; None where it is not."""
        if self.is_the_payload:
            return ()
        inner: list[tuple[Step, Shape]] = [*self.members, *enumerate(self.elements)]
        for name, shape in inner:
            place = shape.place_of_payload
            if place is not None:
                return (name, *place)
        return None

    @property
    def is_known(self) -> bool:
        """True where nothing in it can be a payload."""
        if self.kind is Kind.UNKNOWN or self.may_be_payload or self.is_open:
            return False
        inner = [*(shape for _, shape in self.members), *self.elements]
        return all(each.is_known for each in inner) and (self.each is None or self.each.is_known)

    @property
    def depth(self) -> int:
        """How deeply values are nested in it."""
        inner = [*(shape for _, shape in self.members), *self.elements]
        inner += [each for each in (self.each, self.written) if each is not None]
        return 1 + max((each.depth for each in inner), default=0)


UNKNOWN = Shape(Kind.UNKNOWN)
ABSENT = Shape(Kind.ABSENT)
PLAIN = Shape(Kind.PLAIN)
SOME_LIST = Shape(Kind.LIST, each=UNKNOWN)


def listed_object(members: Mapping[str, Shape], *, is_open: bool = False) -> Shape:
    """An object of these members."""
    ordered = tuple(sorted(members.items(), key=lambda each: each[0]))
    return Shape(Kind.OBJECT, members=ordered, is_open=is_open)


def listed(*elements: Shape, each: Shape | None = None) -> Shape:
    """A list of these elements."""
    return Shape(Kind.LIST, elements=elements, each=each)


NO_PAYLOAD = listed_object({"process": ABSENT, "url": ABSENT}, is_open=True)
"""An object that is not a payload; anything else may be in it."""
PAYLOAD = listed_object(
    {
        "id": replace(PLAIN, own=Own.ID),
        "features": replace(SOME_LIST, own=Own.FEATURES),
        "process": replace(SOME_LIST, own=Own.PROCESS),
        "type": PLAIN,
        "url": ABSENT,
    },
    is_open=True,
)
"""What cirrus starts an execution with."""
REFERENCE = listed_object({"url": PLAIN})
"""What it starts one with where the payload is too long."""
ERROR = listed_object({"Error": PLAIN, "Cause": PLAIN})
"""What a catcher gets."""


def merged(shapes: Iterable[Shape]) -> Shape:
    """One object of several: a later member takes an earlier one's place."""
    members: dict[str, Shape] = {}
    is_open, loss = False, None
    for shape in shapes:
        loss = loss or shape.loss
        if shape.kind is Kind.UNKNOWN:
            members, is_open = {}, True  # any of the earlier ones may be another one now
        elif shape.kind is Kind.OBJECT:
            if shape.is_open and members:
                members = dict.fromkeys(members, UNKNOWN)
            is_open = is_open or shape.is_open
            members.update(shape.members)
    return replace(listed_object(members, is_open=is_open), loss=loss)


def one_of(shapes: Sequence[Shape]) -> Shape:
    """What is known of a value that has one of several shapes."""
    if not shapes:
        return ABSENT
    if len(set(shapes)) == 1:
        return shapes[0]
    if any(each.may_be_payload for each in shapes):
        return UNKNOWN
    return replace(NO_PAYLOAD, loss=next((each.loss for each in shapes if each.loss), None))


def text_of(shape: Shape) -> Shape:
    """The JSON text of a value."""
    return replace(PLAIN, written=shape)


def read_from(shape: Shape) -> Shape:
    """What is read from a JSON text."""
    return shape.written or UNKNOWN


def bounded(shape: Shape) -> Shape:
    """The shape, or nothing at all of one that is nested too deeply."""
    return UNKNOWN if shape.depth > MAX_DEPTH else shape


def _may_be_process(shape: Shape) -> bool:
    if shape.kind is Kind.OBJECT:
        return shape.member("workflow").kind is not Kind.ABSENT
    return shape.kind in (Kind.UNKNOWN, Kind.LIST)
