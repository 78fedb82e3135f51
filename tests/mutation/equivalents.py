"""The list of mutants that no test can notice, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mutation.mutants import Mutant

Identity = tuple[str, str, str, str]


def read(file: Path) -> dict[Identity, str]:
    """The reasons, by what identifies a mutant.

    Raises:
        ValueError: an entry is incomplete, or stands there twice.
    """
    reasons: dict[Identity, str] = {}
    for entry in _entries(file):
        missing = {"path", "function", "before", "after", "reason"} - {
            name for name, value in entry.items() if value or name == "after"
        }
        if missing:
            raise ValueError(f"{file.name}: {', '.join(sorted(missing))} missing in {entry}")
        identity = (entry["path"], entry["function"], entry["before"], entry["after"])
        if identity in reasons:
            raise ValueError(f"{file.name}: listed twice: {entry}")
        reasons[identity] = entry["reason"]
    return reasons


def _entries(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    listed: list[dict[str, str]] = tomllib.loads(file.read_text()).get("mutant", [])
    return listed


def entry_of(mutant: Mutant) -> str:
    """An entry for the list; its reason is to be written."""
    lines = ["[[mutant]]"]
    for name, value in (
        ("path", mutant.path),
        ("function", mutant.function),
        ("before", mutant.before),
        ("after", mutant.after),
    ):
        lines.append(f"{name} = {_text(value)}")
    return "\n".join([*lines, 'reason = ""', ""])


def _text(value: str) -> str:
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    if "'''" not in value:
        return f"'''\n{value}'''"
    raise ValueError(value)


def gone(
    listed: Iterable[Identity], mutants: Iterable[Mutant], paths: Iterable[str]
) -> list[Identity]:
    """Entries about these modules that are about no mutant any more."""
    there = {mutant.identity for mutant in mutants}
    looked_at = set(paths)
    return [each for each in listed if each[0] in looked_at and each not in there]
