"""The one zip for sender and reconciler: the plugin and what its extra ``lambda`` needs."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from cirrus_callbacks_plugin.errors import MissingExtraError, PackageError
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.package.plugin import DISTRIBUTION, plugin_files

EXTRA = "lambda"
_IN_THE_RUNTIME = frozenset({"boto3", "botocore"})
"""Lambda's Python runtimes bring them.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""
_OF_THE_INSTALLER = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"})
_NATIVE = (".so", ".pyd", ".dylib")


def sender_files() -> dict[str, File]:
    """The files of the zip, taken from what is installed beside the plugin.

    Pure Python, so it runs on every Python and architecture that Lambda offers. The same
    installed versions make the same files.

    Raises:
        MissingExtraError: the extra ``lambda`` is not installed.
        PackageError: the plugin has no metadata, or a dependency is no pure Python.
    """
    files = plugin_files()
    for name, found in sorted(_dependencies().items()):
        files.update(_files(name, found))
    return files


def _dependencies() -> dict[str, Distribution]:
    """What the extra needs, and what that needs in turn, by name."""
    wanted = _requirements(distribution(DISTRIBUTION), f"extra == '{EXTRA}'")
    found: dict[str, Distribution] = {}
    while wanted:
        name, is_optional = wanted.pop()
        if name in found or name in _IN_THE_RUNTIME:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError as error:
            if is_optional:  # a marker: some other Python needs it
                continue
            raise MissingExtraError(
                f"{name} is missing, which sender and reconciler need: "
                f"pip install '{DISTRIBUTION}[{EXTRA}]'",
            ) from error
        wanted += _requirements(found[name], None)
    return found


def _requirements(of: Distribution, extra: str | None) -> list[tuple[str, bool]]:
    """Names that a distribution requires, and whether a marker might say otherwise.

    Args:
        of: the distribution.
        extra: the marker of the extra that is meant; None for what is always required.
    """
    names = []
    for line in of.requires or []:
        requirement, _, marker = line.replace('"', "'").partition(";")
        is_of_an_extra = "extra ==" in marker
        if is_of_an_extra != (extra is not None) or (extra is not None and extra not in marker):
            continue
        match = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
        if match is not None:
            name = re.sub(r"[-_.]+", "-", match[0]).lower()
            names.append((name, bool(marker.strip()) and not is_of_an_extra))
    return names


def _files(name: str, of: Distribution) -> dict[str, File]:
    files = {}
    for path in of.files or []:
        is_elsewhere = path.parts[0] == ".." or "__pycache__" in path.parts
        if is_elsewhere or path.name in _OF_THE_INSTALLER:
            continue
        if path.suffix in _NATIVE:
            raise PackageError(
                f"{name} is installed with a compiled library ({path}), which runs on one "
                f"architecture only: pip install --force-reinstall --no-binary {name} {name}",
            )
        files[path.as_posix()] = File(Path(str(path.locate())).read_bytes())
    if not files:
        raise PackageError(f"The installed {name} lists no files: install it again")
    return files
