"""One state: what it makes of its input, on each way that leads on from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data.jsonpath import shape_at, steps_of
from cirrus_callbacks_plugin.lint.data.results import result_of
from cirrus_callbacks_plugin.lint.data.shape import (
    ABSENT,
    ERROR,
    UNKNOWN,
    Kind,
    Shape,
    listed_object,
)
from cirrus_callbacks_plugin.lint.data.templates import constant, made_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.lint.data.seen import Seen

_EMPTY = listed_object({})
_ITEM_FIELDS = ("ItemSelector", "Parameters")


@dataclass(frozen=True, slots=True)
class Way:
    """One way on from a state.

    Attributes:
        target: the next state's name; None where the scope ends.
        output: what goes on.
        field: the field that makes it what it is; None where it is one that is missing.
        catcher: the index of the catcher that it goes by.
    """

    target: str | None
    output: Shape
    field: str | None = None
    catcher: int | None = None


def ways(state: State, seen: Seen) -> Iterator[Way]:
    """Every way on from a state.

    Args:
        state: the state.
        seen: its input and, of a wait, a Map or a Parallel, its result.
    """
    if state.type == "Choice":
        yield from _chosen(state, seen)
    elif state.type != "Fail":
        output, field = _output(state, seen)
        if state.ends_well:
            yield Way(None, output, field)
        target = state.node.get("Next")
        if target is not None and target.text is not None:
            yield Way(target.text, output, field)
    yield from _caught(state, seen)


def entry_of(state: State, seen: Seen) -> Shape:
    """What the branches of a Parallel get."""
    if state.is_jsonata:
        return _template(state, "Arguments", seen, default=seen.input)
    return _effective(state, seen)[0]


def given_to(state: State, arguments: Node, seen: Seen) -> Shape:
    """What a task is given: its Parameters or Arguments."""
    around = seen if state.is_jsonata else seen.around(_selected(state, "InputPath", seen))
    return made_of(arguments, around, is_jsonata=state.is_jsonata)


def item_of(state: State, seen: Seen) -> Shape:
    """What an iteration of a Map gets."""
    if state.is_jsonata:
        around = seen
        items = _template(state, "Items", seen, default=UNKNOWN)
    else:
        around = seen.around(_selected(state, "InputPath", seen))
        items = _selected(state, "ItemsPath", around)
    for name in _ITEM_FIELDS:
        if name in state.node.members:
            return _template(state, name, around, default=UNKNOWN)
    if "ItemReader" in state.node.members or "ItemBatcher" in state.node.members:
        return UNKNOWN
    return items.each or UNKNOWN if items.kind is Kind.LIST and not items.elements else UNKNOWN


def _chosen(state: State, seen: Seen) -> Iterator[Way]:
    passed_on, field = _output(state, seen)
    for rule in state.entries("Choices"):
        target = rule.get("Next")
        if target is None or target.text is None:
            continue
        if state.is_jsonata and (output := rule.get("Output")) is not None:
            yield Way(target.text, made_of(output, seen, is_jsonata=True), "Choices")
        elif state.is_jsonata:
            yield Way(target.text, seen.input)
        else:
            yield Way(target.text, passed_on, field)
    if (default := state.text("Default")) is not None:
        yield Way(default, passed_on, field)


def _caught(state: State, seen: Seen) -> Iterator[Way]:
    for index, catcher in enumerate(state.entries("Catch")):
        target = catcher.get("Next")
        if target is None or target.text is None:
            continue
        if state.is_jsonata:
            node = catcher.get("Output")
            looked = replace(seen, result=ABSENT, error=ERROR)
            output = ERROR if node is None else made_of(node, looked, is_jsonata=True)
            yield Way(target.text, output, None if node is None else "Output", index)
        else:
            output = _put(catcher.get("ResultPath"), seen.input, ERROR)
            field = "ResultPath" if "ResultPath" in catcher.members else None
            yield Way(target.text, output, field, index)


def _output(state: State, seen: Seen) -> tuple[Shape, str | None]:
    """What a state hands on, and the field that keeps it from being a payload, if there is one."""
    if state.type is None or "${" in state.type:
        return UNKNOWN, None
    if state.is_jsonata:
        return _jsonata_output(state, seen)
    return _jsonpath_output(state, seen)


def _jsonata_output(state: State, seen: Seen) -> tuple[Shape, str | None]:
    result = _result(state, seen, seen.input)
    if "Output" in state.node.members:
        looked = replace(seen, result=result if state.type in _HAVE_RESULTS else ABSENT)
        return _template(state, "Output", looked, default=UNKNOWN), "Output"
    return result, None


def _jsonpath_output(state: State, seen: Seen) -> tuple[Shape, str | None]:
    effective, field = _effective(state, seen)
    output = _result(state, seen, effective)
    if output is not effective:
        field = "Result" if state.type == "Pass" else None
    if state.type in _HAVE_RESULTS and "ResultSelector" in state.node.members:
        output = _template(state, "ResultSelector", seen.around(output), default=UNKNOWN)
    if state.type in (*_HAVE_RESULTS, "Pass"):
        path = state.node.get("ResultPath")
        output = _put(path, seen.input, output)
        if path is not None and (field is None or path.text != "$"):
            field = "ResultPath"
    selected = _selected(state, "OutputPath", seen.around(output))
    had_it = output.may_be_payload or output.place_of_payload is not None
    if had_it and not selected.may_be_payload and selected.place_of_payload is None:
        field = "OutputPath"
    return selected, field


_HAVE_RESULTS = ("Task", "Map", "Parallel")


def _result(state: State, seen: Seen, effective: Shape) -> Shape:
    if state.type in _HAVE_RESULTS:
        if seen.result.kind is not Kind.ABSENT:
            return seen.result
        return result_of(state) if state.type == "Task" else UNKNOWN
    node = state.node.get("Result")
    if state.type == "Pass" and node is not None and not state.is_jsonata:
        return constant(node)
    return effective


def _effective(state: State, seen: Seen) -> tuple[Shape, str | None]:
    """What InputPath and Parameters leave of the input, and which of them says so."""
    if state.is_jsonata:
        return seen.input, None
    selected = _selected(state, "InputPath", seen)
    field = "InputPath" if "InputPath" in state.node.members else None
    if state.type in ("Pass", "Parallel") and "Parameters" in state.node.members:
        return _template(state, "Parameters", seen.around(selected), default=selected), "Parameters"
    return selected, field


def _template(state: State, name: str, seen: Seen, *, default: Shape) -> Shape:
    node = state.node.get(name)
    return default if node is None else made_of(node, seen, is_jsonata=state.is_jsonata)


def _selected(state: State, name: str, seen: Seen) -> Shape:
    """What a path of the state's selects; everything where there is none."""
    node = state.node.get(name)
    if node is None:
        return seen.input
    if node.value is None:
        return _EMPTY
    if node.text is None or node.is_later:
        return UNKNOWN
    return shape_at(node.text, seen)


def _put(path: Node | None, around: Shape, result: Shape) -> Shape:
    """A result where a ResultPath says."""
    if path is None:
        return result
    if path.value is None:
        return around
    steps = None if path.text is None or path.is_later else steps_of(path.text)
    if steps is None or None in steps:
        return UNKNOWN
    return around.having(steps, result)
