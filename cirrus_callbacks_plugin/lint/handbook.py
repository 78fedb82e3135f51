"""The rules as people read them: one by one, with a bad and a good example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import example_text
from cirrus_callbacks_plugin.lint.rules import RULES

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.lint.finding import Rule

_PAGE = (
    "https://github.com/cirrus-geo/cirrus-callbacks-plugin/blob/main/"
    "cirrus_callbacks_plugin/lint/RULES.md"
)
_INTRODUCTION = """\
# What `cirrus-callbacks lint` checks

An **error** means that the workflow cannot do what it is meant to, or may hang; a **warning**,
that it works until something goes wrong; a **note** is worth knowing. Judged are tasks that wait
for a payload of Cirrus: their queue is named like Cirrus's process queue (`--queue TEXT` names
another one), or their token travels in a [carrier](../../docs/reference/carriers.md). Waits for
anything else are passed over.

| rule | |
|---|---|
"""


def anchor(rule: Rule) -> str:
    """Where a rule is told on the web."""
    return f"{_PAGE}#{rule.id}"


def markdown(rule: Rule) -> str:
    """A rule, whole."""
    return (
        f"{rule.summary}\n\n{rule.why}\n\n"
        f"Bad:\n\n```json\n{example_text(rule.bad)}\n```\n\n"
        f"Good:\n\n```json\n{example_text(rule.good)}\n```\n"
    )


def page() -> str:
    """Every rule: the file ``RULES.md``."""
    rows = "".join(
        f"| [{rule.id}](#{rule.id}) | {rule.severity.value}: {rule.summary} |\n" for rule in RULES
    )
    sections = "\n".join(
        f"## {rule.id}\n\n*{rule.severity.value}.* {markdown(rule)}" for rule in RULES
    )
    return f"{_INTRODUCTION}{rows}\n{sections}"


if __name__ == "__main__":
    from pathlib import Path

    Path(__file__).with_name("RULES.md").write_text(page(), encoding="utf-8")
