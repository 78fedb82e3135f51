"""What MkDocs asks of this project: pages that stand elsewhere, and links into the repository.

A page may be no more than ``<!-- include: PATH -->``: the file at PATH, relative to the
repository, takes its place; behind ``PATH#Heading`` it is what stands below that heading, which
then stands among a page's own text. A link that leaves ``docs/`` becomes a link to the same file on
GitHub, and one that leads to an included file, a link to its page. A link to a file that does
not exist is a warning, which ``mkdocs build --strict`` refuses.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = PurePosixPath("docs")
INCLUDED = {
    PurePosixPath("CONTRIBUTING.md"): PurePosixPath("docs/contributing.md"),
    PurePosixPath("SECURITY.md"): PurePosixPath("docs/security.md"),
    PurePosixPath("cirrus_callbacks_plugin/lint/RULES.md"): PurePosixPath(
        "docs/reference/lint-rules.md"
    ),
}
"""Files of the repository that are a page as well, and which one."""

_INCLUDE = re.compile(r"<!-- include: (?P<path>\S+) -->")
_SECTION = re.compile(r"^<!-- include: (?P<path>[^\s#]+)#(?P<heading>.+) -->$", re.MULTILINE)
_LINK = re.compile(r"(?P<before>\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?P<after>\))")
_FENCED = re.compile(r"^(```.*?^```)$", re.MULTILINE | re.DOTALL)
_logger = logging.getLogger("mkdocs.hooks.repository")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Put an included file in, and lead links out of ``docs/`` to where they can be followed."""
    place = DOCS / page.file.src_uri
    included = _INCLUDE.fullmatch(markdown.strip())
    source = PurePosixPath(included["path"]) if included else place
    if included:
        markdown = (ROOT / source).read_text(encoding="utf-8")
    repository = str(config.repo_url).rstrip("/")
    text = _linked(markdown, source, place, repository)
    return _SECTION.sub(
        lambda found: _linked(
            _section(found["path"], found["heading"]),
            PurePosixPath(found["path"]),
            place,
            repository,
        ),
        text,
    )


def _section(path: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    text = (ROOT / path).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    if not text:
        _logger.warning("%s has no heading %r", path, heading)
    return text.partition("\n## ")[0].strip()


def _linked(text: str, source: PurePosixPath, place: PurePosixPath, repository: str) -> str:
    """A text with its links rewritten, those in fences apart."""
    return "".join(
        part if part.startswith("```") else _rewritten(part, source, place, repository)
        for part in _FENCED.split(text)
    )


def _rewritten(text: str, source: PurePosixPath, place: PurePosixPath, repository: str) -> str:
    """The text with its links, written in one file, as they must stand on a page."""

    def replaced(found: re.Match[str]) -> str:
        target = found["target"]
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        leads_to = PurePosixPath(os.path.normpath(source.parent / target))
        leads_to = INCLUDED.get(leads_to, leads_to)
        anchor = found["anchor"] or ""
        if leads_to.is_relative_to(DOCS):
            target = os.path.relpath(leads_to, place.parent)
        else:
            if not (ROOT / leads_to).exists():
                _logger.warning("%s links to %s, which does not exist", source, leads_to)
            kind = "tree" if (ROOT / leads_to).is_dir() else "blob"
            target = f"{repository}/{kind}/main/{leads_to}"
        return f"{found['before']}{target}{anchor}{found['after']}"

    return _LINK.sub(replaced, text)
