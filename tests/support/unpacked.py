"""A zip as Lambda runs it: unpacked, in a fresh interpreter that sees nothing else but boto3."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = """
import gc, json, sys
asked = json.load(sys.stdin)
sys.path[:0] = asked["path"]
compiled, opened = [], []
def hear(event, arguments):
    if event == "compile" and isinstance(arguments[1], str):
        compiled.append(arguments[1])
    elif event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
sys.addaudithook(hear)
import importlib
module, _, function = asked["handler"].rpartition(".")
handler = getattr(importlib.import_module(module or function), function, None)
class Context:
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "test"
    def get_remaining_time_in_millis(self):
        return 10_000
started, kept = len(opened), gc.get_freeze_count()
returned = handler(asked["event"], Context()) if module else dir(sys.modules[function])
print(json.dumps({
    "returned": returned,
    "modules": sorted(
        getattr(found, "__file__", None) or "" for found in list(sys.modules.values())
    ),
    "compiled": compiled,
    "kept_at_start": kept,
    "opened_at_start": opened[:started],
    "opened_by_call": opened[started:],
}))
"""


@dataclass(frozen=True)
class Unpacked:
    """An unpacked zip, and the interpreter that runs it.

    Attributes:
        folders: where it was unpacked, and what lies over it.
        boto3: a folder with boto3 alone, as Lambda's runtime has it.
        python: the interpreter.
        environment: the function's environment variables.
    """

    folders: tuple[Path, ...]
    boto3: Path
    python: str
    environment: dict[str, str]

    @classmethod
    def of(cls, archive: Path, folder: Path, boto3: Path, python: str, **env: str) -> Unpacked:
        """Unpack a zip into an empty folder."""
        folder.mkdir()
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        return cls((folder,), boto3, python, env)

    def over(self, folder: Path) -> Unpacked:
        """The same with some files replaced by those of a folder."""
        return replace(self, folders=(folder, *self.folders))

    def deployed(self, **env: str) -> Unpacked:
        """The same with environment variables."""
        return replace(self, environment=env)

    def call(self, handler: str, event: Any) -> dict[str, Any]:
        """Call a handler as Lambda does: what it returned, and the files it was made of.

        ``compiled`` and ``opened_...`` name files that were compiled from sources, and opened in
        the start-up phase and by the call; ``kept_at_start`` says how many objects no search for
        garbage looks at. A module's name alone imports it and returns its names.

        Raises:
            AssertionError: the interpreter failed; with what it said.
        """
        asked = {
            "path": [str(folder) for folder in (*self.folders, self.boto3)],
            "handler": handler,
            "event": event,
        }
        done = subprocess.run(
            [self.python, "-I", "-S", "-c", _PROGRAM],
            input=json.dumps(asked),
            env={"PATH": os.environ["PATH"], **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer
