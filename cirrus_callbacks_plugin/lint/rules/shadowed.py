"""Retriers and catchers that never get their turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint import reactions
from cirrus_callbacks_plugin.lint.examples import Example, parts, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject


def _check(subject: Subject) -> Iterator[Problem]:
    for state in subject.states:
        for field in ("Retry", "Catch"):
            entries = state.entries(field)
            for index, entry in enumerate(entries):
                for name in reactions.names_of(entry):
                    text = name.text or ""
                    if not text.startswith(reactions.OWN):
                        continue
                    first = reactions.first_match(entries[:index], text)
                    if first is not None:
                        yield Problem(
                            f"names {text}, but {field}[{entries.index(first)}] matches it first",
                            "put this entry before that one",
                            f"{state.path}.{field}[{index}]",
                            name.at,
                        )


_FAILED = {"ErrorEquals": ["CirrusCallback.Failed"], "Next": "ItFailed", "ResultPath": "$.failure"}
_OTHER = {"ErrorEquals": ["States.TaskFailed"], "Next": "Other", "ResultPath": "$.failure"}


def _in_order(*catchers: object) -> Example:
    return parts(
        Wait=wait(Catch=list(catchers)),
        ItFailed={"Type": "Pass", "End": True},
        Other={"Type": "Pass", "End": True},
    )


RULE = Rule(
    id="shadowed",
    severity=Severity.WARNING,
    summary="A retrier or catcher for a `CirrusCallback.` error is reached.",
    why=(
        "The first entry that matches decides. `States.TaskFailed` matches every answer of the "
        "plugin, so what stands behind it for one of them never gets its turn."
    ),
    bad=_in_order(_OTHER, _FAILED),
    good=_in_order(_FAILED, _OTHER),
    check=_check,
)
