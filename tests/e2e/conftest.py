"""Fixtures around the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.command_line import CHILD, PARENT, CommandLine, Folder, Ran, payload, start

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A parent that waits for a child, which echoes its input."""
    made = Folder(tmp_path / "project")
    made.write("workflows/parent.asl.json", PARENT)
    made.write("workflows/child.asl.json", CHILD)
    return made.write("payloads/1.json", payload())


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line in this process."""
    return CommandLine(capsys)


@pytest.fixture(scope="session")
def demo() -> Ran:
    """One run of ``cirrus-callbacks demo --json``, shared by all that look at it."""
    process = start("demo", "--json")
    out, err = process.communicate(timeout=280)
    return Ran(process.returncode, out, err)
