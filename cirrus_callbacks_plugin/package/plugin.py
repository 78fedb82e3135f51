"""The plugin itself as files of a zip, with the metadata that makes its hooks findable."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import cirrus_callbacks_plugin
from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package.archive import File

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "cirrus_callbacks_plugin"
DISTRIBUTION = "cirrus-callbacks-plugin"
_FOR_PEOPLE = ("cli", "lint", "local", "operations", "package", "serverless")
"""What people run on their own machines; a lambda has no use for it."""

_WHEEL = (
    f"Wheel-Version: 1.0\nGenerator: {DISTRIBUTION}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
)


def plugin_files() -> dict[str, File]:
    """The installed plugin, without its commands: code, metadata, entry points, licence.

    The same files whether the plugin was installed from a wheel or in editable form.

    Raises:
        PackageError: the plugin's own metadata is missing (it runs from a bare folder).
    """
    files = {f"{PACKAGE}/{name}": file for name, file in _code().items()}
    folder = f"{PACKAGE}-{_distribution().version}.dist-info"
    files.update({f"{folder}/{name}": file for name, file in _metadata().items()})
    files[f"{folder}/RECORD"] = File(_record(files, f"{folder}/RECORD"))
    return files


def is_plugins(name: str) -> bool:
    """True for a name in a zip that belongs to the plugin, whichever version."""
    top = name.partition("/")[0]
    return top == PACKAGE or (top.startswith(f"{PACKAGE}-") and top.endswith(".dist-info"))


def _distribution() -> Distribution:
    try:
        return distribution(DISTRIBUTION)
    except PackageNotFoundError as error:
        raise PackageError(
            f"{DISTRIBUTION} runs without having been installed: its entry points would be "
            "missing from the zip; install it with pip",
        ) from error


def _code() -> dict[str, File]:
    root = Path(cirrus_callbacks_plugin.__file__).parent
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {
        name.as_posix(): File((root / name).read_bytes())
        for name in found
        if name.parts[0] not in _FOR_PEOPLE and (name.suffix == ".py" or name.name == "py.typed")
    }


def _metadata() -> dict[str, File]:
    installed = _distribution()
    files = {"WHEEL": File(_WHEEL.encode())}
    for name in ("METADATA", "entry_points.txt", "licenses/LICENSE"):
        text = installed.read_text(name)
        if text is not None:
            files[name] = File(text.encode())
    if "entry_points.txt" not in files:
        raise PackageError(f"The installed {DISTRIBUTION} has no entry points: install it again")
    return files


def _record(files: Mapping[str, File], own_name: str) -> bytes:
    """A RECORD as wheels have it.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    lines = []
    for name in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name].data).digest())
        lines.append(f"{name},sha256={digest.rstrip(b'=').decode()},{len(files[name].data)}\n")
    lines.append(f"{own_name},,\n")
    return "".join(lines).encode()
