"""How a function of Python becomes one of JSONata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser

from cirrus_callbacks_plugin.local.jsonata.values import NULL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cirrus_callbacks_plugin.local.jsonata.limits import Meter
    from cirrus_callbacks_plugin.local.jsonata.patterns import Match, Pattern


class Running(Protocol):
    """What a function may ask of the evaluation that calls it.

    Attributes:
        meter: what the evaluation has used up.
        timestamp: when it began, in milliseconds since 1970.
        environment: the variables in scope.
    """

    meter: Meter
    timestamp: int
    environment: Any

    def apply(self, proc: Any, args: list[Any], input: Any, environment: Any) -> Any:  # noqa: A002
        """Call a function of the expression."""

    def eval(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002
        """Evaluate a part of the expression."""


def engine() -> Running:
    """The evaluation that calls a function, in this thread."""
    running: Running = Jsonata.CURRENT.jsonata
    return running


class Native(Jsonata.JNativeFunction):  # type: ignore[misc]
    """A function with a signature.

    The library takes null for an absent argument; here it fits where the signature has it.
    """

    def __init__(
        self,
        name: str,
        signature: str,
        method: Callable[..., Any],
        *,
        arguments: int | None = None,
    ) -> None:
        super().__init__(name, signature, _Holder(method), "method")
        # What $map and its like hand over: the value, with two its place, with three everything.
        self.arity = self.nargs if arguments is None else arguments

    def validate(self, args: Any, context: Any) -> Any:
        """Check the arguments against the signature, and fill in the context where it says so."""
        checked = list(args)
        parameters = self.signature._params  # noqa: SLF001 - no public way
        for place, (parameter, value) in enumerate(zip(parameters, args, strict=False)):
            if value is not NULL or parameter.type in ("x", "j"):
                continue
            if parameter.type != "a":
                raise JException("T0410", -1, place + 1, self.function_name)
            if parameter.subtype is not None:
                raise JException("T0412", -1, place + 1, self.function_name, parameter.subtype)
            checked[place] = [NULL]
        return super().validate(checked, context)


class _Holder:
    """The library asks a class for a method by its name."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method


class Regex(Jsonata.JFunction):  # type: ignore[misc]
    """A regular expression: a function from a text to its first match, which knows the next."""

    arity = 1

    def __init__(self, pattern: Pattern) -> None:
        super().__init__(None, None)
        self.pattern = pattern

    def call(self, input: Any, args: Sequence[Any] | None) -> Any:  # noqa: A002, ARG002
        """The first match in the text."""
        text = args[0] if args else None
        if not isinstance(text, str):
            return None
        return _as_object(self.pattern.matches(text, engine().meter))


def matches(matcher: Any, text: str) -> Iterator[dict[str, Any]]:
    """The matches of a regular expression, or of a function that does as one, as objects.

    Raises:
        JException: the function answers with something else (T1010).
    """
    match = call(matcher, [text])
    while match is not None:
        if not (isinstance(match, dict) and isinstance(match.get("groups"), list)):
            raise JException("T1010", -1)
        yield match
        match = call(match["next"], [])


def _as_object(rest: Iterator[Match]) -> dict[str, Any] | None:
    match = next(rest, None)
    if match is None:
        return None
    return {
        "match": match.text,
        "start": match.start,
        "end": match.end,
        "groups": list(match.groups),
        "next": Jsonata.JLambda(lambda: _as_object(rest)),
    }


def is_function(value: Any) -> bool:
    """Whether a value can be called."""
    return isinstance(value, Jsonata.JFunctionCallable) or Functions.is_lambda(value)


def call(function: Any, arguments: list[Any]) -> Any:
    """Call a function of the expression."""
    running = engine()
    return running.apply(function, arguments, None, running.environment)


def arity(function: Any) -> int:
    """How many arguments a function takes."""
    if isinstance(function, Parser.Symbol):
        return len(function.arguments)
    return int(getattr(function, "arity", 1))


def call_with_place(function: Any, value: Any, place: Any, whole: Any) -> Any:
    """Call a function as ``$map`` does: with as much of value, place and whole as it takes."""
    return call(function, [value, place, whole][: max(1, arity(function))])
