"""What the documentation shows in fences: each block with its file, line, language and title.

A block that has a title (```json title="workflows/mosaic.asl.json") is a file of its page's
folder, which tests write and run.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "terraform/README.md")
FOLDERS = ("docs", "examples", "findings")

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_TITLE = re.compile(r'\btitle="(?P<title>[^"]*)"')
_SHELLS = ("sh", "shell", "bash")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        file: relative to the repository.
        line: where its fence begins, counted from 1.
        language: the first word behind the fence; empty where there is none.
        title: its title, None without one.
        text: what is in it, dedented.
    """

    file: str
    line: int
    language: str
    title: str | None
    text: str

    @property
    def name(self) -> str:
        """How a test calls it."""
        return f"{self.file}:{self.line}"

    @property
    def first(self) -> str:
        """Its first line that is not a brace alone: what the list knows it by."""
        lines = [line.strip() for line in self.text.splitlines()]
        return next((line for line in lines if line not in ("", "{", "[")), "")

    @property
    def is_file(self) -> bool:
        """True where its title is a file's path."""
        return self.title is not None and "." in self.title

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of a shell block, comments and empty lines left out."""
        if self.language not in _SHELLS:
            return ()
        joined = self.text.replace("\\\n", " ")
        split = [shlex.split(line, comments=True, posix=False) for line in joined.splitlines()]
        return tuple(" ".join(words) for words in split if words)


def pages() -> tuple[str, ...]:
    """Every page, relative to the repository."""
    nested = [
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.md"))
    ]
    return (*PAGES, *nested)


def blocks_of(text: str, file: str) -> Iterator[Block]:
    """The blocks of a page's text."""
    for found in _FENCE.finditer(text):
        indent = len(found["indent"])
        lines = [line[indent:] for line in found["text"].splitlines(keepends=True)]
        title = _TITLE.search(found["info"])
        yield Block(
            file=file,
            line=text.count("\n", 0, found.start()) + 1,
            language=found["info"].partition(" ")[0],
            title=title["title"] if title else None,
            text="".join(lines),
        )


def blocks() -> tuple[Block, ...]:
    """Every block of every page."""
    return tuple(
        block
        for page in pages()
        for block in blocks_of((ROOT / page).read_text(encoding="utf-8"), page)
    )
