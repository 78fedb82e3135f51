"""The library's evaluator with the reference implementation's operators.

An :class:`Engine` evaluates one expression once: nothing of it is shared between threads but the
parsed expression, which an evaluation does not change.
"""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from cirrus_callbacks_plugin.local.jsonata.equality import equal, sorts_after
from cirrus_callbacks_plugin.local.jsonata.limits import Limits, Meter
from cirrus_callbacks_plugin.local.jsonata.natives import Regex, is_function
from cirrus_callbacks_plugin.local.jsonata.text import string
from cirrus_callbacks_plugin.local.jsonata.transformer import Transformer
from cirrus_callbacks_plugin.local.jsonata.values import is_number, number, whole_characters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}


class Engine(Jsonata):  # type: ignore[misc]
    """One evaluation of one expression."""

    def __init__(self, functions: Any, limits: Limits, now: datetime) -> None:
        # Not the library's constructor: that one parses, and makes itself the thread's instance.
        self.parser = Jsonata.get_parser()
        self.environment = Jsonata.Frame(functions)
        self.input = None
        self.timestamp = round(now.timestamp() * 1000)
        self.meter = Meter(limits)

    def value_of(self, tree: Any, variables: Mapping[str, Any], data: Any = None) -> Any:
        """What an expression evaluates to: ``None`` for undefined, ``NULL`` for null.

        Args:
            tree: the parsed expression.
            variables: their values, as the library holds values.
            data: what the expression's paths start from; nothing in Step Functions.
        """
        for name, value in variables.items():
            self.environment.bind(name, value)
        self.environment.bind("$", data)
        if isinstance(data, list):
            data = Utils.create_sequence(data)
            data.outer_wrapper = True
        with self._the_threads_instance():
            return self.eval(tree, data, self.environment)

    @contextlib.contextmanager
    def _the_threads_instance(self) -> Iterator[None]:
        # The library's functions find the evaluator that called them here.
        before = getattr(Jsonata.CURRENT, "jsonata", None)
        Jsonata.CURRENT.jsonata = self
        try:
            yield
        finally:
            if before is None:
                del Jsonata.CURRENT.jsonata
            else:
                Jsonata.CURRENT.jsonata = before

    def eval(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002 - the library's name
        """Evaluate a part of the expression, within the limits."""
        before = self.input, self.environment
        self.meter.enter()
        try:
            result = self._eval(expr, input, environment)
            if isinstance(result, list):
                self.meter.produce(len(result))
            return result
        finally:
            self.meter.leave()
            self.input, self.environment = before

    def apply_inner(self, proc: Any, args: Any, input: Any, environment: Any) -> Any:  # noqa: A002
        """Call a function; the library prints where there is none."""
        if not is_function(proc):
            raise JException("T1006", -1)
        return super().apply_inner(proc, args, input, environment)

    def get_per_thread_instance(self) -> Engine:
        """Itself: an engine belongs to one thread."""
        return self

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        """``+ - * / %`` on doubles."""
        for code, side in (("T2001", lhs), ("T2002", rhs)):
            if side is not None and not is_number(side):
                raise JException(code, -1, op, side)
        if lhs is None or rhs is None:
            return None
        left, right = float(lhs), float(rhs)
        try:
            return number(_OPERATORS[op](left, right))
        except (ZeroDivisionError, ValueError, OverflowError):
            raise JException("D1001", -1, f"{left:g} {op} {right:g}") from None

    def evaluate_equality_expression(self, lhs: Any, rhs: Any, op: str) -> bool:
        """``=`` and ``!=``; undefined is neither the same as anything nor different."""
        if lhs is None or rhs is None:
            return False
        return equal(lhs, rhs) is (op == "=")

    def evaluate_comparison_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        """``< <= > >=`` on two texts or two numbers."""
        for side in (lhs, rhs):
            if side is not None and not (isinstance(side, str) or is_number(side)):
                raise JException("T2010", -1, op, side)
        if lhs is None or rhs is None:
            return None
        if isinstance(lhs, str) is not isinstance(rhs, str):
            raise JException("T2009", -1, lhs, rhs, op)
        if op in (">", "<="):
            return sorts_after(lhs, rhs) is (op == ">")
        return sorts_after(rhs, lhs) is (op == "<")

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        """``in``: 1 is not ``true``, and no object or array is in another, as in the reference."""
        if lhs is None or rhs is None or isinstance(lhs, dict | list):
            return False
        return any(equal(lhs, each) for each in (rhs if isinstance(rhs, list) else [rhs]))

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        """``&``."""
        left, right = (str(string(side) or "") for side in (lhs, rhs))
        self.meter.grow(len(left) + len(right))
        return left + right

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        """``..``: whole numbers from the left one to the right one."""
        for code, side in (("T2003", lhs), ("T2004", rhs)):
            if side is not None and not (is_number(side) and isinstance(side, int)):
                raise JException(code, -1, side)
        if lhs is None or rhs is None or lhs > rhs:
            return None
        self.meter.grow(rhs - lhs + 1)
        return Utils.create_sequence_from_iter(range(lhs, rhs + 1))

    def evaluate_filter(self, predicate: Any, input: Any, environment: Any) -> Any:  # noqa: A002
        """``[...]`` behind a step: places, counted from the end where negative, or a condition."""
        results = Utils.create_sequence()
        is_tuples = isinstance(input, Utils.JList) and input.tuple_stream
        results.tuple_stream = is_tuples
        items = [] if input is None else input if isinstance(input, list) else [input]
        if predicate.type == "number":
            place = _place(predicate.value, len(items))
            found = items[place] if 0 <= place < len(items) else None
            if isinstance(found, list):
                return found
            return Utils.create_sequence_from_iter(() if found is None else (found,))
        for at, item in enumerate(items):
            context, frame = item, environment
            if is_tuples:
                context, frame = item["@"], self.create_frame_from_tuple(environment, item)
            value = self.eval(predicate, context, frame)
            places = value if isinstance(value, list) else [value]
            if places and all(map(is_number, places)):
                results.extend(item for each in places if _place(each, len(items)) == at)
            elif Jsonata.boolize(value):
                results.append(item)
        return results

    def evaluate_wildcard(self, expr: Any, input: Any) -> Any:  # noqa: A002, ARG002
        """``*``; the library's copies everything for each value."""
        if isinstance(input, Utils.JList) and input.outer_wrapper and input:
            input = input[0]  # noqa: A001
        values = input.values() if isinstance(input, dict) else input
        found = Utils.create_sequence()
        for value in values if isinstance(values, Iterable) and not isinstance(values, str) else ():
            if isinstance(value, list):
                found.extend(self.flatten(value, None))
            else:
                found.append(value)
        return found

    def reduce_tuple_stream(self, tuple_stream: Any) -> Any:
        """Tuples of one group as one tuple of lists; the library's copies them for each."""
        if not isinstance(tuple_stream, list):
            return tuple_stream
        reduced = dict(tuple_stream[0])
        grown: set[str] = set()
        for each in tuple_stream[1:]:
            self.meter.step()
            for name, value in each.items():
                if name in grown:
                    reduced[name].extend(value if isinstance(value, list) else [value])
                elif value is not None:
                    reduced[name] = Functions.append(reduced[name], value)
                    grown.add(name)
        return reduced

    def evaluate_transform_expression(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002, ARG002
        """``|...|...|``: a function that changes a copy."""
        return Jsonata.JFunction(Transformer(self, expr, environment), "<(oa):o>")

    def evaluate_literal(self, expr: Any) -> Any:
        """A literal; two escapes of a pair are one character."""
        value = super().evaluate_literal(expr)
        return whole_characters(value) if isinstance(value, str) else value

    def evaluate_regex(self, expr: Any) -> Regex:
        """A regular expression is a function."""
        return Regex(expr.value)


def _place(value: float, length: int) -> int:
    place = math.floor(value)
    return place + length if place < 0 else place
