"""What a rule is, and what it finds."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator  # noqa: TC003 - fields' types, read at runtime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.lint.examples import Example  # noqa: TC001 - the same
from cirrus_callbacks_plugin.lint.settings import LintSettings

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.nodes import Position
    from cirrus_callbacks_plugin.lint.subject import Subject


class Severity(enum.Enum):
    """How bad a finding is; the names are SARIF's levels."""

    ERROR = "error"
    """The workflow cannot do what it is meant to, or may hang."""
    WARNING = "warning"
    """It works until something goes wrong."""
    NOTE = "note"
    """Worth knowing."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule found in one place.

    Attributes:
        message: what is wrong, a sentence without its full stop.
        fix: what to do, likewise.
        path: where in the state machine.
        at: where in the file.
        severity: where it is not the rule's own.
    """

    message: str
    fix: str
    path: str
    at: Position
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        id: its name, for ever: people ignore rules by it.
        severity: of its findings, where they do not say otherwise.
        summary: what it demands, in one sentence.
        why: what happens otherwise.
        bad: a state or a state machine that breaks it; a text where it is about the text.
        good: the same, mended: no rule finds anything in it.
        check: looks at a file.
        settings: with which the examples are checked.
    """

    id: str
    severity: Severity
    summary: str
    why: str
    bad: Example | str
    good: Example | str
    check: Callable[[Subject], Iterator[Problem]]
    settings: LintSettings = field(default_factory=LintSettings)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's problem, in a file."""

    file: str
    rule: Rule
    problem: Problem

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.problem.severity or self.rule.severity

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "file": self.file,
            "line": self.problem.at.line,
            "column": self.problem.at.column,
            "state": self.problem.path,
            "severity": self.severity.value,
            "rule": self.rule.id,
            "message": self.problem.message,
            "fix": self.problem.fix,
        }
