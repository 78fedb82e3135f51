"""Every state that people copy is sound.

Those of README and docs are blocks (``test_blocks.py``), those of the Terraform module are tried
in ``tests/terraform``; the examples' are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sound import complaints

from support.fenced_blocks import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MACHINES = sorted(
    path
    for path in (ROOT / "examples").rglob("*.json")
    if {"workflows"} & set(path.parts) and '"StartAt"' in path.read_text()
)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_examples() -> None:
    """A parent of each example is among them."""
    names = [_name(path) for path in MACHINES]
    assert "examples/mosaic/workflows/mosaic.asl.json" in names
    assert "examples/filmdrop/workflows/mosaic/state-machine.json" in names


@pytest.mark.parametrize("path", MACHINES, ids=_name)
def test_an_example_is_sound(path: Path) -> None:
    """The project's own linter has no warning, and a payload comes out of it."""
    assert complaints(path.read_text()) == []
