"""What JSON does not have: comments, and a key twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject


def _text(extra: str) -> str:
    body = f'{{"Type": "Wait", "Seconds": 60, {extra}"End": true}}'
    return f'{{\n  "StartAt": "Wait",\n  "States": {{\n    "Wait": {body}\n  }}\n}}'


def _duplicates(subject: Subject) -> Iterator[Problem]:
    for each in subject.document.parsed.duplicates:
        yield Problem(
            f"has the key {each.key!r} twice, first in line {each.first.line}: one of them is lost",
            "remove or rename one",
            each.key,
            each.at,
        )


def _comments(subject: Subject) -> Iterator[Problem]:
    comments = subject.document.parsed.comments
    if comments:
        yield Problem(
            "has a comment, which Step Functions refuses"
            if len(comments) == 1
            else f"has {len(comments)} comments, which Step Functions refuses",
            'write it as a "Comment" field, or remove it before it is deployed',
            "",
            comments[0],
        )


DUPLICATE_KEY = Rule(
    id="duplicate-key",
    severity=Severity.ERROR,
    summary="No object has a key twice.",
    why=(
        "Most readers take the last one without a word: a state, a retrier or a timeout that "
        "stands in the file is not in the state machine."
    ),
    bad=_text('"Seconds": 90, '),
    good=_text(""),
    check=_duplicates,
)

COMMENT = Rule(
    id="comment",
    severity=Severity.WARNING,
    summary="There are no comments in JSON.",
    why=(
        "The Amazon States Language is plain JSON; it has a field `Comment` for every state. "
        "Files that end in `.json5` or `.jsonc` are taken to be made into JSON by somebody else."
    ),
    bad=_text("/* a minute */ "),
    good=_text('"Comment": "a minute", '),
    check=_comments,
)
