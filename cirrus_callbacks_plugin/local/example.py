"""Where the example is: in the repository, or in an installed wheel beside this module."""

from __future__ import annotations

from pathlib import Path

from cirrus_callbacks_plugin.local.errors import LocalProjectError

_HERE = Path(__file__).parent


def example_folder(name: str = "mosaic") -> Path:
    """The folder of an example.

    Raises:
        LocalProjectError: it is in neither place.
    """
    installed = _HERE / "examples" / name
    in_repository = _HERE.parents[1] / "examples" / name
    for folder in (installed, in_repository):
        if folder.is_dir():
            return folder
    raise LocalProjectError(installed, "is missing: install cirrus-callbacks-plugin again")
