"""What a release is checked for before it is built: each says what to do."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import requires
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from release.checked import (
    NotReadyError,
    check_changelog,
    check_tag,
    check_tree,
    project_version,
)
from release.installed import LOCAL, PLACES

if TYPE_CHECKING:
    from pathlib import Path

CLOSED = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-11-27\n\n- It waits.\n"


def test_a_changelog_that_is_closed_passes() -> None:
    """Its newest version is the project's, with a date and entries."""
    assert check_changelog("1.2.0", CLOSED) == "2026-11-27"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (CLOSED.replace("[Unreleased]\n", "[Unreleased]\n\n- More.\n"), "move what stands under"),
        (CLOSED.replace(" - 2026-11-27", ""), "give 1.2.0 its date"),
        (CLOSED.replace("2026-11-27", "27.11.2026"), "give 1.2.0 its date"),
        (CLOSED.replace("- It waits.\n", ""), "nothing stands under 1.2.0"),
        (CLOSED.replace("[1.2.0]", "[1.1.0]"), "its newest version is not 1.2.0"),
        ("# Changelog\n", "its newest version is not 1.2.0"),
    ],
    ids=["unreleased", "undated", "misdated", "empty", "older", "none"],
)
def test_a_changelog_that_is_not_closed_is_told(text: str, wanted: str) -> None:
    """Nothing belongs to no version, and the version has its date."""
    with pytest.raises(NotReadyError, match=wanted):
        check_changelog("1.2.0", text)


def _repository(at: Path) -> Path:
    def git(*arguments: str) -> None:
        settings = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *settings, *arguments], cwd=at, check=True, capture_output=True)

    git("init", "-q")
    (at / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    git("add", "-A")
    git("commit", "-qm", "First")
    git("tag", "v1.2.0")
    (at / "more").write_text("")
    git("add", "-A")
    git("commit", "-qm", "Second")
    return at


def test_a_tree_with_changes_is_told_and_so_is_a_version_that_was_released(tmp_path: Path) -> None:
    """What is built is what is committed, and no version is built twice from two commits."""
    root = _repository(tmp_path)
    assert re.fullmatch("[0-9a-f]{7,}", check_tree(root))
    assert check_tag("1.3.0", root) == "v1.3.0"
    with pytest.raises(NotReadyError, match=r"v1\.2\.0 is another commit"):
        check_tag("1.2.0", root)
    (root / "more").write_text("changed")
    with pytest.raises(NotReadyError, match="not committed"):
        check_tree(root)


def test_a_version_that_is_none_is_told(tmp_path: Path) -> None:
    """It is semantic, or there is none."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "next"\n')
    with pytest.raises(NotReadyError, match="next is not a semantic version"):
        project_version(tmp_path)


GENERATIONS = {
    "cirrus-2": ("cirrus-geo", ["2.0.0", "2.9"], ["0.15.4", "1.3.2", "3.0"]),
    "cirrus-1": ("cirrus-geo", ["1.1.0", "1.3.2"], ["0.15.4", "2.0.0"]),
    "cirrus-0-15": ("cirrus-geo", ["0.15.4"], ["0.16.0", "1.3.2", "2.0.0"]),
    "cirrus-0-8": ("cirrus-lib", ["0.8.1"], ["0.8.0", "0.9"]),
}


@pytest.mark.parametrize("extra", GENERATIONS)
def test_an_extra_brings_one_generation_or_none(extra: str) -> None:
    """No resolver can take an older Cirrus for one that it cannot have, nor leave it out."""
    name, taken, left = GENERATIONS[extra]
    wanted = [Requirement(each) for each in requires("cirrus-callbacks-plugin") or ()]
    (found,) = [each for each in wanted if each.marker and each.marker.evaluate({"extra": extra})]
    assert found.name == name
    assert all(found.specifier.contains(version) for version in taken)
    assert not any(found.specifier.contains(version) for version in left)
    assert str(found.marker).replace("'", '"') == f'extra == "{extra}"'


def test_each_generation_is_installed_before_it_is_released() -> None:
    """Every extra of a generation is among the environments in which a release is tried."""
    tried = ",".join(place.extras for place in (*PLACES, *LOCAL)).split(",")
    assert GENERATIONS.keys() <= set(tried)
