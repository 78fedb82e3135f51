"""What lambda tasks do in a test: fail, return, or call a function of the test's own."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cirrus_callbacks_plugin.local.functions import failed, run_handler

Handler = Callable[[Any], Any]


Answer = Callable[[Any], dict[str, Any]]
"""From an event to what Lambda's Invoke answers."""


@dataclass(slots=True)
class _Behaviour:
    answer: Answer
    times: int


@dataclass(slots=True)
class FunctionDouble:
    """What a lambda function does instead of its own code, for as long as the test says.

    What is said with ``times`` comes first, in the order in which it was said; then the latest
    that was said without; then the function's own code.

    Attributes:
        name: the function's name, without the deployment's prefix.
        events: what it was called with, in order, whatever answered.
    """

    name: str
    events: list[Any] = field(default_factory=list)
    _counted: list[_Behaviour] = field(default_factory=list)
    _always: Answer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fails(self, error: str, cause: str = "", *, times: int | None = None) -> FunctionDouble:
        """Fail with an error's name and text.

        Args:
            error: the name that ``Retry`` and ``Catch`` see: an exception's class name.
            cause: its message.
            times: how often; None: from now on always.
        """
        failure = {"errorMessage": cause, "errorType": error, "stackTrace": []}
        return self._answers(lambda _: failed(copy.deepcopy(failure)), times)

    def returns(self, value: Any, *, times: int | None = None) -> FunctionDouble:
        """Return a value, which must be JSON."""
        return self.calls(lambda _: value, times=times)

    def calls(self, function: Handler, *, times: int | None = None) -> FunctionDouble:
        """Call ``function(event)``; an exception of it fails the task by its class name."""
        return self._answers(
            lambda event: run_handler(lambda given, _: function(given), self.name, event),
            times,
        )

    def invoke(self, payload: Any, own: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Answer as Lambda's Invoke does; ``own`` runs the function's own code."""
        with self._lock:
            self.events.append(copy.deepcopy(payload))
            answer = self._next()
        return own() if answer is None else answer(payload)

    def _answers(self, answer: Answer, times: int | None) -> FunctionDouble:
        with self._lock:
            if times is None:
                self._always = answer
            else:
                self._counted.append(_Behaviour(answer, times))
        return self

    def _next(self) -> Answer | None:
        for behaviour in self._counted:
            if behaviour.times > 0:
                behaviour.times -= 1
                return behaviour.answer
        return self._always
