"""How many waits of a Map run at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.lint.examples import caught_wait, mapped
from cirrus_callbacks_plugin.lint.figures import figure
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity
from cirrus_callbacks_plugin.lint.items import count_of
from cirrus_callbacks_plugin.lint.rules.map_or_join import ADVICE, only_waits
from cirrus_callbacks_plugin.lint.settings import LintSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.lint.subject import Subject

INLINE_ITERATIONS = 40
"""https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html"""


def _check(subject: Subject) -> Iterator[Problem]:
    maps = {
        outer: None
        for wait in subject.waits
        for outer in wait.state.around
        if outer.type == "Map" and not outer.is_distributed
    }
    for state in maps:
        advice = f"{ADVICE}, or " if only_waits(state, subject) else ""
        yield from _judge(state, subject.settings.example, advice)


def _judge(state: State, example: Any, advice: str) -> Iterator[Problem]:
    node = state.node.get("MaxConcurrency")
    items = count_of(state, example)
    if items is not None and items > INLINE_ITERATIONS:
        yield Problem(
            f"waits for {items} items in an inline Map, which runs {INLINE_ITERATIONS} at a time: "
            f"number {INLINE_ITERATIONS + 1} is sent for when an earlier one is answered",
            f"{advice}make it a distributed Map (ProcessorConfig Mode DISTRIBUTED, ExecutionType "
            "STANDARD)",
            state.path,
            state.at,
        )
    if node is not None and node.number is not None and node.number > INLINE_ITERATIONS:
        yield Problem(
            f"has MaxConcurrency {figure(node.number)}, but an inline Map runs at most "
            f"{INLINE_ITERATIONS} iterations at once",
            f"{advice}say {INLINE_ITERATIONS}, or make it a distributed Map",
            state.field_path("MaxConcurrency"),
            node.at,
        )
    elif items is None and (
        node.number == 0 if node is not None else "MaxConcurrencyPath" not in state.node.members
    ):
        yield Problem(
            f"has no MaxConcurrency: an inline Map waits for {INLINE_ITERATIONS} items at a time, "
            "however many there are",
            f"{advice}say {INLINE_ITERATIONS} where that is enough, or make it a distributed Map",
            state.path,
            state.at,
            Severity.NOTE,
        )


RULE = Rule(
    id="map-concurrency",
    severity=Severity.WARNING,
    summary="An inline Map of waits has no more items, and no more `MaxConcurrency`, than 40.",
    why=(
        "An inline Map runs 40 iterations at once, whatever `MaxConcurrency` says. Children of "
        "later items are not even asked for until an earlier one has ended: four hours of "
        "processing become eight with the 41st item. A join has no such limit, and waits once; "
        "nor has a distributed Map. How "
        "many items there are is known where they stand in the definition, or with `--input`, "
        "an example of the execution's input; a Map without `MaxConcurrency` gets a note."
    ),
    settings=LintSettings(example={"scenes": list(range(60))}),
    bad=mapped(caught_wait(), mode={"Mode": "INLINE"}),
    good=mapped(
        caught_wait(),
        mode={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        MaxConcurrency=1000,
    ),
    check=_check,
)
