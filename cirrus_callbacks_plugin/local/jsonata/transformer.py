"""``|...|...|``: a function that changes a copy of what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

from cirrus_callbacks_plugin.local.jsonata.lists import clone

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.jsonata.natives import Running


class Transformer(Jsonata.JFunctionCallable):  # type: ignore[misc]
    """A change of a copy; the library's own copy would leave out every null."""

    def __init__(self, running: Running, expr: Any, environment: Any) -> None:
        self._running = running
        self._expr = expr
        self._environment = environment

    def call(self, input: Any, args: Any) -> Any:  # noqa: A002, ARG002 - the library's names
        """The copy, each match in it updated and rid of what is to be deleted."""
        if args[0] is None:
            return None
        copied = clone(args[0])
        for match in _as_list(self._evaluated(self._expr.pattern, copied)):
            update = self._evaluated(self._expr.update, match)
            if update is not None and not isinstance(update, dict):
                raise JException("T2011", self._expr.update.position, update)
            if isinstance(match, dict):
                match.update(update or {})
            if self._expr.delete is not None:
                self._delete(match)
        return copied

    def _delete(self, match: Any) -> None:
        names = _as_list(self._evaluated(self._expr.delete, match))
        if not all(isinstance(name, str) for name in names):
            raise JException("T2012", self._expr.delete.position, names)
        for name in names:
            if isinstance(match, dict):
                match.pop(name, None)

    def _evaluated(self, part: Any, match: Any) -> Any:
        return self._running.eval(part, match, self._environment)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
