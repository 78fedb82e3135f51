"""Cirrus's own handlers with every installed hook around them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.installed import cirrus_handler, given_handler
from cirrus_callbacks_plugin.hooks.registry import apply_hooks
from cirrus_callbacks_plugin.hooks.services import clients
from cirrus_callbacks_plugin.lambda_functions.start_up import (
    build_at_start,
    build_clients_at_start,
)
from cirrus_callbacks_plugin.protocol import wait_log

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.adapter import Handler


def wrapped(name: str) -> Handler:
    """The handler that Lambda calls in the place of cirrus's ``name``.

    Cirrus is found and wrapped at the first call. In Lambda that is done while the
    module is imported, and the hooks' client is built, for which every invocation with a
    token, and each of ``update_state``, has a use. What goes wrong there is raised by the
    first invocation instead, where it is logged.
    """

    @functools.lru_cache(maxsize=1)
    def build(path: str | None) -> Handler:
        handler = apply_hooks(name, cirrus_handler(name, path))
        wait_log.enable_in_lambda()
        return handler

    def lambda_handler(event: Any, context: Any = None) -> Any:
        return build(given_handler(name))(event, context)

    build_at_start(lambda: build(given_handler(name)))
    build_clients_at_start(lambda: clients().dynamodb)
    return lambda_handler
