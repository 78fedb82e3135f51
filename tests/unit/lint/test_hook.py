"""The hook for pre-commit: the file that pre-commit reads, and what it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cirrus_callbacks_plugin.cli.commands import COMMANDS

ROOT = Path(__file__).parents[3]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def test_the_hook_runs_the_command() -> None:
    """Its entry is this package's script and a command of it; what that needs is installed."""
    tomllib = pytest.importorskip("tomllib")  # part of Python from 3.11 on
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    script, command = HOOK["entry"].split()
    assert script in project["scripts"]
    assert command in COMMANDS
    assert HOOK["additional_dependencies"] == [".[cli]"]
    assert "cli" in project["optional-dependencies"]


@pytest.mark.parametrize(
    ("path", "is_looked_at"),
    [
        ("workflows/mosaic.asl.json", True),
        ("mosaic.asl.yaml", True),
        ("mosaic.asl.yml", True),
        ("workflows/mosaic/state-machine.json", True),
        ("workflows/mosaic/state_machine.json", True),
        ("package.json", False),
        ("workflows/mosaic/definition.yaml", False),
        ("mosaic.asl.json.bak", False),
    ],
)
def test_which_files_the_hook_looks_at(path: str, is_looked_at: bool) -> None:
    """Those that are state machines by their names."""
    assert bool(re.search(HOOK["files"], path)) is is_looked_at
