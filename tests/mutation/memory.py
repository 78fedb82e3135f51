"""What tests reach, kept from run to run: what did not change is not run again."""

from __future__ import annotations

import hashlib
import pickle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from mutation.project import Project
    from mutation.reach import Reach


class Memory:
    """A file for each file of tests, named by what it and all that it may use look like."""

    def __init__(self, project: Project) -> None:
        root = project.root
        self._root = root
        self._folder = project.kept
        shared = [*(root / project.package).rglob("*.py"), root / "requirements.lock"]
        shared += (root / "tests" / "support").rglob("*")
        shared += (root / "tests").rglob("conftest.py")
        self._shared = _digest(path for path in sorted(shared) if path.is_file())

    def recall(self, files: Mapping[str, Sequence[str]]) -> dict[str, Reach]:
        """What is known of the tests of some files."""
        told: dict[str, Reach] = {}
        for file, names in files.items():
            place = self._place(file)
            known = pickle.loads(place.read_bytes()) if place.exists() else {}  # noqa: S301
            if known.keys() == set(names):
                told.update(known)
        return told

    def keep(self, told: Mapping[str, Reach]) -> None:
        """Keep what is known now, and nothing older."""
        by_file: dict[str, dict[str, Reach]] = {}
        for name, reach in told.items():
            by_file.setdefault(name.partition("::")[0], {})[name] = reach
        self._folder.mkdir(exist_ok=True)
        places = {self._place(file): known for file, known in by_file.items()}
        for old in set(self._folder.iterdir()) - places.keys():
            old.unlink()
        for place, known in places.items():
            place.write_bytes(pickle.dumps(known))

    def _place(self, file: str) -> Path:
        return self._folder / f"{_digest([self._root / file])}{self._shared}"


def _digest(paths: Iterable[Path]) -> str:
    content = hashlib.sha256()
    for path in paths:
        content.update(path.name.encode())
        content.update(path.read_bytes())
    return content.hexdigest()[:32]
