"""JSONata's functions on arrays, objects and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.utils import Utils

from cirrus_callbacks_plugin.local.jsonata.equality import equal, sorts_after
from cirrus_callbacks_plugin.local.jsonata.natives import (
    arity,
    call,
    call_with_place,
    engine,
    is_function,
)
from cirrus_callbacks_plugin.local.jsonata.values import NULL, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ARGUMENTS_OF_A_FOLD = 2


def mapped(values: list[Any] | None, function: Any) -> Any:
    """``$map``: undefined results are left out."""
    if values is None:
        return None
    return _sequence(
        result
        for place, value in enumerate(values)
        if (result := call_with_place(function, value, place, values)) is not None
    )


def filtered(values: list[Any] | None, function: Any) -> Any:
    """``$filter``."""
    if values is None:
        return None
    return _sequence(
        value
        for place, value in enumerate(values)
        if Functions.to_boolean(call_with_place(function, value, place, values))
    )


def single(values: list[Any] | None, function: Any) -> Any:
    """``$single``: the one value that the function is true of."""
    if values is None:
        return None
    kept = [
        value
        for place, value in enumerate(values)
        if function is None or Functions.to_boolean(call_with_place(function, value, place, values))
    ]
    if len(kept) > 1:
        raise JException("D3138", -1)
    if not kept:
        raise JException("D3139", -1)
    return kept[0]


def reduced(values: list[Any] | None, function: Any, start: Any) -> Any:
    """``$reduce``."""
    if values is None:
        return None
    takes = arity(function)
    if takes < _ARGUMENTS_OF_A_FOLD:
        raise JException("D3050", -1, 1)
    begin = 0
    result = start
    if start is None and values:
        result, begin = values[0], 1
    for place in range(begin, len(values)):
        result = call(function, [result, values[place], place, values][: min(takes, 4)])
    return result


def sifted(value: dict[str, Any] | None, function: Any) -> Any:
    """``$sift``: the members that the function is true of; undefined without any."""
    if value is None:
        return None
    kept = {
        key: each
        for key, each in value.items()
        if Functions.to_boolean(call_with_place(function, each, key, value))
    }
    return kept or None


def each_member(value: dict[str, Any] | None, function: Any) -> Any:
    """``$each``."""
    if value is None:
        return None
    return _sequence(
        result
        for key, each in value.items()
        if (result := call_with_place(function, each, key, value)) is not None
    )


def distinct(values: Any) -> Any:
    """``$distinct``: 1 and ``true`` are two values, 1 and 1.0 one."""
    if not isinstance(values, list) or len(values) <= 1:
        return values
    distinct: list[Any] = Utils.create_sequence() if Utils.is_sequence(values) else []
    scalars: set[tuple[type, Any]] = set()
    others: list[Any] = []
    for value in values:
        engine().meter.step()
        if isinstance(value, dict | list):
            if not any(_is_same(value, other) for other in others):
                others.append(value)
                distinct.append(value)
            continue
        # A number is one kind, whole or not; true is another.
        key = (float if is_number(value) else type(value), value)
        if key not in scalars:
            scalars.add(key)
            distinct.append(value)
    return distinct


def _is_same(value: Any, other: Any) -> bool:
    engine().meter.step()
    return equal(value, other)


def append(first: Any, second: Any) -> Any:
    """``$append``, within the limit of what an expression may make."""
    sizes = [len(each) for each in (first, second) if isinstance(each, list)]
    engine().meter.grow(sum(sizes))
    return Functions.append(first, second)


def spread(value: Any) -> Any:
    """``$spread``: an object for each member, of every object of an array."""
    if not isinstance(value, dict | list):
        return value
    pairs = Utils.create_sequence()
    for each in value if isinstance(value, list) else [value]:
        engine().meter.step()
        parts = [{key: part} for key, part in each.items()] if isinstance(each, dict) else each
        if isinstance(each, list):
            parts = spread(each)
        pairs.extend(parts if isinstance(parts, list) else [parts])
    return pairs


def ordered(values: list[Any] | None, comparator: Any) -> Any:
    """``$sort``: stable; the function says whether its first argument goes behind its second."""
    if values is None or len(values) <= 1:
        return values
    if comparator is not None:
        return _merge_sorted(
            values, lambda first, second: Functions.to_boolean(call(comparator, [first, second]))
        )
    if not (all(map(is_number, values)) or all(isinstance(value, str) for value in values)):
        raise JException("D3070", -1, 1)
    return _merge_sorted(values, sorts_after)


def type_of(value: Any) -> str | None:
    """``$type``."""
    if is_function(value):
        return "function"
    name: str | None = Functions.type(value)
    return name


def clone(value: Any) -> Any:
    """A copy, functions left out."""
    engine().meter.step()
    if isinstance(value, dict):
        return {key: clone(each) for key, each in value.items() if not is_function(each)}
    if isinstance(value, list):
        return [NULL if is_function(each) else clone(each) for each in value]
    return value


def _merge_sorted(values: list[Any], goes_behind: Callable[[Any, Any], Any]) -> list[Any]:
    if len(values) <= 1:
        return list(values)
    middle = len(values) // 2
    left = _merge_sorted(values[:middle], goes_behind)
    right = _merge_sorted(values[middle:], goes_behind)
    merged: list[Any] = []
    at_left = at_right = 0
    while at_left < len(left) and at_right < len(right):
        engine().meter.step()
        if goes_behind(left[at_left], right[at_right]):
            merged.append(right[at_right])
            at_right += 1
        else:
            merged.append(left[at_left])
            at_left += 1
    return merged + left[at_left:] + right[at_right:]


def _sequence(values: Iterable[Any]) -> Any:
    return Utils.create_sequence_from_iter(values)
