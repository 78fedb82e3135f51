"""What lambda tasks do in a test: fail, return, or call a function of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Callable  # noqa: TC003 - fields' types
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class _Behaviour:
    answer: Callable[[Any], Any]
    times: int | None
    failure: tuple[str, str] | None = None


@dataclass(slots=True)
class FunctionDouble:
    """What a lambda function does instead of its own code, for as long as the test says.

    Attributes:
        name: the function's name, without the deployment's prefix.
        events: what it was called with, in order, whatever answered.
    """

    name: str
    events: list[Any] = field(default_factory=list)
    _behaviours: list[_Behaviour] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fails(self, error: str, cause: str = "", *, times: int | None = None) -> FunctionDouble:
        """Fail with an error's name and text.

        Args:
            error: the name that ``Retry`` and ``Catch`` see: an exception's class name.
            cause: its message.
            times: how often; None: from now on always.
        """
        self._behaviours.append(_Behaviour(lambda _: None, times, (error, cause)))
        return self

    def returns(self, value: Any, *, times: int | None = None) -> FunctionDouble:
        """Return a value."""
        return self.calls(lambda _: value, times=times)

    def calls(self, function: Callable[[Any], Any], *, times: int | None = None) -> FunctionDouble:
        """Call ``function(event)``; an exception of it fails the task by its class name."""
        self._behaviours.append(_Behaviour(function, times))
        return self

    def invoke(self, payload: Any, own: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Answer as Lambda's Invoke does; ``own`` runs the function's own code."""
        with self._lock:
            self.events.append(payload)
            behaviour = self._next()
        if behaviour is None:
            return own()
        answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
        if behaviour.failure is not None:
            return {**answer, **_failed(*behaviour.failure)}
        try:
            return {**answer, "Payload": behaviour.answer(payload)}
        except Exception as error:  # noqa: BLE001 - a test's function may raise anything
            return {**answer, **_failed(type(error).__name__, str(error))}

    def _next(self) -> _Behaviour | None:
        for behaviour in self._behaviours:
            if behaviour.times is None:
                return behaviour
            if behaviour.times > 0:
                behaviour.times -= 1
                return behaviour
        return None


def _failed(error: str, message: str) -> dict[str, Any]:
    failure = {"errorMessage": message, "errorType": error, "stackTrace": []}
    return {"FunctionError": "Unhandled", "Payload": failure}
