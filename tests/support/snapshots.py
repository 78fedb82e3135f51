"""Texts as they were last approved: ``UPDATE_SNAPSHOTS=1`` writes them again."""

from __future__ import annotations

import os
import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "operations" / "snapshots"

_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")


def matches(name: str, text: str) -> None:
    """Compare a screen with its file; times of day stand for themselves."""
    shown = _TIME.sub("YYYY-MM-DD hh:mm:ss", text)
    shown = re.sub(r"\.\d{6}\+00:00", ".ffffff+00:00", shown)
    shown = "\n".join(line.rstrip() for line in shown.splitlines()) + "\n"
    file = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(shown)
    assert shown == file.read_text(), f"{file.name} differs; UPDATE_SNAPSHOTS=1 writes it again"
