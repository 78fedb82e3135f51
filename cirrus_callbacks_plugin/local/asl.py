"""What is wrong with a state machine's definition, and what of it cannot run here.

Every problem names the state, so that a message can be acted on. Step Functions checks
the same when a state machine is created; moto's interpreter, for a part, only once it
comes to the state, and for another part never.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl.scopes import parts, reassignments
from cirrus_callbacks_plugin.local.query_languages import (
    LANGUAGES,
    language_of,
    language_problems,
)
from cirrus_callbacks_plugin.local.states_language.state_fields import wrong_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCAL_SERVICES = frozenset({"dynamodb", "events", "lambda", "sns", "sqs", "states"})
"""Optimized integrations that have a local part."""

LOCAL_SDK_SERVICES = frozenset({"dynamodb", "eventbridge", "s3", "sfn", "sns", "sqs"})
"""Services whose ``aws-sdk`` integrations have a local part."""

_RESOURCE = re.compile(
    r"arn:(?P<partition>[^:]*):(?P<service>[^:]*):(?P<region>[^:]*):(?P<account>[^:]*)"
    r":(?P<type>[^:]+):(?P<name>.+)",
)
_MISSING_FEATURES = {
    "ItemBatcher": "items in batches (ItemBatcher)",
    "ToleratedFailureCount": "ToleratedFailureCount",
    "ToleratedFailureCountPath": "ToleratedFailureCountPath",
    "ToleratedFailurePercentage": "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath": "ToleratedFailurePercentagePath",
}


@dataclass(frozen=True, slots=True)
class State:
    """One state, wherever it is nested.

    Attributes:
        name: its name.
        body: its definition.
        siblings: names of the states that it may go on to.
        around: the query language of what it belongs to: a machine, a Map, a Parallel.
        machine: the query language of the whole machine.
    """

    name: str
    body: dict[str, Any]
    siblings: frozenset[str]
    around: str = "JSONPath"
    machine: str = "JSONPath"


def states(definition: Any, around: str = "JSONPath", machine: str = "") -> Iterator[State]:
    """Every state of a definition, those of Map and Parallel included.

    Args:
        definition: a state machine, a processor or a branch.
        around: the query language of what the definition belongs to.
        machine: the query language of the whole machine; empty where the definition is one.
    """
    inner = definition.get("States") if isinstance(definition, dict) else None
    if not isinstance(inner, dict):
        return
    language = language_of(definition, around)
    for name, body in inner.items():
        if not isinstance(body, dict):
            continue
        yield State(name, body, frozenset(inner), language, machine or language)
        own = language_of(body, language)
        for part in parts(body):
            yield from states(part, own, machine or language)


def problems(definition: Any) -> Iterator[str]:
    """Say what keeps a definition from running on this machine, one sentence each."""
    if not isinstance(definition, dict) or not isinstance(definition.get("States"), dict):
        yield "is not a state machine: it needs StartAt and States"
        return
    if language_of(definition, "JSONPath") not in LANGUAGES:
        yield (
            f"is written in {definition['QueryLanguage']!r}: QueryLanguage is JSONPath or JSONata"
        )
        return
    yield from _wrong_starts(definition, "the state machine")
    for wrong in reassignments(definition):
        yield (
            f"has the state {wrong.state!r} assign the variable {wrong.variable!r}, which belongs "
            "to an outer scope: give it another name"
        )
    for state in states(definition):
        yield from _problems_of(state)


def _problems_of(state: State) -> Iterator[str]:
    body = state.body
    yield from language_problems(state.name, body, state.around, state.machine)
    for feature, remedy in _missing_features(body):
        yield (
            f"has the state {state.name!r} with {feature}, which the local interpreter "
            f"does not run: {remedy} to try the rest"
        )
    for wrong in wrong_fields(body):
        yield f"has the state {state.name!r} {wrong}"
    for nested in ("ItemProcessor", "Iterator"):
        if isinstance(body.get(nested), dict):
            yield from _wrong_starts(body[nested], f"{nested} of {state.name!r}")
    for target in _targets(body):
        if target not in state.siblings:
            yield (
                f"has the state {state.name!r} go on to {target!r}, which is not a state beside it"
            )
    if body.get("Type") == "Task":
        yield from _wrong_resource(state)


def _missing_features(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What of a state the interpreter does not run, and what to do without it."""
    for field, feature in _MISSING_FEATURES.items():
        if field in body:
            yield feature, "leave it out"
    writer = body.get("ResultWriter")
    if isinstance(writer, dict) and "WriterConfig" in writer:
        yield "a WriterConfig", "leave it out"
    for field in ("ItemProcessor", "Iterator"):
        part = body.get(field)
        config = part.get("ProcessorConfig") if isinstance(part, dict) else None
        if isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS":
            yield "child executions of type EXPRESS", "put STANDARD in its place"


def _wrong_starts(part: dict[str, Any], name: str) -> Iterator[str]:
    start = part.get("StartAt")
    if start not in (part.get("States") or {}):
        yield f"has {name} start at {start!r}, which is not a state of it"


def _targets(body: dict[str, Any]) -> Iterator[str]:
    for field in ("Next", "Default"):
        if isinstance(body.get(field), str):
            yield body[field]
    for field in ("Catch", "Choices"):
        entries = body.get(field)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("Next"), str):
                yield entry["Next"]


def _wrong_resource(state: State) -> Iterator[str]:
    resource = state.body.get("Resource")
    match = _RESOURCE.fullmatch(resource) if isinstance(resource, str) else None
    if match is None:
        yield f"has the task {state.name!r} with the resource {resource!r}, which is not an ARN"
        return
    if match["service"] == "lambda" and match["type"] == "function":
        return
    if match["service"] == "states" and match["type"] == "activity":
        yield (
            f"has the task {state.name!r} with the activity {match['name']!r}, and activities "
            "have no local part: to try the rest put a lambda task with functions/NAME.py in "
            "its place"
        )
        return
    service = match["type"]
    if service == "aws-sdk":
        service = f"aws-sdk:{match['name'].partition(':')[0]}"
        is_local = service.removeprefix("aws-sdk:") in LOCAL_SDK_SERVICES
    else:
        is_local = match["service"] == "states" and service in LOCAL_SERVICES
    if not is_local:
        yield (
            f"has the task {state.name!r} with the resource {resource!r}, and {service!r} has no "
            "local part: to try the rest put a lambda task with functions/NAME.py in its place"
        )
