"""What IAM policy documents allow: their evaluation, as far as a doctor needs it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import functools
import re
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Document = Mapping[str, Any]


class Decision(Enum):
    """What the documents say of one call."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS = "depends"  # on a condition, which nobody can evaluate without the call


def decide(documents: Iterable[Document], action: str, resource: str) -> Decision:
    """What identity policies say: no statement denies the call, and one allows it.

    What is allowed depends on a condition as long as one decides whether it is denied.

    Args:
        documents: parsed policy documents.
        action: such as ``dynamodb:PutItem``.
        resource: the ARN that the call is about, or ``*``.
    """
    decision = Decision.DENIED
    may_be_denied = False
    for statement in (each for document in documents for each in _statements(document)):
        if not _applies(statement, action, resource):
            continue
        conditional = bool(statement.get("Condition"))
        if statement.get("Effect") == "Deny":
            if not conditional:
                return Decision.DENIED
            may_be_denied = True
        elif not conditional:
            decision = Decision.ALLOWED
        elif decision is Decision.DENIED:
            decision = Decision.DEPENDS
    return Decision.DEPENDS if may_be_denied and decision is Decision.ALLOWED else decision


def decide_within(
    documents: Iterable[Document],
    boundary: Document | None,
    action: str,
    resource: str,
) -> Decision:
    """The same within a permissions boundary, which has to allow the call, too."""
    decision = decide(documents, action, resource)
    if boundary is None or decision is Decision.DENIED:
        return decision
    bound = decide([boundary], action, resource)
    return bound if bound is not Decision.ALLOWED else decision


def is_document(value: Any) -> bool:
    """False for what cannot be evaluated: a text, or something that holds no statements."""
    if not isinstance(value, dict):
        return False
    statements = value.get("Statement", [])
    listed = [statements] if isinstance(statements, dict) else statements
    return isinstance(listed, list) and all(_is_statement(each) for each in listed)


def _is_statement(value: Any) -> bool:
    names = ("Action", "NotAction", "Resource", "NotResource")
    return isinstance(value, dict) and all(
        _is_texts(value[name]) for name in names if name in value
    )


def _is_texts(value: Any) -> bool:
    listed = [value] if isinstance(value, str) else value
    return isinstance(listed, list) and all(isinstance(each, str) for each in listed)


def _statements(document: Document) -> list[Mapping[str, Any]]:
    statements = document.get("Statement", [])
    return [statements] if isinstance(statements, dict) else list(statements)


def _applies(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    if "Action" in statement:
        acts = _any(statement["Action"], action, ignore_case=True)
    else:
        acts = not _any(statement.get("NotAction", []), action, ignore_case=True)
    if "NotResource" in statement:
        return acts and not _any(statement["NotResource"], resource)
    return acts and _any(statement.get("Resource", []), resource)


def _any(patterns: str | list[str], text: str, *, ignore_case: bool = False) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(_pattern(each, ignore_case).fullmatch(text) is not None for each in listed)


@functools.lru_cache(maxsize=1024)
def _pattern(text: str, ignore_case: bool) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    escaped = "".join(parts.get(letter, re.escape(letter)) for letter in text)
    return re.compile(escaped, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
