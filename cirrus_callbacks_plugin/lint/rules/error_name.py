"""Names of errors that nobody sends."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint import reactions
from cirrus_callbacks_plugin.lint.examples import parts, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject

_KNOWN = (*reactions.SENT, *reactions.RESERVED)


def _check(subject: Subject) -> Iterator[Problem]:
    for state in subject.states:
        for field in ("Retry", "Catch"):
            for index, entry in enumerate(state.entries(field)):
                for name in reactions.names_of(entry):
                    text = name.text or ""
                    if not text.startswith("CirrusCallback") or name.is_later or text in _KNOWN:
                        continue
                    near = difflib.get_close_matches(text, _KNOWN, 1, 0.4)
                    yield Problem(
                        f"names the error {text!r}, which is never sent",
                        f"write {near[0]!r}" if near else f"write one of {', '.join(_KNOWN)}",
                        f"{state.path}.{field}[{index}].ErrorEquals",
                        name.at,
                    )


def _caught(name: str) -> dict[str, object]:
    return parts(
        Wait=wait(Catch=[{"ErrorEquals": [name], "ResultPath": "$.failure", "Next": "Without"}]),
        Without={"Type": "Pass", "End": True},
    )


RULE = Rule(
    id="error-name",
    severity=Severity.ERROR,
    summary="A `CirrusCallback.` error that is retried or caught is one that is sent.",
    why=(
        "Step Functions takes any name in `ErrorEquals` and compares letter by letter: a "
        "misspelt one never matches, and the error goes on as if nobody had thought of it."
    ),
    bad=_caught("CirrusCallback.Failure"),
    good=_caught("CirrusCallback.Failed"),
    check=_check,
)
