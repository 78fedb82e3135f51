"""The one list of what the documentation shows and no test runs, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tomllib

if TYPE_CHECKING:
    from support.fenced_blocks import Block

FILE = Path(__file__).with_name("not_run.toml")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        file: the page.
        text: the command, or the first line of a block (braces aside).
        reason: why it is not run.
        refused: a word of the message with which ``cirrus-callbacks local`` refuses the state
            machine; once it no longer does, the entry has to go.
        wrong: True where the block is wrong on purpose: it must not pass the linter.
    """

    file: str
    text: str
    reason: str
    refused: str | None = None
    wrong: bool = False


def entries() -> tuple[Entry, ...]:
    """The list."""
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Entry(**entry) for entry in read["not_run"])


def entry_of(block: Block, command: str | None = None) -> Entry | None:
    """The entry for a command of a block, or for the block itself."""
    text = block.first if command is None else command
    return next(
        (each for each in entries() if (each.file, each.text) == (block.file, text)),
        None,
    )
