"""The corpus of JSONata expressions: each with the value, or the error, that it must have.

A file holds variables and cases. A case has an expression and one of ``value``, ``undefined``,
``function`` (the value is one, or holds one) and ``error`` (its code; empty for any).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "functional" / "local" / "corpus"
FILES = sorted(FOLDER.glob("jsonata-*.json"))
OUTCOMES = ("value", "undefined", "function", "error")


def read(path: Path) -> dict[str, Any]:
    """A file of the corpus."""
    corpus: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return corpus


def outcome_of(case: dict[str, Any]) -> dict[str, Any]:
    """What a case says of its expression."""
    return {key: case[key] for key in OUTCOMES if key in case}


def agrees(got: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether an outcome is the wanted one; 1 and 1.0 are one number, 1 and ``true`` are not."""
    if "error" in wanted and "error" in got:
        return wanted["error"] in ("", got["error"])
    return _same(got, wanted)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)
