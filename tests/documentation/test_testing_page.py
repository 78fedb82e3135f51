"""The tests on the page "Testing your workflows" pass, as they stand there."""

from __future__ import annotations

import shutil

import pytest

import cirrus_callbacks_plugin.testing.session  # noqa: F401 - once, not in the inner run
from support.fenced_blocks import ROOT, blocks

pytest_plugins = ["pytester"]


@pytest.mark.e2e
@pytest.mark.parametrize("place", [".", "tests"])
def test_the_pages_tests_pass(pytester: pytest.Pytester, place: str) -> None:
    """In a copy of the example, each test in a file of its own: beside it, or below it."""
    shown = [each for each in blocks() if each.file == "docs/testing.md" and "def " in each.text]
    root = pytester.path / "mosaic"
    shutil.copytree(ROOT / "examples/mosaic", root, ignore=shutil.ignore_patterns("tests"))
    (root / place).mkdir(parents=True, exist_ok=True)
    for number, block in enumerate(shown):
        (root / place / f"test_{number}.py").write_text(block.text)
    ran = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", root)
    ran.assert_outcomes(passed=len(shown))
    assert len(shown) > 4
