"""Express executions, which cannot wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import caught_wait, mapped
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject


def _check(subject: Subject) -> Iterator[Problem]:
    for wait in subject.waits:
        state = wait.state
        inside = next((outer for outer in state.around if outer.runs_express), None)
        if inside is not None:
            yield Problem(
                f"waits inside {inside.name!r}, whose iterations are Express executions: they "
                "cannot wait for a token",
                'give that Map\'s ProcessorConfig "ExecutionType": "STANDARD"',
                state.path,
                state.at,
            )
        elif subject.machine_of(state).is_express:
            yield Problem(
                "waits in an Express workflow, which cannot wait for a token",
                "deploy it as STANDARD",
                state.path,
                state.at,
            )


RULE = Rule(
    id="express",
    severity=Severity.ERROR,
    summary="A wait runs in a Standard execution.",
    why=(
        "Express executions do not support `.waitForTaskToken`: Step Functions refuses the state "
        "machine. That holds for a distributed Map with `ExecutionType` `EXPRESS`, and for a "
        "machine that CloudFormation, SAM or the serverless framework declares as Express."
    ),
    bad=mapped(caught_wait(), mode={"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}),
    good=mapped(caught_wait(), mode={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}),
    check=_check,
)
