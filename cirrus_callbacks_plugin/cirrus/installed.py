"""Which cirrus is installed, and the adapter for it."""

from __future__ import annotations

import functools
import importlib
import logging
import re
from importlib import metadata
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.cirrus.v2 import CirrusGeo2
from cirrus_callbacks_plugin.errors import ConfigurationError, UnsupportedCirrusError

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.adapter import Adapter, Handler

logger = logging.getLogger(__name__)

SUPPORTED = "cirrus-geo 2.x"
_NEWEST_MAJOR = 2
_HANDLER_VARIABLES = {
    "process": config.PROCESS_HANDLER,
    "update_state": config.UPDATE_STATE_HANDLER,
}


@functools.cache
def adapter() -> Adapter:
    """The adapter of the installed cirrus; a newer one than known is tried, with a warning.

    Raises:
        UnsupportedCirrusError: none, or an unsupported one, is installed.
    """
    version = _version("cirrus-geo")
    if version is None:
        raise UnsupportedCirrusError(
            f"No cirrus is installed beside cirrus-callbacks-plugin (supported: {SUPPORTED}): "
            "install the plugin into the environment or the zip of the cirrus deployment",
        )
    match = re.match(r"\d+", version)
    major = int(match[0]) if match else 0
    if major < _NEWEST_MAJOR:
        raise UnsupportedCirrusError(
            f"cirrus-geo {version} is installed; supported: {SUPPORTED}",
        )
    if major > _NEWEST_MAJOR:
        logger.warning(
            "cirrus-geo %s is newer than the newest version known (%s); trying it as that",
            version,
            SUPPORTED,
        )
    return CirrusGeo2(version)


def given_handler(name: str) -> str | None:
    """The handler path that the deployment's environment gives, where it gives one.

    ``CIRRUS_CALLBACKS_PROCESS_HANDLER`` for ``process``,
    ``CIRRUS_CALLBACKS_UPDATE_STATE_HANDLER`` for ``update_state``.
    """
    return config.handler_path(_HANDLER_VARIABLES[name])


def cirrus_handler(name: str, path: str | None = None) -> Handler:
    """Cirrus's own handler of ``process`` or ``update_state``, or the one at ``path``.

    Raises:
        ConfigurationError: the path given, or the installed cirrus, does not import.
        UnsupportedCirrusError: no supported cirrus is installed.
    """
    return import_handler(path or adapter().handlers[name], _HANDLER_VARIABLES[name])


def import_handler(path: str, variable: str) -> Handler:
    """Import ``package.module.function``; a module's name may hold a dash (cirrus 0.x)."""
    module_name, _, attribute = path.rpartition(".")
    try:
        handler = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"The cirrus handler {path!r} does not import ({type(error).__name__}: {error}): "
            f"name the handler to wrap in {variable}, as package.module.function",
        ) from error
    if not callable(handler):
        raise ConfigurationError(f"{path!r} is no function: name a handler in {variable}")
    return handler  # type: ignore[no-any-return]


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
