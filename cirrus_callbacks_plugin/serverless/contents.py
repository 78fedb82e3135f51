"""The files of a function's folder: the plugin itself, and the handlers.

The plugin's code is put beside cirrus's, as cirrus does with its own library. So a function
runs the very version that made its resources, whatever the project's requirements and
``slimPatterns`` say.
"""

from __future__ import annotations

from importlib.metadata import distribution
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import MissingExtraError, ServerlessProjectError
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.package.plugin import (
    ANSWERING,
    DISTRIBUTION,
    EXTRA,
    HOOKS,
    plugin_files,
)
from cirrus_callbacks_plugin.serverless.functions import own_file, wrapper, wrapper_file

if TYPE_CHECKING:
    from pathlib import Path

HANDS_ON = "cirrus_callbacks_plugin.lambda_functions."
"""What stands in a handler that somebody wrapped by hand."""


def wrapped_files(hook: str) -> dict[str, File]:
    """What is added to the folder of ``process`` or ``update-state``."""
    return {**plugin_files(HOOKS), f"{wrapper(hook)}.py": File(wrapper_file(hook).encode())}


def own_files(name: str) -> dict[str, File]:
    """The folder of the sender or the reconciler."""
    return {**plugin_files(ANSWERING), "lambda_function.py": File(own_file(name).encode())}


def own_requirements() -> list[str]:
    """What sender and reconciler need beside it: the extra ``lambda``.

    Raises:
        MissingExtraError: what reads requirements is not installed.
    """
    try:
        from cirrus_callbacks_plugin.package.requirements import required_by
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{error.name} is missing: pip install '{DISTRIBUTION}[cli]'",
        ) from error
    return [
        f"{requirement.name}{requirement.specifier}"
        for requirement in required_by(distribution(DISTRIBUTION), EXTRA)
    ]


def write(folder: Path, files: dict[str, File]) -> bool:
    """Write files into a folder where they differ from what is there; True where any did.

    Raises:
        ServerlessProjectError: one cannot be written.
    """
    has_changed = False
    try:
        for name, file in files.items():
            path = folder / name
            if path.is_file() and path.read_bytes() == file.data:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            has_changed = True
    except OSError as error:
        raise ServerlessProjectError(
            f"{error.filename}: cannot be written ({error.strerror})"
        ) from error
    return has_changed
