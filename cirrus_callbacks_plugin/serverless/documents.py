"""YAML as Serverless projects have it, in CloudFormation's long form."""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from cirrus_callbacks_plugin.errors import ServerlessProjectError


class _Dumper(yaml.SafeDumper):
    """No anchors: what is equal is written out each time, as cirrus does."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never make one."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists indented below their key."""
        del indentless
        super().increase_indent(flow, indentless=False)


def dump(document: dict[str, Any]) -> str:
    """The document's text; keys keep their order, long texts their line."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=2**20)
    return text


def load(path: Path) -> dict[str, Any]:
    """Read a document without tags.

    Raises:
        ServerlessProjectError: it cannot be read, or is not YAML mapping.
    """
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ServerlessProjectError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ServerlessProjectError(
            f"{path}: is not YAML ({' '.join(str(error).split())})"
        ) from error
    if not isinstance(read, dict):
        raise ServerlessProjectError(f"{path}: holds no settings by name")
    return read


def replace(path: Path, document: dict[str, Any]) -> None:
    """Write a document beside ``path`` and rename it: it is there whole, or as it was.

    Raises:
        ServerlessProjectError: it cannot be written.
    """
    unfinished: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        unfinished = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(dump(document))
        unfinished.chmod(path.stat().st_mode)
        unfinished.replace(path)
        unfinished = None
    except OSError as error:
        raise ServerlessProjectError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)


def of_cirrus(document: Any) -> dict[str, Any]:
    """A document that cirrus read, with its tags in long form."""
    read: dict[str, Any] = yaml.safe_load(document.to_yaml())
    return read


def of_cirrus_file(path: Path) -> dict[str, Any]:
    """Read a file with CloudFormation's tags, as the installed cirrus does."""
    reader = importlib.import_module("cirrus.core.utils.yaml").NamedYamlable
    return of_cirrus(reader.from_file(path))
