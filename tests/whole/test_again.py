"""What failed runs once more, by itself, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from whole import part
from whole.part import Part

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TESTS = """
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("what", ["a@b", "c"])
def test_of_a_group(what):
    assert what == "c"

def test_by_itself():
    assert False

def test_that_passes():
    assert True
"""


def test_tests_of_a_group_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names with their groups pytest found none: it passed over them, or ran everything."""
    monkeypatch.setattr(part, "CACHES", tmp_path / "caches")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_some.py").write_text(TESTS)
    options = ("-q", "-n", "1", "--dist", "loadgroup", "-p", "no:cirrus_callbacks")
    some = Part("some", "Some", (".",), sys.executable, options)

    def outcome(command: list[str]) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()[-1]

    assert outcome(some.command()).startswith("2 failed, 2 passed")
    some.forget_groups()
    assert outcome(some.command_again()).startswith("2 failed in")


def test_of_what_never_ran_nothing_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ended before its first test leaves no such file."""
    monkeypatch.setattr(part, "CACHES", tmp_path)
    Part("some", "Some", ()).forget_groups()
    assert list(tmp_path.iterdir()) == []
