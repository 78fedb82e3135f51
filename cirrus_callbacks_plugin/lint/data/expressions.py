"""What a JSONata expression comes to: its shape."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data import jsonata
from cirrus_callbacks_plugin.lint.data.shape import (
    ABSENT,
    NO_PAYLOAD,
    PLAIN,
    SOME_LIST,
    UNKNOWN,
    Kind,
    Shape,
    Step,
    listed,
    listed_object,
    merged,
    one_of,
    read_from,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.lint.data.seen import Seen

# fmt: off
_PLAIN_FUNCTIONS = frozenset((
    "length", "substring", "substringBefore", "substringAfter", "uppercase",
    "lowercase", "trim", "pad", "contains", "join", "replace", "base64encode", "base64decode",
    "number", "abs", "floor", "ceil", "round", "power", "sqrt", "random", "sum", "max", "min",
    "average", "count", "boolean", "not", "exists", "now", "millis", "fromMillis", "toMillis",
    "type", "uuid", "hash", "formatNumber", "formatBase", "formatInteger", "parseInteger",
))
# fmt: on
_LIST_FUNCTIONS = frozenset(("split", "keys", "shuffle", "distinct", "zip", "range", "partition"))
_VARIABLE = re.compile(r"\$(?!states\b)(?P<name>[A-Za-z_]\w*)(?P<call>\()?")
_MAKES_A_PAYLOAD = re.compile(r"\b(?:process|url|input|Input|parse|eval)\b")


def shape_of(expression: jsonata.Expression, seen: Seen) -> Shape:  # noqa: C901 - one a kind
    """The shape of what an expression comes to; unknown where it may be anything."""
    match expression:
        case jsonata.Literal():
            return PLAIN
        case jsonata.Path(root, steps):
            return _at_path(root, steps, seen)
        case jsonata.Of(base, steps):
            return _walked(shape_of(base, seen), steps)
        case jsonata.ObjectOf(members):
            return _object(members, seen)
        case jsonata.ListOf(elements):
            return _list([shape_of(each, seen) for each in elements])
        case jsonata.Call(name, arguments):
            return _called(name, arguments, seen)
        case jsonata.Either(options):
            return one_of([shape_of(each, seen) for each in options])
        case jsonata.Changed():
            return _changed(expression, seen)
        case jsonata.Block(bindings, value):
            for name, bound in bindings:
                seen = replace(seen, bound={**seen.bound, name: shape_of(bound, seen)})
            return shape_of(value, seen)
        case jsonata.Opaque(text):
            return _mentioned(text, seen)


def _at_path(root: str, steps: Sequence[Step], seen: Seen) -> Shape:
    if root != "states":
        return _walked(seen.bound.get(root, UNKNOWN), steps)
    begins: dict[Step, Shape] = {
        "input": seen.input,
        "result": seen.result,
        "errorOutput": seen.error,
    }
    if steps[:1] == ("context",):
        is_input = tuple(steps[1:3]) == ("Execution", "Input")
        return _walked(seen.execution, steps[3:]) if is_input else UNKNOWN
    return _walked(begins[steps[0]], steps[1:]) if steps and steps[0] in begins else UNKNOWN


def _walked(shape: Shape, steps: Sequence[Step]) -> Shape:
    """JSONata walks through lists, and takes one value for a list of it."""
    for step in steps:
        if step is None:
            return UNKNOWN
        if isinstance(step, str) and shape.kind is Kind.LIST:
            return UNKNOWN
        if isinstance(step, int) and shape.kind in (Kind.OBJECT, Kind.PLAIN):
            shape = shape if step == 0 else ABSENT
        else:
            shape = shape.member(step) if isinstance(step, str) else shape.element(step)
    return shape


def _object(members: Sequence[tuple[str | None, jsonata.Expression]], seen: Seen) -> Shape:
    named = {name: shape_of(each, seen) for name, each in members if name is not None}
    present = {name: each for name, each in named.items() if each.kind is not Kind.ABSENT}
    return listed_object(present, is_open=any(name is None for name, _ in members))


def _list(elements: list[Shape]) -> Shape:
    """A list in a list constructor is one list with its elements."""
    if any(each.kind in (Kind.LIST, Kind.UNKNOWN) for each in elements):
        return SOME_LIST
    return listed(*elements)


def _called(name: str, arguments: Sequence[jsonata.Expression], seen: Seen) -> Shape:
    if name == "merge" and len(arguments) == 1:
        given = arguments[0]
        if isinstance(given, jsonata.ListOf):
            return merged(shape_of(each, seen) for each in given.elements)
        return shape_of(given, seen) if _is_object(given, seen) else UNKNOWN
    if name in ("string", "parse") and arguments:
        value = shape_of(arguments[0], seen)
        return text_of(value) if name == "string" else read_from(value)
    if name in _PLAIN_FUNCTIONS:
        return PLAIN
    if name in _LIST_FUNCTIONS:
        return SOME_LIST
    shapes = [shape_of(each, seen) for each in arguments]
    if name in ("append", "sort", "reverse", "filter", "map", "sift", "spread", "each", "lookup"):
        return NO_PAYLOAD if shapes and all(each.is_known for each in shapes) else UNKNOWN
    return UNKNOWN


def _is_object(given: jsonata.Expression, seen: Seen) -> bool:
    return shape_of(given, seen).kind is Kind.OBJECT


def _changed(expression: jsonata.Changed, seen: Seen) -> Shape:
    base = shape_of(expression.base, seen)
    if not expression.is_whole:
        return base if base.kind is Kind.OBJECT else UNKNOWN
    made = merged([base, shape_of(expression.update, seen)])
    for name in _deleted(expression.deleted):
        if name is None:
            return UNKNOWN
        made = made.having((name,), ABSENT)
    return made


def _deleted(expression: jsonata.Expression | None) -> list[str | None]:
    if expression is None:
        return []
    names = expression.elements if isinstance(expression, jsonata.ListOf) else (expression,)
    return [
        each.value if isinstance(each, jsonata.Literal) and isinstance(each.value, str) else None
        for each in names
    ]


def _mentioned(text: str, seen: Seen) -> Shape:
    """What can be said of an expression by what it mentions: no payload comes of an answer."""
    names = {match["name"] for match in _VARIABLE.finditer(text) if not match["call"]}
    if names - set(seen.bound) or _MAKES_A_PAYLOAD.search(text):
        return UNKNOWN
    shapes = [shape for shape in (seen.result, seen.error) if shape.kind is not Kind.ABSENT]
    shapes += [seen.bound[name] for name in names]
    return NO_PAYLOAD if shapes and all(each.is_known for each in shapes) else UNKNOWN
