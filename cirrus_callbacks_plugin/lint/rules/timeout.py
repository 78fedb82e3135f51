"""Every wait ends some day: TimeoutSeconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import wait
from cirrus_callbacks_plugin.lint.figures import figure
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject

YEAR_SECONDS = 365 * 86_400
"""A Standard execution lasts no longer, whatever its tasks say."""


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        state = each.state
        node = state.node.get("TimeoutSeconds")
        if node is None and "TimeoutSecondsPath" not in state.node.members:
            outer = subject.machine_of(state).scope.node.get("TimeoutSeconds")
            yield Problem(
                "waits for about three years, the default, if no answer comes"
                if outer is None
                else "has no TimeoutSeconds: the state machine's own ends the whole execution, "
                "which nothing can catch",
                "set TimeoutSeconds, generously: the queue's backlog and the child's retries "
                "are part of the time",
                state.path,
                state.at,
                None if outer is None else Severity.WARNING,
            )
        elif node is not None and node.number is not None and node.number >= YEAR_SECONDS:
            yield Problem(
                f"has TimeoutSeconds {figure(node.number)}, longer than the year that an execution "
                "lasts",
                "set it to the longest that is worth waiting for",
                state.field_path("TimeoutSeconds"),
                node.at,
            )


RULE = Rule(
    id="timeout",
    severity=Severity.ERROR,
    summary="A wait has `TimeoutSeconds` (or `TimeoutSecondsPath`).",
    why=(
        "The default is 99,999,999 s, about three years. Answers come as surely as the plugin can "
        "make it, but a message may be deleted by hand or the plugin removed: only the timeout "
        "ends such a wait. With a `TimeoutSeconds` of the whole state machine this is a warning: "
        "it ends the execution without any `Catch`."
    ),
    bad=wait(TimeoutSeconds=None),
    good=wait(TimeoutSeconds=7200),
    check=_check,
)
