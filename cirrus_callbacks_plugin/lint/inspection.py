"""Files in, findings out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl.document import read
from cirrus_callbacks_plugin.asl.errors import UnusableFileError
from cirrus_callbacks_plugin.lint.finding import Finding, Severity
from cirrus_callbacks_plugin.lint.rules import RULES
from cirrus_callbacks_plugin.lint.subject import Subject, subject_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cirrus_callbacks_plugin.lint.settings import LintSettings


@dataclass(frozen=True, slots=True)
class Passed:
    """A wait that was not judged, and why."""

    file: str
    state: str
    resource: str
    why: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in some files.

    Attributes:
        files: the files, as they were named.
        checked: how many of them (or of those that they name) were checked.
        waits: how many waits for a payload were judged.
        findings: in the order of the files and lines.
        passed_over: waits for something else.
        unusable: files that could not be checked.
        unread: state machines that a file declares, and that could not be read.
    """

    files: tuple[str, ...]
    checked: int
    waits: int
    findings: tuple[Finding, ...]
    passed_over: tuple[Passed, ...]
    unusable: tuple[UnusableFileError, ...]
    unread: tuple[UnusableFileError, ...] = ()

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "files": list(self.files),
            "waits": self.waits,
            "findings": [finding.to_json() for finding in self.findings],
            "counts": {each.value: self.count(each) for each in Severity},
            "passed_over": [
                {"file": each.file, "state": each.state, "resource": each.resource, "why": each.why}
                for each in self.passed_over
            ],
            "unusable": [_told(each) for each in self.unusable],
            "unread": [_told(each) for each in self.unread],
        }


def _told(error: UnusableFileError) -> dict[str, Any]:
    return {
        "file": error.path,
        "line": error.at.line if error.at else None,
        "column": error.at.column if error.at else None,
        "problem": error.problem,
    }


def inspect(
    paths: Iterable[str],
    settings: LintSettings,
    ignored: Collection[str] = (),
) -> Inspection:
    """Check files.

    Args:
        paths: the files.
        settings: what is known of the deployment.
        ignored: ids of rules that are left out.
    """
    files = tuple(dict.fromkeys(paths))
    findings: list[Finding] = []
    passed: list[Passed] = []
    unusable: list[UnusableFileError] = []
    unread: list[UnusableFileError] = []
    seen: set[Path] = set()
    waits = 0
    for path in files:
        try:
            document = read(path)
        except UnusableFileError as error:
            unusable.append(error)
            continue
        for part in document.by_file:
            if (resolved := Path(part.path).resolve()) in seen:
                continue  # named by a definition, and by the user as well
            seen.add(resolved)
            unread += part.unread_errors
            subject = subject_of(part, settings)
            waits += sum(1 for _ in subject.waits)
            findings += findings_of(subject, ignored)
            passed += [
                Passed(part.path, each.state.path, each.state.resource, each.why)
                for each in subject.passed_over
            ]
    return Inspection(
        files,
        len(seen),
        waits,
        tuple(findings),
        tuple(passed),
        tuple(unusable),
        tuple(unread),
    )


def findings_of(subject: Subject, ignored: Collection[str] = ()) -> list[Finding]:
    """What the rules find in one file; sorted by line."""
    findings = [
        Finding(subject.document.path, rule, problem)
        for rule in RULES
        if rule.id not in ignored
        for problem in rule.check(subject)
    ]
    return sorted(findings, key=lambda each: (each.problem.at, each.severity.rank, each.rule.id))
