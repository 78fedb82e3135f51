"""The site builds without a warning, and a broken link is one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.fenced_blocks import ROOT, pages

if TYPE_CHECKING:
    from pathlib import Path

_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def _build(root: Path, into: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(into)],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_site_builds(tmp_path: Path) -> None:
    """Strictly: every page is in the navigation, every link and anchor leads somewhere.

    Nothing is fetched for it, and its pages load no fonts from elsewhere.
    """
    ran = _build(ROOT, tmp_path)
    assert ran.returncode == 0, ran.stderr
    home = (tmp_path / "index.html").read_text()
    assert "fonts.googleapis" not in home
    assert (tmp_path / "contributing/index.html").is_file()


@pytest.mark.parametrize(
    "link",
    ["[x](nowhere.md)", "[x](runbook.md#nowhere)", "[x](../nowhere.py)", "[x](/nowhere)"],
)
def test_a_broken_link_stops_the_build(link: str, tmp_path: Path) -> None:
    """A page, an anchor, a file of the repository, an absolute path."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("mkdocs.yml", "CONTRIBUTING.md", "SECURITY.md", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("cirrus_callbacks_plugin", "examples", "terraform", "tests", "CHANGELOG.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    page = tmp_path / "docs/local.md"
    page.write_text(page.read_text() + f"\n{link}\n")
    ran = _build(tmp_path, tmp_path / "site")
    assert ran.returncode == 1
    assert "nowhere" in ran.stderr


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    bare = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", bare, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", pages())
def test_a_link_of_a_file_leads_somewhere(page: str) -> None:
    """Also on GitHub, where the same files are read as they are."""
    text = (ROOT / page).read_text(encoding="utf-8")
    broken = []
    for found in _LINK.finditer(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        target, _, anchor = found["target"].partition("#")
        if "://" in target:
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        if not path.exists() or (
            anchor and anchor not in _anchors(path.read_text(encoding="utf-8"))
        ):
            broken.append(found["target"])
    assert broken == []
