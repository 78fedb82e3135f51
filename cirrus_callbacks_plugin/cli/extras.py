"""Optional dependencies: a command whose extra is missing names it."""

from __future__ import annotations

from importlib.util import find_spec

from cirrus_callbacks_plugin.errors import MissingExtraError


def require(extra: str, *modules: str) -> None:
    """See that an extra's modules can be imported, without importing them.

    Raises:
        MissingExtraError: one is not installed.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            f"this command needs {', '.join(missing)}, not installed here: "
            f"pip install 'cirrus-callbacks-plugin[{extra}]'",
        )
