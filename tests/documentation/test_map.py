"""Maps of the repository name what there is."""

from __future__ import annotations

import re

import cirrus_callbacks_plugin
from support import support_index
from support.fenced_blocks import ROOT

PACKAGE = ROOT / "cirrus_callbacks_plugin"
_ENTRY = re.compile(r"^    (?P<names>[a-z_]+/?(?:, [a-z_]+/?)*)  +\S", re.MULTILINE)


def test_the_packages_map_names_every_entry() -> None:
    """Each folder and each module at the root stands in ``__init__``'s docstring, and no other."""
    text = cirrus_callbacks_plugin.__doc__ or ""
    named = [name for found in _ENTRY.finditer(text) for name in found["names"].split(", ")]
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert sorted(named) == sorted(folders | modules)


def test_contributing_lists_every_module_that_tests_share() -> None:
    """``tests/support``, module by module; ``make tables`` writes it again."""
    assert support_index.written() == support_index.table()


def test_contributing_lists_every_tier() -> None:
    """Each folder of tests stands in the table of tiers."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tiers = {path.name for path in (ROOT / "tests").iterdir() if list(path.glob("**/test_*.py"))}
    assert {tier for tier in tiers if f"`tests/{tier}`" not in text} == set()
