"""What a folder says of itself, so that it need not be typed at every run.

``.cirrus-callbacks.toml``, or the table ``[tool.cirrus-callbacks]`` of a ``pyproject.toml``::

    queue = "MosaicQueue"             # names that hold this are cirrus's process queue
    payloads = "tests/payloads"       # where the payload files are

    [vars]
    "tasks.publish.lambda.function_arn" = "arn:aws:lambda:..."

    [workflows]
    mosaic = "infra/template.yaml#MosaicStateMachine"
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.errors import LocalProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = ".cirrus-callbacks.toml"
_TABLE = "cirrus-callbacks"
_KEYS = {"vars": dict, "workflows": dict, "queue": str, "payloads": str}


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """A folder's settings; everything is optional.

    Attributes:
        variables: values of ``${name}`` in state machines; the command's own outrank them.
        workflows: where the definition of a workflow is, as ``FILE`` or ``FILE#RESOURCE``.
        queue: a text; a name that holds it stands for the process queue.
        payloads: the folder of the payload files.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    workflows: Mapping[str, str] = field(default_factory=dict)
    queue: str | None = None
    payloads: str | None = None

    @classmethod
    def read(cls, root: Path) -> FolderSettings:
        """Read a folder's settings; the defaults where it has none.

        Raises:
            LocalProjectError: a file is not TOML, or holds something else than settings.
        """
        own = root / FILE
        if own.is_file():
            return cls._from_table(own, _toml(own))
        project = root / "pyproject.toml"
        if project.is_file():
            table = _toml(project).get("tool", {}).get(_TABLE)
            if table is not None:
                return cls._from_table(project, table)
        return cls()

    @classmethod
    def _from_table(cls, path: Path, table: Any) -> FolderSettings:
        if not isinstance(table, dict):
            raise LocalProjectError(path, f"holds {_TABLE} as a value: make it a table")
        for name, value in table.items():
            wanted = _KEYS.get(name)
            if wanted is None:
                raise LocalProjectError(
                    path, f"has the unknown setting {name!r}: one of {', '.join(_KEYS)}"
                )
            if not isinstance(value, wanted):
                kind = "a table" if wanted is dict else "a text"
                raise LocalProjectError(path, f"has {name!r}, which must be {kind}")
        return cls(
            {name: _text(path, "vars", name, value) for name, value in _table(table, "vars")},
            {
                name: _text(path, "workflows", name, value)
                for name, value in _table(table, "workflows")
            },
            table.get("queue"),
            table.get("payloads"),
        )


def _table(table: dict[str, Any], name: str) -> list[tuple[str, Any]]:
    """A table's members; a dotted key is a table in a table, and is joined again."""

    def flat(prefix: str, value: Any) -> list[tuple[str, Any]]:
        if not isinstance(value, dict):
            return [(prefix, value)]
        return [pair for key, each in value.items() for pair in flat(f"{prefix}.{key}", each)]

    return [pair for key, value in table.get(name, {}).items() for pair in flat(key, value)]


def _text(path: Path, table: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise LocalProjectError(path, f"has {table}.{name}, which must be a text or a number")


def _toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:  # pragma: no cover - the local stack needs cirrus-geo 2, and so Python 3.12
        raise LocalProjectError(path, "cannot be read before Python 3.11")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LocalProjectError(path, f"is not valid TOML: {error}") from error
