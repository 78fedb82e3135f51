"""The hooks that are installed, and how they are applied to a handler."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import ConfigurationError

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.adapter import Handler

GROUP = "cirrus.hooks"
_OWN = "cirrus_callbacks_plugin."


def apply_hooks(name: str, handler: Handler) -> Handler:
    """Apply every hook that is registered under ``name`` in the group ``cirrus.hooks``.

    Our own comes last and so stands outermost: no other hook sees a task token. The
    others are applied in the order of their entry points' values.

    Raises:
        ConfigurationError: a hook does not import, or ours is not registered (a zip
            that was built without the distribution's metadata).
    """
    entries = sorted(
        entry_points(group=GROUP, name=name),
        key=lambda entry: (entry.value.startswith(_OWN), entry.value),
    )
    if not entries or not entries[-1].value.startswith(_OWN):
        raise ConfigurationError(
            f"The entry point {name!r} of cirrus-callbacks-plugin is missing from the group "
            f"{GROUP!r}: its .dist-info folder must be installed beside the package",
        )
    for entry in entries:
        try:
            hook = entry.load()
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(
                f"The hook {entry.value!r} ({GROUP}, {name}) does not load: {error}",
            ) from error
        handler = hook(handler)
    return handler
