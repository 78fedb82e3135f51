"""Which folders a zip holds: all that its functions import, and none that they do not."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.package.plugin import ANSWERING, HOOKS, PACKAGE, Part, plugin_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cirrus_callbacks_plugin.package.archive import Files
    from support.unpacked import Unpacked

PARTS = {"hooks": HOOKS, "answering": ANSWERING}
HANDLERS = {"hooks": ("process", "update_state"), "answering": ("sender", "reconciler")}
HOOK_MODULES = ("hooks.process", "hooks.update_state")
"""What entry points lead to, and no import."""
IN_EVERY_RUNTIME = {*sys.stdlib_module_names, "boto3", "botocore"}

_IMPORT = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
importlib.import_module(sys.argv[2])
print(json.dumps(sorted(
    found.__file__ for found in list(sys.modules.values()) if getattr(found, "__file__", None)
)))
"""


def _modules(files: Files) -> dict[str, bytes]:
    """The plugin's own modules in a zip, by their dotted name."""
    found = {}
    for name, file in files.items():
        path = PurePosixPath(name)
        if path.parts[0] == PACKAGE and path.suffix == ".py":
            parts = path.parts[:-1] if path.stem == "__init__" else (*path.parts[:-1], path.stem)
            found[".".join(parts)] = file.data
    return found


def _imports(source: bytes, known: set[str]) -> Iterator[str]:
    """Modules that a source imports, at its top or within a function.

    What stands under ``TYPE_CHECKING`` is imported by no interpreter.
    """
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            for each in node.names:
                full = f"{node.module}.{each.name}"
                yield full if full in known else str(node.module)
        pending += ast.iter_child_nodes(node)


@pytest.fixture(scope="module")
def everything() -> set[str]:
    """Every module of the plugin."""
    return set(_modules(plugin_files(_Everything())))


class _Everything(Part):
    def __init__(self) -> None:
        super().__init__(frozenset())

    def holds(self, file: PurePosixPath) -> bool:
        return bool(file.suffix)


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_imported_that_is_not_there(part: str, everything: set[str]) -> None:
    """Each import of ours is of a module in the zip, each other one of the runtime's.

    The sender's zip brings Powertools; cirrus, with boto3utils, is where the hooks are.
    """
    modules = _modules(plugin_files(PARTS[part]))
    brought = {"hooks": {"cirrus", "boto3utils"}, "answering": {"aws_lambda_powertools"}}[part]
    missing = {
        (module, imported)
        for module, source in modules.items()
        for imported in _imports(source, everything)
        if imported not in modules and imported.partition(".")[0] not in IN_EVERY_RUNTIME | brought
    }
    assert missing == set()


@pytest.mark.parametrize("part", PARTS)
def test_each_name_of_a_part_is_needed(part: str, everything: set[str]) -> None:
    """Each module and each folder of a part is one that a handler or a hook leads to."""
    modules = _modules(plugin_files(PARTS[part]))
    pending = [f"{PACKAGE}.lambda_functions.{name}" for name in HANDLERS[part]]
    if part == "hooks":
        pending += [f"{PACKAGE}.{name}" for name in HOOK_MODULES]
    reached: set[str] = set()
    while pending:
        module = pending.pop()
        if module in reached or module not in everything:
            continue
        reached.add(module)
        pending.append(module.rpartition(".")[0])
        pending += _imports(modules[module], everything)
    assert {f"{PACKAGE}.{name}" for name in PARTS[part].names} <= reached


def test_what_people_run_is_in_no_zip() -> None:
    """Neither part holds a command, the linter, ``graph``; nor one part the other's functions."""
    hooks, answering = (
        {module.split(".")[1] for module in _modules(plugin_files(part)) if "." in module}
        for part in (HOOKS, ANSWERING)
    )
    people = {"asl", "cli", "graph", "iam", "lint", "local", "operations", "package", "serverless"}
    assert not people & (hooks | answering)
    assert not hooks & {"sender", "reconcile"}
    assert "hooks" not in answering
    # By these modules of the deployed zips `doctor` tells whether two functions suit each other.
    for part, module in ((HOOKS, "joins/opening"), (ANSWERING, "joins/telling")):
        assert any(name.endswith(f"{module}.py") for name in plugin_files(part))


@pytest.fixture(scope="module")
def unpacked(functions: Unpacked, sender_functions: Unpacked) -> dict[str, Path]:
    """Both zips, unpacked."""
    return {"hooks": functions.folders[0], "answering": sender_functions.folders[0]}


@pytest.mark.parametrize(
    ("part", "module"),
    [
        ("hooks", "process"),
        ("hooks", "update_state"),
        *(("hooks", f"{PACKAGE}.{name}") for name in HOOK_MODULES),
        *(("answering", f"{PACKAGE}.lambda_functions.{name}") for name in HANDLERS["answering"]),
    ],
)
def test_each_handler_is_imported_from_the_zip_alone(
    unpacked: dict[str, Path],
    boto3_alone: Path,
    part: str,
    module: str,
) -> None:
    """A clean interpreter with the unpacked zip and the runtime's boto3 imports it."""
    paths = [str(unpacked[part]), str(boto3_alone)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _IMPORT, json.dumps(paths), module],
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-west-2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert any(name.startswith(f"{unpacked[part]}/{PACKAGE}/") for name in loaded)
    assert not [name for name in loaded if "site-packages" in name]
