"""What is wrong with a state machine's definition, and what of it cannot run here.

Every problem names the state, so that a message can be acted on. Step Functions checks
the same when a state machine is created; moto's interpreter, for a part, only once it
comes to the state, and for another part never.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl.scopes import parts, reassignments
from cirrus_callbacks_plugin.local.query_languages import (
    LANGUAGES,
    language_of,
    language_problems,
)
from cirrus_callbacks_plugin.local.states_language.choice_rules import wrong_rules
from cirrus_callbacks_plugin.local.states_language.handlers import wrong_handlers
from cirrus_callbacks_plugin.local.states_language.machine_fields import (
    wrong_machine,
    wrong_processor,
)
from cirrus_callbacks_plugin.local.states_language.numbers import wrong_numbers
from cirrus_callbacks_plugin.local.states_language.state_fields import wrong_fields
from cirrus_callbacks_plugin.local.states_language.state_types import wrong_shape
from cirrus_callbacks_plugin.local.states_language.ways import wrong_ways
from cirrus_callbacks_plugin.local.task_calls import (
    LOCAL_SDK_SERVICES,
    LOCAL_SERVICES,
    wrong_call,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

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
class StateBody:
    """One state, wherever it is nested.

    Attributes:
        name: its name.
        body: its definition.
        around: the query language of what it belongs to: a machine, a Map, a Parallel.
        machine: the query language of the whole machine.
    """

    name: str
    body: dict[str, Any]
    around: str = "JSONPath"
    machine: str = "JSONPath"


def states(definition: Any, around: str = "JSONPath", machine: str = "") -> Iterator[StateBody]:
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
        yield StateBody(name, body, language, machine or language)
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
    for wrong in wrong_machine(definition):
        yield f"is a state machine {wrong}"
    yield from wrong_ways(definition, "the state machine")
    yield from _same_names(definition)
    for again in reassignments(definition):
        yield (
            f"has the state {again.state!r} assign the variable {again.variable!r}, which belongs "
            "to an outer scope: give it another name"
        )
    for state in states(definition):
        yield from _problems_of(state)


def _problems_of(state: StateBody) -> Iterator[str]:
    body = state.body
    yield from language_problems(state.name, body, state.around, state.machine)
    for feature, remedy in _missing_features(body):
        yield (
            f"has the state {state.name!r} with {feature}, which the local interpreter "
            f"does not run: {remedy} to try the rest"
        )
    for wrong in _wrong_of_its_own(body, is_jsonata=language_of(body, state.around) == "JSONata"):
        yield f"has the state {state.name!r} {wrong}"
    for name, part in _parts(body):
        yield from wrong_ways(part, f"{name} of {state.name!r}")
        for wrong in () if name.startswith("Branches") else wrong_processor(part):
            yield f"has {name} of {state.name!r} {wrong}"
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


def _same_names(definition: Any) -> Iterator[str]:
    counted = Counter(state.name for state in states(definition))
    for name, times in counted.items():
        if times > 1:
            yield (
                f"has {times} states called {name!r}: a name may stand once in a state machine, "
                "its Maps and Parallels included"
            )


def _wrong_of_its_own(body: dict[str, Any], *, is_jsonata: bool) -> Iterator[str]:
    """What is wrong with a state's fields, whatever is beside it."""
    yield from wrong_shape(body)
    yield from wrong_fields(body)
    yield from wrong_numbers(body, is_jsonata=is_jsonata)
    yield from wrong_handlers(body)
    if body.get("Type") == "Choice" and "Choices" in body:
        yield from wrong_rules(body, is_jsonata=is_jsonata)


def _parts(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The item processor or the branches of a state, and what messages call each."""
    for name in ("ItemProcessor", "Iterator"):
        if name in body and body.get("Type") == "Map":
            yield name, body[name]
    if body.get("Type") == "Parallel" and isinstance(body.get("Branches"), list):
        yield from ((f"Branches[{place}]", part) for place, part in enumerate(body["Branches"]))


def _wrong_resource(state: StateBody) -> Iterator[str]:
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
    service, call = match["type"], match["name"]
    if service == "aws-sdk":
        api, _, call = call.partition(":")
        service = f"aws-sdk:{api}"
        is_local = service.removeprefix("aws-sdk:") in LOCAL_SDK_SERVICES
    else:
        is_local = match["service"] == "states" and service in LOCAL_SERVICES
    if not is_local:
        yield (
            f"has the task {state.name!r} with the resource {resource!r}, and {service!r} has no "
            "local part: to try the rest put a lambda task with functions/NAME.py in its place"
        )
        return
    for wrong in wrong_call(service, call, state.body):
        yield f"has the task {state.name!r} {wrong}"
