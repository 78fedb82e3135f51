"""Which cirrus is installed, and the adapter for it."""

from __future__ import annotations

import functools
import importlib.util
import logging
import re
from importlib import metadata
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.handlers import (
    VARIABLES,
    given_handler,
    import_handler,
    locate,
)
from cirrus_callbacks_plugin.cirrus.v0_7 import CirrusLib08
from cirrus_callbacks_plugin.cirrus.v0_15 import CirrusGeo015
from cirrus_callbacks_plugin.cirrus.v1 import CirrusGeo1
from cirrus_callbacks_plugin.cirrus.v2 import CirrusGeo2
from cirrus_callbacks_plugin.errors import UnsupportedCirrusError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.cirrus.adapter import Adapter, Handler

__all__ = ["SUPPORTED", "adapter", "choose", "cirrus_handler", "given_handler"]

logger = logging.getLogger(__name__)

SUPPORTED = (
    "cirrus-lib 0.8.1 (with the functions of cirrus-geo 0.7.0), cirrus-geo 0.15.4, "
    "cirrus-geo 1.1 to 1.3, cirrus-geo 2.x"
)
_NEWEST_MAJOR = 2

# A serverless project packs cirrus's code without its metadata: the modules tell.
_TELLTALES = (
    ("cirrus.lib2.process_payload", "cirrus-geo", "0.15"),
    ("cirrus.lib.payload_bucket", "cirrus-geo", "2.0"),
    ("cirrus.lib.cirrus_payload", "cirrus-geo", "1.1"),
    ("cirrus.lib.process_payload", "cirrus-lib", "0.8"),
)


@functools.cache
def adapter() -> Adapter:
    """The adapter of the installed cirrus; a newer one than known is tried, with a warning.

    Raises:
        UnsupportedCirrusError: none, an unsupported one, or more than one is installed.
    """
    geo, lib = _versions("cirrus-geo"), _versions("cirrus-lib")
    if not geo:
        unpacked = _by_modules()
        if unpacked is not None and (unpacked[0] == "cirrus-geo" or not lib):
            # In a package of 0.15 cirrus-lib may lie beside: it is the tasks', not process's.
            return choose(
                *(([unpacked[1]], []) if unpacked[0] == "cirrus-geo" else ([], [unpacked[1]]))
            )
    return choose(geo, lib)


def choose(geo: Sequence[str], lib: Sequence[str]) -> Adapter:
    """The adapter for the installed versions of cirrus-geo and cirrus-lib.

    Raises:
        UnsupportedCirrusError: as :func:`adapter`; the message names what was found.
    """
    named = [f"cirrus-geo {version}" for version in geo]
    named += [f"cirrus-lib {version}" for version in lib]
    installed = " and ".join(named)
    if not named:
        raise UnsupportedCirrusError(
            f"No cirrus is installed beside cirrus-callbacks-plugin (supported: {SUPPORTED}): "
            "install the plugin into the environment or the zip of the cirrus deployment",
        )
    one_geo = _number(geo[0]) if geo else None
    both = bool(lib) and one_geo is not None and one_geo[:2] != (0, 7)
    if len(geo) > 1 or len(lib) > 1 or both:
        raise UnsupportedCirrusError(
            f"{installed} are installed together, which cannot work: keep the one that the "
            f"deployment runs and uninstall the other (supported: {SUPPORTED})",
        )
    if lib and _number(lib[0])[:2] == (0, 8):
        return CirrusLib08(lib[0])
    if geo and not lib:
        known = _of_cirrus_geo(geo[0])
        if known is not None:
            return known
    missing = " without cirrus-lib" if one_geo and one_geo[:2] == (0, 7) and not lib else ""
    raise UnsupportedCirrusError(
        f"{installed} is installed{missing}; supported: {SUPPORTED}",
    )


def cirrus_handler(name: str, path: str | None = None) -> Handler:
    """Cirrus's own handler of ``process`` or ``update_state``, or the one at ``path``.

    Raises:
        ConfigurationError: the path given, or the installed cirrus, does not import.
        UnsupportedCirrusError: no supported cirrus is installed.
    """
    handler_path = path or locate(name, adapter().handlers[name])
    return import_handler(handler_path, VARIABLES[name])


def _of_cirrus_geo(version: str) -> Adapter | None:
    number = _number(version)
    if number[:2] == (0, 15):
        return CirrusGeo015(version)
    if number[0] == 1 and number >= (1, 1):
        return CirrusGeo1(version)
    if number[0] < _NEWEST_MAJOR:
        return None
    if number[0] > _NEWEST_MAJOR:
        logger.warning(
            "cirrus-geo %s is newer than the newest version known (2.x); trying it as that. "
            "Supported: %s",
            version,
            SUPPORTED,
        )
    return CirrusGeo2(version)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2]) or (0, 0)


def _versions(distribution: str) -> list[str]:
    """Every version that is installed; the same one found twice on the path counts once."""
    distributions = metadata.distributions(name=distribution)
    return list(dict.fromkeys(each.version for each in distributions))


def _by_modules() -> tuple[str, str] | None:
    """Distribution and version, as far as the modules tell."""
    for module, distribution, version in _TELLTALES:
        try:
            if importlib.util.find_spec(module) is not None:
                return distribution, version
        except ImportError:
            continue
    return None
