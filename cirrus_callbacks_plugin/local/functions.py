"""Lambda tasks on one's own machine: ``functions/NAME.py`` in the place of Lambda."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
import traceback
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.called_functions import short_name, whole_name
from cirrus_callbacks_plugin.local.errors import LocalProjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Handler = Callable[[Any, Any], Any]

_INVOKED = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}

SECONDS = 900.0
"""Lambda's own limit on an invocation; local functions are told it, not stopped by it."""


class Context:
    """Lambda's context, as far as handlers look at it."""

    memory_limit_in_mb = 128
    function_version = "$LATEST"

    def __init__(self, function_name: str, seconds: float = SECONDS) -> None:
        self.function_name = function_name
        self.aws_request_id = str(uuid.uuid4())
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left of the invocation."""
        return max(0, int((self._ends - time.monotonic()) * 1000))


class Functions:
    """The functions of a folder; a task whose function is not there echoes its input.

    Handlers run in this process, several at once where a Map runs them so.

    Args:
        handlers: ``lambda_handler`` of each module, by the module's name.
        prefix: stripped from a function's name where the whole name is not a module.
    """

    def __init__(self, handlers: Mapping[str, Handler], prefix: str) -> None:
        self.handlers = handlers
        self.prefix = prefix

    def invoke(self, function: str, payload: Any) -> dict[str, Any]:
        """Answer as Lambda's Invoke does, ``Payload`` parsed.

        An exception is reported as Lambda's Python runtime reports it, by its class name.
        https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
        """
        name = self.name_of(function)
        handler = self.handlers.get(name)
        if handler is None:
            return {**_INVOKED, "Payload": payload}
        return run_handler(handler, name, payload)

    def name_of(self, function: str) -> str:
        """The module's name for a function's name or ARN, with or without a version."""
        name = whole_name(function)
        return name if name in self.handlers else short_name(function, self.prefix)


def run_handler(handler: Handler, name: str, payload: Any) -> dict[str, Any]:
    """Run a handler and answer as Lambda's Invoke does, ``Payload`` parsed."""
    context = Context(name)
    try:
        returned = handler(payload, context)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a function may raise anything
        return failed(_failure(error, context))
    try:
        return {**_INVOKED, "Payload": json.loads(json.dumps(returned))}
    except (TypeError, ValueError) as error:
        return failed(
            {
                "errorMessage": f"Unable to marshal response: {error}",
                "errorType": "Runtime.MarshalError",
                "requestId": context.aws_request_id,
                "stackTrace": [],
            },
        )


def failed(failure: dict[str, Any]) -> dict[str, Any]:
    """What Lambda's Invoke answers where the function failed, ``Payload`` parsed."""
    return {**_INVOKED, "FunctionError": "Unhandled", "Payload": failure}


def _failure(error: BaseException, context: Context) -> dict[str, Any]:
    is_exit = isinstance(error, SystemExit)
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first one is ours
    return {
        "errorMessage": str(error),
        "errorType": "Runtime.ExitError" if is_exit else type(error).__name__,
        "requestId": context.aws_request_id,
        "stackTrace": traceback.format_list(frames),
    }


@contextmanager
def loaded(folder: Path, prefix: str) -> Iterator[Functions]:
    """Import every module of a folder anew; its modules may import each other.

    Raises:
        LocalProjectError: a module does not import, or has no ``lambda_handler``.
    """
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        handlers = {path.stem: _handler(path) for path in sorted(folder.glob("*.py"))}
        yield Functions(handlers, prefix)
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and origin.startswith(str(folder)):
                del sys.modules[name]  # another stack's folder may hold one of this name


def _handler(path: Path) -> Handler:
    # A dash is usual in a function's name and impossible in a module's.
    spec = importlib.util.spec_from_file_location(f"local_function_{path.stem}", path)
    if spec is None or spec.loader is None:  # pragma: no cover - a .py file has a loader
        raise LocalProjectError(path, "is not a Python module")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise LocalProjectError(
            path,
            f"does not import ({type(error).__name__}: {error}): "
            "install what it needs beside this command, or mend it",
        ) from error
    handler = getattr(module, "lambda_handler", None)
    if not callable(handler):
        raise LocalProjectError(path, "has no function lambda_handler(event, context)")
    return handler  # type: ignore[no-any-return]
