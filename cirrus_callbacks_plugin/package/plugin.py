"""The plugin itself as files of a zip, with the metadata that makes its hooks findable."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import cirrus_callbacks_plugin
from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package.archive import File

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "cirrus_callbacks_plugin"
DISTRIBUTION = "cirrus-callbacks-plugin"
EXTRA = "lambda"
"""What sender and reconciler need beside the plugin."""


@dataclass(frozen=True, slots=True)
class Part:
    """Modules and whole folders of the plugin that some functions run: what a zip holds of it.

    Attributes:
        names: dotted names below the package, of modules and of packages taken whole.
    """

    names: frozenset[str]

    def holds(self, file: PurePosixPath) -> bool:
        """True for the file of a module of this part, given below the package's folder."""
        if file.suffix != ".py":
            return False
        module = ".".join(file.with_suffix("").parts)
        package, _, name = module.rpartition(".")
        if name == "__init__":  # of a package that holds something of this part
            return not package or any(
                f"{each}.".startswith(f"{package}.") or f"{package}.".startswith(f"{each}.")
                for each in self.names
            )
        return any(f"{module}.".startswith(f"{each}.") for each in self.names)


_COMMON = {
    *("aws", "config", "contract", "errors", "joins", "naming", "protocol", "waits"),
}

HOOKS = Part(
    frozenset(
        {
            *_COMMON,
            "carriers",
            "cirrus",
            "hooks",
            "lambda_functions.process",
            "lambda_functions.start_up",
            "lambda_functions.update_state",
            "lambda_functions.wrapped",
        },
    ),
)
"""What runs in cirrus's own two functions."""

ANSWERING = Part(
    frozenset(
        {
            *_COMMON,
            "cirrus.generations",
            "cirrus.state_table",
            "lambda_functions.clients",
            "lambda_functions.logs",
            "lambda_functions.metrics",
            "lambda_functions.reconciler",
            "lambda_functions.sender",
            "lambda_functions.start_up",
            "reconcile",
            "sender",
        },
    ),
)
"""What the sender and the reconciler run, where there is no cirrus."""

_WHEEL = (
    f"Wheel-Version: 1.0\nGenerator: {DISTRIBUTION}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
)


def plugin_files(part: Part) -> dict[str, File]:
    """A part of the installed plugin: code, metadata, entry points, licence.

    The same files whether the plugin was installed from a wheel or in editable form.

    Args:
        part: which modules.

    Raises:
        PackageError: the plugin's own metadata is missing (it runs from a bare folder).
    """
    files = {f"{PACKAGE}/{name}": file for name, file in _code(part).items()}
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


def _code(part: Part) -> dict[str, File]:
    root = Path(cirrus_callbacks_plugin.__file__).parent
    names = (PurePosixPath(path.relative_to(root).as_posix()) for path in root.rglob("*.py"))
    return {str(name): File((root / name).read_bytes()) for name in names if part.holds(name)}


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
