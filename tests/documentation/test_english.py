"""Plain sentences, in docstrings, comments, messages and documentation."""

from __future__ import annotations

import re
import subprocess

import pytest

from support.fenced_blocks import ROOT

_NEXT = r"(?!more\b|longer\b|later\b|less\b|other\b)[a-z]"
TURNS = {
    "is no X": re.compile(rf"(?<!there )\b(?:is|are) no\b[\s`#]{{1,20}}{_NEXT}\w+", re.IGNORECASE),
    "is none": re.compile(r"(?<!there )\b(?:is|are) none\b"),
    "whoever": re.compile(r"\b(?:whoever|whence|anew)\b|\bnobody's\b", re.IGNORECASE),
}
"""What a reader has to read twice: "is not an X", "the caller" and "again" say the same."""
READ = (".py", ".md", ".tf", ".hcl", ".sh", ".js", ".html", ".yml", ".toml")
ELSEWHERE = {"tests/documentation/test_english.py", "tests/operations/test_repairs.py"}
"""Files that quote a turn: this one; an answer "no" to a question."""


def _texts() -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this copy has no history: its files cannot be told from what was installed")
    names = set(listed.stdout.split("\n")) - ELSEWHERE
    return {
        name: (ROOT / name).read_text()
        for name in names
        if name.endswith(READ) and (ROOT / name).is_file()
    }


def test_sentences_are_plain() -> None:
    """No text of the repository has one of the turns; the message names each place."""
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r} ({turn})"
        for name, text in sorted(_texts().items())
        for turn, pattern in TURNS.items()
        for match in pattern.finditer(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text", ["a join is no\n# workflow", "it is no `url`", "which is none", "Whoever reads it"]
)
def test_a_turn_is_found(text: str) -> None:
    """Over the end of a line, before code, at the beginning of a sentence."""
    assert any(pattern.search(text) for pattern in TURNS.values())


@pytest.mark.parametrize("text", ["there is no wait", "it is no longer open", "value is None"])
def test_what_is_plain_is_left_alone(text: str) -> None:
    """Python's None and what people say anyway."""
    assert not any(pattern.search(text) for pattern in TURNS.values())
