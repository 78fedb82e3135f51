"""What is changed, and which tests shall notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Project:
    """A package and its tests.

    Attributes:
        root: where the repository is.
        package: the package's folder.
        modules: the modules to be changed, as patterns below it.
        tests: pytest's arguments: which tests, and which not.
        equivalent: the list of equivalent mutants.
        warm_up: a test after which most of what takes long to load has been loaded.
        imported_early: what takes long to import, and imports nothing of the package.
    """

    root: Path
    package: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    equivalent: Path
    warm_up: str | None = None
    imported_early: tuple[str, ...] = ()

    @property
    def kept(self) -> Path:
        """What is kept from run to run."""
        return self.root / ".mutate"

    def paths(self, only: Sequence[str] = ()) -> list[str]:
        """The modules to look at; all, where ``only`` is not about modules alone."""
        paths = [
            str(file.relative_to(self.root))
            for pattern in self.modules
            for file in sorted((self.root / self.package).glob(pattern))
        ]
        if not all(any(text in path for path in paths) for text in only):
            return paths
        return [path for path in paths if not only or any(text in path for text in only)]


_HERE = Path(__file__).resolve().parent

# Tests of other things are seen to reach no line of these modules; they need not even begin.
_ELSEWHERE = ("cli", "graph", "lint", "local", "serverless")

PROTOCOL = Project(
    root=_HERE.parents[1],
    package="cirrus_callbacks_plugin",
    modules=(
        "reconcile/*.py",
        "protocol/*.py",
        "hooks/*.py",
        "joins/*.py",
        "carriers/message.py",
        "carriers/tokens.py",
        "sender/batch.py",
        "waits/batches.py",
        "waits/change.py",
    ),
    tests=(
        "tests/unit",
        "tests/functional",
        "tests/generations/test_choice.py",
        *(f"--ignore=tests/unit/{name}" for name in _ELSEWHERE),
        "--ignore=tests/functional/local",
    ),
    equivalent=_HERE / "equivalent.toml",
    warm_up="tests/functional/test_loop.py::test_a_new_payload_resumes_its_waiter",
    imported_early=("boto3", "moto", "moto.stepfunctions", "cirrus.lambda_functions.process"),
)
