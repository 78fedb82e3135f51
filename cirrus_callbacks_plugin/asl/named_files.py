"""Files that a template names in the place of a definition, and what stands in them.

The serverless framework writes ``${file(machine.yml):key}``, Terraform's JSON
``${file("${path.module}/machine.json")}`` or ``${templatefile("...", {...})}``, SAM a path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl import json_source, yaml_source
from cirrus_callbacks_plugin.asl.errors import UnreadableError

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.json_source import Parsed
    from cirrus_callbacks_plugin.asl.nodes import Node

MAX_BYTES = 16 * 1024 * 1024
"""Step Functions takes a definition of 1 MB; a template around several may be longer."""

_SERVERLESS = re.compile(
    r"\$\{\s*file\(\s*['\"]?(?P<path>[^)'\"]+?)['\"]?\s*\)\s*(?::(?P<keys>[\w.-]+))?\s*(?:,.*)?\}",
    re.DOTALL,
)
_TERRAFORM = re.compile(r"\$\{\s*(?:template)?file\(\s*\"(?P<path>[^\"]+)\".*\}", re.DOTALL)
_FOLDER = re.compile(r"\$\{path\.(?:module|root|cwd)\}/?")


@dataclass(frozen=True, slots=True)
class Named:
    """A file that a template names.

    Attributes:
        path: as it is written there.
        keys: what is meant in it; everything where there are none.
    """

    path: str
    keys: tuple[str, ...] = ()

    def beside(self, template: str) -> Path:
        """The file, which is named relative to its template."""
        return Path(template).parent / self.path


def serverless_file(text: str | None) -> Named | None:
    """What ``${file(...)}`` names; None for any other text."""
    match = _SERVERLESS.fullmatch((text or "").strip())
    if match is None:
        return None
    keys = match["keys"]
    return Named(match["path"].strip(), () if keys is None else tuple(keys.split(".")))


def terraform_file(text: str | None) -> Named | None:
    """What Terraform's ``file()`` and ``templatefile()`` name; None for any other text."""
    match = _TERRAFORM.fullmatch((text or "").strip())
    return None if match is None else Named(_FOLDER.sub("", match["path"]))


def read_named(file: Path) -> Parsed:
    """Read JSON or YAML, by the file's ending.

    Raises:
        UnreadableError: it is neither.
        OSError: it is not there, or may not be read.
        UnicodeDecodeError: it is not in UTF-8.
    """
    if file.stat().st_size > MAX_BYTES:
        raise OSError(f"is larger than {MAX_BYTES} bytes")
    text = file.read_bytes().decode("utf-8-sig")
    if yaml_source.is_yaml(str(file)):
        return yaml_source.parse(text)
    return json_source.parse(text)


def meant(root: Node, keys: tuple[str, ...]) -> Node | None:
    """What is meant in a file; None where it is not in it."""
    node: Node | None = root
    for key in keys:
        node = None if node is None else node.get(key)
    return node


def why_not(error: Exception) -> str:
    """Why a file cannot be read, as the end of a sentence."""
    if isinstance(error, UnreadableError):
        return f"is not valid: line {error.at.line}, column {error.at.column}: {error.problem}"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return "cannot be read: it is not in UTF-8"
