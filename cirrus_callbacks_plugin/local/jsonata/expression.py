"""Expressions: parsed once, evaluated with the variables of a state."""

from __future__ import annotations

import contextlib
import functools
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from jsonata.jexception import JException
from jsonata.parser import Parser

from cirrus_callbacks_plugin.local.jsonata.engine import Engine
from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError, UndefinedError
from cirrus_callbacks_plugin.local.jsonata.functions import FUNCTIONS
from cirrus_callbacks_plugin.local.jsonata.limits import Limits
from cirrus_callbacks_plugin.local.jsonata.patterns import compiled
from cirrus_callbacks_plugin.local.jsonata.tree import members_of, variables_of
from cirrus_callbacks_plugin.local.jsonata.values import into, out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonata.regex_engine import RegexFlags


def evaluate(
    text: str,
    variables: Mapping[str, Any],
    limits: Limits | None = None,
    now: datetime | None = None,
) -> Any:
    """The JSON value of an expression.

    Args:
        text: the expression, without ``{%`` and ``%}``.
        variables: JSON values by name, without the dollar sign.
        limits: where to give up; by default those of :class:`Limits`.
        now: the time of ``$now`` and ``$millis``; by default the machine's.

    Raises:
        UndefinedError: it has no value.
        NotJsonError: its value is a function, or holds one.
        ExpressionError: it is wrong, it failed, or it takes too long.
    """
    tree = parse(text)
    used = {
        name: into(_used(tree, name, variables[name]))
        for name in variables_of(tree)
        if name in variables
    }
    with _as_expression_error():
        engine = Engine(FUNCTIONS, limits or Limits(), now or datetime.now(timezone.utc))
        value = engine.value_of(tree, used)
    if value is None:
        raise UndefinedError
    return out(value)


@contextlib.contextmanager
def _as_expression_error() -> Iterator[None]:
    """Whatever is raised in the block becomes an :class:`ExpressionError`."""
    try:
        yield
    except ExpressionError:
        raise
    except JException as error:
        raise ExpressionError(str(error), error.error) from None
    except RecursionError:
        raise ExpressionError(
            "The expression calls itself too deep. Check for an endless recursion", "D1011"
        ) from None
    except Exception as error:  # noqa: BLE001 - the library raises whatever it stumbles over
        # What the library stumbles over, the reference refuses as well, with another text.
        raise ExpressionError(f"{type(error).__name__}: {error}") from None


def _used(tree: Any, name: str, value: Any) -> Any:
    """What an expression looks at of a variable: copying the rest would only take time."""
    members = members_of(tree, name)
    if members is None or not isinstance(value, dict):
        return value
    return {key: each for key, each in value.items() if key in members}


@functools.lru_cache(maxsize=2_000)
def parse(text: str) -> Any:
    """The tree of an expression, remembered: evaluations do not change it.

    Raises:
        ExpressionError: its syntax is wrong.
    """
    with _as_expression_error():
        return _Parser().parse(text, _regex)


class _Lexer:
    """The library's tokens without the operators of later versions, ``??`` and ``?:``.

    In 2.0 each of these is a question mark and something behind it, as in a signature that ends
    with an optional argument: ``<s?:s>``.
    """

    def __init__(self, tokens: Any) -> None:
        self._tokens = tokens

    def next(self, prefix: bool) -> Any:
        token = self._tokens.next(prefix)
        if token is not None and token.type == "operator" and token.value in ("??", "?:"):
            self._tokens.position -= 1
            token.value = "?"
        return token


class _Parser(Parser):  # type: ignore[misc]
    """The library's parser; one for each expression, since it keeps what it is at."""

    @property
    def lexer(self) -> _Lexer:
        return self._lexer

    @lexer.setter
    def lexer(self, tokens: Any) -> None:
        self._lexer = _Lexer(tokens)


def _regex(pattern: str, flags: RegexFlags) -> Any:
    return compiled(pattern, ignore_case=flags.case_insensitive, multiline=flags.multiline)
