"""Paths, as Step Functions reads them.

The States Language takes its paths from https://github.com/json-path/JsonPath: a definite
path is one value or an error; every other path is a list, of whatever length. What
Step Functions has beyond or short of that is told at the function that does it.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.segments import JSONPathChildSegment, JSONPathRecursiveDescentSegment
from jsonpath.selectors import (
    Filter,
    IndexSelector,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jsonpath.match import JSONPathMatch
    from jsonpath.segments import JSONPathSegment

_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_DOT_BEFORE_BRACKET = re.compile(rf"({_QUOTED})|(?<!\.)\.(?=\[)")
_FUNCTION = re.compile(rf"(?:{_QUOTED})|(?P<function>\.\w+\()")
_BEGINS = re.compile(r"\$(?:$|[.\[])")


class PathError(ValueError):
    """The text is not a path, or one that Step Functions does not take."""


class PathNotFoundError(LookupError):
    """A definite path leads nowhere."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was read.

    Attributes:
        text: the path, without the dollar sign that names the context object.
        steps: of a path of names and single indices alone, these; None for any other.
    """

    text: str
    steps: tuple[str | int, ...] | None
    _parts: tuple[JSONPathSegment, ...]

    @property
    def is_definite(self) -> bool:
        """Whether the path is one value: ``['a','b']`` at its end is, an object of these."""
        return all(_step(part) is not None for part in self._parts[:-1]) and (
            self.steps is not None or _is_names(self._parts[-1])
        )

    def find(self, data: Any) -> Any:
        """What the path identifies in a JSON value.

        Returns:
            The value for a definite path, else a list; nothing is copied.

        Raises:
            PathNotFoundError: a definite path leads nowhere, or what a slice or a list of
                indices is to be taken of is not an array.
        """
        if self.steps is not None:
            return _walk(data, self.steps)
        *before, last = self._parts
        if self.is_definite:
            return _pick(_walk(data, _steps(before)), last)
        start = list(itertools.takewhile(lambda part: _step(part) is not None, self._parts))
        try:
            beginning = _walk(data, _steps(start))
        except PathNotFoundError:
            return []  # as AWS does, where the library that it uses would raise
        if _is_of_arrays_only(self._parts[len(start)]) and not _is_array(beginning):
            raise PathNotFoundError(self.text)
        if _is_names(last):
            return [
                _pick(each, last) for each in _select(before, data) if isinstance(each, Mapping)
            ]
        return _select(self._parts, data)


@functools.lru_cache(maxsize=1024)
def read_path(text: str) -> Path:
    """Read a path; one of the context object begins with one dollar sign here, too.

    ``$.a.['b']`` is ``$.a['b']``: AWS's own pages write a dot before a bracket.

    Raises:
        PathError: the text is not a path, or one with what Step Functions lacks.
    """
    if not _BEGINS.match(text):
        raise PathError(f"{text!r} is not a path: a path is $, or begins with $. or $[")
    if any(match["function"] for match in _FUNCTION.finditer(text)):
        raise PathError(f"{text!r} calls a function: Step Functions has none in paths")
    if "\\" in _DOT_BEFORE_BRACKET.sub("", re.sub(_QUOTED, "", text)):
        raise PathError(f"{text!r} has a backslash: write names with special characters as ['...']")
    plain = _DOT_BEFORE_BRACKET.sub(lambda match: match[1] or "", text)
    try:
        compiled = _ENVIRONMENT.compile(plain)
    except (JSONPathError, re.error, ValueError, RecursionError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise PathError(
            f"{text!r} is not a path that is understood here: {reason} "
            "(names with special characters are written as ['...'])",
        ) from error
    if not isinstance(compiled, JSONPath):
        raise PathError(f"{text!r} is more than one path")
    parts = tuple(_as_step_functions_has_it(part, text) for part in compiled.segments)
    steps = _steps(parts)
    return Path(text, steps if len(steps) == len(parts) else None, parts)


def read_reference_path(text: str) -> Path:
    """Read a reference path, which identifies one node.

    https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html

    Raises:
        PathError: the text is not a path, or may identify more than one node.
    """
    path = read_path(text)
    if path.steps is None:
        raise PathError(
            f"{text!r} is not a Reference Path: only names and single indices can stand in it",
        )
    return path


def _walk(data: Any, steps: Iterable[str | int]) -> Any:
    for step in steps:
        if isinstance(step, str):
            if not isinstance(data, Mapping) or step not in data:
                raise PathNotFoundError(step)
        elif not _is_array(data) or not -len(data) <= step < len(data):
            raise PathNotFoundError(step)
        data = data[step]
    return data


def _select(parts: Iterable[JSONPathSegment], data: Any) -> list[Any]:
    if isinstance(data, str):  # the library would take it for a JSON text
        return []
    return JSONPath(env=_ENVIRONMENT, segments=parts).findall(data)


def _step(part: JSONPathSegment) -> str | int | None:
    """The name or index of a part that can identify one value only."""
    if isinstance(part, JSONPathChildSegment) and len(part.selectors) == 1:
        (selector,) = part.selectors
        if isinstance(selector, NameSelector):
            return selector.name
        if isinstance(selector, IndexSelector):
            return selector.index
    return None


def _steps(parts: Iterable[JSONPathSegment]) -> tuple[str | int, ...]:
    return tuple(step for part in parts if (step := _step(part)) is not None)


def _is_names(part: JSONPathSegment) -> bool:
    return (
        isinstance(part, JSONPathChildSegment)
        and len(part.selectors) > 1
        and all(isinstance(selector, NameSelector) for selector in part.selectors)
    )


def _pick(data: Any, part: JSONPathSegment) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise PathNotFoundError(str(part))
    names = [each.name for each in part.selectors if isinstance(each, NameSelector)]
    return {name: data[name] for name in names if name in data}


def _is_of_arrays_only(part: JSONPathSegment) -> bool:
    return isinstance(part, JSONPathChildSegment) and all(
        isinstance(selector, (IndexSelector, SliceSelector)) for selector in part.selectors
    )


def _is_array(data: Any) -> bool:
    return isinstance(data, Sequence) and not isinstance(data, (str, bytes))


def _as_step_functions_has_it(part: JSONPathSegment, text: str) -> JSONPathSegment:
    selectors: list[Any] = []
    for selector in part.selectors:
        if isinstance(selector, IndexSelector):
            selectors.append(
                _Index(env=selector.env, token=selector.token, index=selector.index),
            )
        elif isinstance(selector, Filter) and isinstance(part, JSONPathChildSegment):
            selectors.append(
                _Filter(env=selector.env, token=selector.token, expression=selector.expression),
            )
        elif isinstance(selector, SliceSelector):
            if selector.slice.step is not None:
                raise PathError(f"{text!r} has a slice with a step, which Step Functions lacks")
            start, stop = selector.slice.start, selector.slice.stop
            if start is not None and stop is not None and start >= 0 > stop:
                raise PathError(
                    f"{text!r} has a slice from the front to the back, which selects nothing "
                    "in Step Functions: count both ends from the same side",
                )
            selectors.append(selector)
        elif isinstance(selector, (Filter, NameSelector, WildcardSelector)):
            selectors.append(selector)
        else:
            raise PathError(f"{text!r} has {selector} in it, which Step Functions does not know")
    kind: type[Any] = type(part)
    if kind not in {JSONPathChildSegment, JSONPathRecursiveDescentSegment}:
        raise PathError(f"{text!r} has {part} in it, which Step Functions does not know")
    read: JSONPathSegment = kind(env=part.env, token=part.token, selectors=tuple(selectors))
    return read


class _Index(IndexSelector):
    """An index selects elements of arrays only; the library would also take a key."""

    __slots__ = ()

    def resolve(self, node: JSONPathMatch) -> Iterable[JSONPathMatch]:
        return super().resolve(node) if _is_array(node.obj) else ()


class _Filter(Filter):
    """A filter judges the elements of an array, but an object itself, not its fields."""

    __slots__ = ()

    def resolve(self, node: JSONPathMatch) -> Iterable[JSONPathMatch]:
        if not isinstance(node.obj, Mapping):
            yield from super().resolve(node)
            return
        alone = node.new_child([node.obj], 0)
        if any(True for _ in super().resolve(alone)):
            yield node


class _Environment(JSONPathEnvironment):
    """Comparisons in filters: a number equals the text that spells it."""

    def compare(self, left: object, operator: str, right: object) -> bool:
        if operator in {"==", "!="}:
            numbers = _one_number_one_text(_alone(left), _alone(right))
            if numbers is not None:
                return (numbers[0] == numbers[1]) == (operator == "==")
        return super().compare(left, operator, right)


def _alone(operand: Any) -> Any:
    if isinstance(operand, list) and len(operand) == 1 and hasattr(operand[0], "obj"):
        return operand[0].obj
    return operand


def _one_number_one_text(left: Any, right: Any) -> tuple[Decimal, Decimal] | None:
    kinds = {type(left), type(right)}
    if str not in kinds or not kinds & {int, float}:
        return None
    try:
        return Decimal(str(left)), Decimal(str(right))
    except InvalidOperation:
        return None


_ENVIRONMENT = _Environment()
