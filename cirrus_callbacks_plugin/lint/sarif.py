"""Findings as SARIF 2.1.0, for code review.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cirrus_callbacks_plugin.lint.handbook import anchor, markdown
from cirrus_callbacks_plugin.lint.rules import RULES

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.errors import UnusableFileError
    from cirrus_callbacks_plugin.asl.nodes import Position
    from cirrus_callbacks_plugin.lint.finding import Finding, Rule
    from cirrus_callbacks_plugin.lint.inspection import Inspection

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_INDEX = {rule.id: index for index, rule in enumerate(RULES)}


def to_sarif(inspection: Inspection) -> dict[str, Any]:
    """The log: one run, every rule described, unusable files as notifications."""
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "cirrus-callbacks lint",
                        "version": metadata.version("cirrus-callbacks-plugin"),
                        "rules": [_rule(rule) for rule in RULES],
                    },
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not (inspection.unusable or inspection.unread),
                        "toolExecutionNotifications": [
                            _notification(error)
                            for error in (*inspection.unusable, *inspection.unread)
                        ],
                    },
                ],
                "results": [_result(finding) for finding in inspection.findings],
            },
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": _plain(rule.summary)},
        "fullDescription": {"text": _plain(rule.why)},
        "help": {"text": _plain(f"{rule.summary} {rule.why}"), "markdown": markdown(rule)},
        "helpUri": anchor(rule),
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _plain(text: str) -> str:
    return text.replace("`", "")


def _result(finding: Finding) -> dict[str, Any]:
    problem = finding.problem
    place = f"{finding.rule.id} {problem.path} {problem.message}"
    location = _location(finding.file, problem.at)
    if problem.path:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.path, "kind": "element"}]
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": _INDEX[finding.rule.id],
        "level": finding.severity.value,
        "message": {"text": f"{problem.message}: {problem.fix}."},
        "locations": [location],
        # The same finding after lines were added above it.
        "partialFingerprints": {"state/v1": hashlib.sha256(place.encode()).hexdigest()[:32]},
    }


def _notification(error: UnusableFileError) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": error.problem},
        "locations": [_location(error.path, error.at)],
    }


def _location(file: str, at: Position | None) -> dict[str, Any]:
    path = Path(file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if at is not None:
        physical["region"] = {"startLine": at.line, "startColumn": at.column}
    return {"physicalLocation": physical}
