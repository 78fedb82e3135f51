"""Which cirrus built a project, and whether the plugin supports it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.installed import SUPPORTED
from cirrus_callbacks_plugin.errors import ServerlessProjectError

if TYPE_CHECKING:
    from pathlib import Path

_BUILDERS = ((0, 7), (0, 15))
"""Versions of cirrus-geo, as (major, minor), whose builds are supported."""

_LIBRARY_OF_0_7 = "cirrus/lib/statedb.py"
_SINCE_0_8 = "error_begins_with"  # an argument that cirrus-lib 0.8 added
_OF_0_8 = "cirrus/lib2/process_payload.py"
_SINCE_0_15 = "cirrus/lib2/events.py"


def refuse_unsupported(version: str) -> None:
    """Accept the cirrus-geo whose command runs, or say what is supported.

    Raises:
        ServerlessProjectError: its builds are not supported.
    """
    match = re.match(r"(\d+)\.(\d+)", version)
    if match is None or (int(match[1]), int(match[2])) not in _BUILDERS:
        raise ServerlessProjectError(
            f"cirrus-geo {version} builds this project, which the plugin does not support: "
            f"install one of {SUPPORTED}",
        )


def built_by(folder: Path) -> str:
    """The cirrus whose library a build holds: it is packed without its metadata.

    Raises:
        ServerlessProjectError: it is not a supported one.
    """
    if (folder / _SINCE_0_15).is_file():
        return "cirrus-geo 0.15"
    if (folder / _OF_0_8).is_file():
        raise _unsupported(folder, "was built by a cirrus-geo from 0.8 to 0.14")
    library = folder / _LIBRARY_OF_0_7
    if not library.is_file():
        raise _unsupported(folder, "holds no cirrus library that is known")
    if _SINCE_0_8 not in library.read_text(encoding="utf-8", errors="replace"):
        raise _unsupported(folder, "was built with a cirrus-lib older than 0.8")
    return "cirrus-lib 0.8 with cirrus-geo 0.7"


def _unsupported(folder: Path, what: str) -> ServerlessProjectError:
    return ServerlessProjectError(
        f"{folder}: {what}, which the plugin does not support: move the project to one of "
        f"{SUPPORTED}, and build it again",
    )
