"""Cirrus's own handlers with every installed hook around them."""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.installed import cirrus_handler, given_handler
from cirrus_callbacks_plugin.hooks.registry import apply_hooks
from cirrus_callbacks_plugin.protocol import wait_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cirrus.adapter import Handler


def wrapped(name: str) -> Handler:
    """The handler that Lambda calls in the place of cirrus's ``name``.

    Cirrus is found and wrapped at the first call. In Lambda that is done while the
    module is imported: the start-up phase has a full processor and ten seconds of its
    own, an invocation of a 128 MB function has a fourteenth of one. What goes wrong
    there is raised by the first invocation instead, where it is logged.
    """

    @functools.lru_cache(maxsize=1)
    def build(path: str | None) -> Handler:
        handler = apply_hooks(name, cirrus_handler(name, path))
        wait_log.enable_in_lambda()
        return handler

    def lambda_handler(event: Any, context: Any = None) -> Any:
        return build(given_handler(name))(event, context)

    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        _warm_up(lambda: build(given_handler(name)))
    return lambda_handler


def _warm_up(build: Callable[[], object]) -> None:
    with contextlib.suppress(Exception):  # raised again, and logged, by the first invocation
        build()
