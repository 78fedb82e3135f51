"""Handlers of cirrus's ``process`` that fail, for a local stack to wrap."""

from __future__ import annotations

from typing import Any

_called = False


def once(event: Any, context: Any) -> Any:
    """Raise at the first call of the process, then do what cirrus does."""
    global _called  # noqa: PLW0603 - a lambda's own memory
    from cirrus.lambda_functions.process import lambda_handler

    if not _called:
        _called = True
        raise RuntimeError("the first call fails")
    return lambda_handler(event, context)


def always(event: Any, context: Any) -> Any:
    """Raise at every call."""
    raise RuntimeError("every call fails")
