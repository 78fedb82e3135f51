"""Cirrus's own handlers: where they are, and how they are imported."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.cirrus.adapter import Handler

VARIABLES = {
    "process": config.PROCESS_HANDLER,
    "update_state": config.UPDATE_STATE_HANDLER,
}
BESIDE = {
    "process": "cirrus_process.lambda_handler",
    "update_state": "cirrus_update_state.lambda_handler",
}
"""Where a function's package keeps a handler of its own whose place ours has taken."""

_OURS = "cirrus_callbacks_plugin.lambda_functions."


def given_handler(name: str) -> str | None:
    """The handler path that the deployment's environment gives, where it gives one.

    ``CIRRUS_CALLBACKS_PROCESS_HANDLER`` for ``process``,
    ``CIRRUS_CALLBACKS_UPDATE_STATE_HANDLER`` for ``update_state``.
    """
    return config.handler_path(VARIABLES[name])


def import_handler(path: str, variable: str) -> Handler:
    """Import ``package.module.function``; a module's name may hold a dash (cirrus 0.x).

    Raises:
        ConfigurationError: it does not import, is not a function, or is the wrapper itself.
    """
    module_name, _, attribute = path.rpartition(".")
    try:
        handler = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"The cirrus handler {path!r} does not import ({type(error).__name__}: {error}): "
            f"name the handler to wrap in {variable}, as package.module.function",
        ) from error
    if not callable(handler):
        raise ConfigurationError(f"{path!r} is not a function: name a handler in {variable}")
    if _is_ours(handler):
        raise ConfigurationError(
            f"{path!r} is the wrapped handler itself: name cirrus's own handler in {variable}",
        )
    return handler  # type: ignore[no-any-return]


def locate(name: str, paths: Sequence[str]) -> str:
    """The first of several paths at which there is a handler that is not the wrapper.

    A serverless package holds its handler as ``lambda_function.py``; where that file only
    hands on to the wrapper, the handler to wrap is at one of the other paths.

    Raises:
        ConfigurationError: there is none, or what is there does not import.
    """
    for path in paths:
        module_name, _, attribute = path.rpartition(".")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name and f"{module_name}.".startswith(f"{error.name}."):
                continue
            raise ConfigurationError(
                f"The cirrus handler {path!r} does not import ({error}): install what it needs "
                f"beside it, or name the handler to wrap in {VARIABLES[name]}",
            ) from error
        # Lambda may be importing that very module now: it has no handler yet, and is ours.
        handler = getattr(module, attribute, None)
        if handler is not None and not _is_ours(handler):
            return path
    raise ConfigurationError(
        f"There is no cirrus handler of {name!r} at {' or '.join(paths)}: "
        f"name the handler to wrap in {VARIABLES[name]}, as package.module.function",
    )


def _is_ours(handler: object) -> bool:
    return str(getattr(handler, "__module__", "")).startswith(_OURS)
