"""The one zip for sender and reconciler: the plugin and what its extra ``lambda`` needs."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.utils import canonicalize_name

from cirrus_callbacks_plugin.errors import MissingExtraError, PackageError
from cirrus_callbacks_plugin.package.archive import OF_THE_INSTALLER, File
from cirrus_callbacks_plugin.package.plugin import ANSWERING, DISTRIBUTION, EXTRA, plugin_files
from cirrus_callbacks_plugin.package.requirements import holds_here, required_by

_IN_THE_RUNTIME = frozenset({"boto3", "botocore"})
"""Lambda's Python runtimes bring them.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""
_NATIVE = (".so", ".pyd", ".dylib")


def sender_files() -> dict[str, File]:
    """The files of the zip, taken from what is installed beside the plugin.

    Pure Python, so it runs on every Python and architecture that Lambda offers. The same
    installed versions make the same files.

    Raises:
        MissingExtraError: the extra ``lambda`` is not installed.
        PackageError: the plugin has no metadata, or a dependency is not pure Python.
    """
    files = plugin_files(ANSWERING)
    for name, installed in sorted(_dependencies().items()):
        files.update(_files(name, installed))
    return files


def _dependencies() -> dict[str, Distribution]:
    """What the extra needs, and what that needs in turn, by name."""
    wanted = [(each, EXTRA) for each in required_by(distribution(DISTRIBUTION), EXTRA)]
    installed: dict[str, Distribution] = {}
    while wanted:
        requirement, of_extra = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in installed or name in _IN_THE_RUNTIME:
            continue
        try:
            installed[name] = distribution(name)
        except PackageNotFoundError as error:
            if not holds_here(requirement, of_extra):  # some other Python needs it
                continue
            raise MissingExtraError(
                f"{name} is missing, which sender and reconciler need: "
                f"pip install '{DISTRIBUTION}[{EXTRA}]'",
            ) from error
        for extra in ("", *requirement.extras):
            wanted += [(each, extra) for each in required_by(installed[name], extra)]
    return installed


def _files(name: str, of: Distribution) -> dict[str, File]:
    files = {}
    for path in of.files or []:
        is_elsewhere = path.parts[0] == ".." or "__pycache__" in path.parts
        if is_elsewhere or path.name in OF_THE_INSTALLER:
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
