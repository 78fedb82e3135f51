"""The query language of each state, and what is wrong with a state in its language.

Step Functions says all of this when a state machine is created; moto's interpreter, for a
part, once it comes to the state, and for another part never.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl.scopes import assigned
from cirrus_callbacks_plugin.local.states_language.ways import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

LANGUAGES = ("JSONPath", "JSONata")

_JSONPATH_FIELDS = (
    "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "ItemsPath",
    "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath",
    "MaxConcurrencyPath", "ErrorPath", "CausePath", "Result",
)  # fmt: skip
_JSONATA_FIELDS = ("Arguments", "Output", "Items")
_STATES_OF_THEIR_OWN = ("ItemProcessor", "Iterator", "Branches")
_HAVE_A_RESULT = ("Task", "Map", "Parallel")
_OPENING, _CLOSING = "{%", "%}"


def language_problems(
    name: str,
    body: dict[str, Any],
    around: str,
    machine: str,
) -> Iterator[str]:
    """Say what is wrong with a state, or with the language that it names.

    Args:
        name: the state's name.
        body: its definition.
        around: the language of what the state belongs to.
        machine: the language of the whole machine.
    """
    language = language_of(body, around)
    if language not in LANGUAGES:
        yield f"has the state {name!r} in {language!r}: QueryLanguage is JSONPath or JSONata"
        return
    if around == "JSONata" and language == "JSONPath":
        yield (
            f"has the state {name!r} in JSONPath within JSONata, which Step Functions refuses: "
            "leave JSONata to single states of a machine in JSONPath"
        )
        return
    if around != machine and "QueryLanguage" not in body:
        # Whether such a state has the language of the state around or of the machine, AWS's
        # documentation does not say, and readers differ.
        yield (
            f"has the state {name!r} without QueryLanguage within a state in {around} of a machine "
            f'in {machine}: write "QueryLanguage": "{around}" into it'
        )
        return
    wrong = _JSONATA_FIELDS if language == "JSONPath" else _JSONPATH_FIELDS
    for field in wrong:
        if field in body:
            yield f"has the state {name!r} in {language} with {field}, which {language} has not"
    yield from _wrong_variables(name, body)
    if isinstance(body.get("Items"), dict):
        yield (
            f"has the state {name!r} with an object as Items, over which the local interpreter "
            "does not run a Map: make a list of it"
        )
    if language == "JSONata":
        yield from _wrong_expressions(name, body)


def language_of(definition: dict[str, Any], around: str) -> str:
    """The language of a state or machine within something in a language."""
    return str(definition.get("QueryLanguage", around))


def _wrong_variables(name: str, body: dict[str, Any]) -> Iterator[str]:
    for variable in assigned(body):
        if variable == "states":
            yield f"has the state {name!r} assign $states, which Step Functions keeps to itself"
        elif not variable.isidentifier() or len(variable) > LONGEST_NAME:
            yield (
                f"has the state {name!r} assign {variable!r}, which is not a name of a "
                f"variable: letters, digits and _, at most {LONGEST_NAME}, no path"
            )


def _wrong_expressions(name: str, body: dict[str, Any]) -> Iterator[str]:
    # Here, since machines in JSONPath need no evaluator.
    from cirrus_callbacks_plugin.local.jsonata.refusals import refusals

    for location, text, members in _texts(body):
        if text.startswith(_OPENING) and text.endswith(_CLOSING) and len(text) >= len("{%%}"):
            for problem in refusals(text[2:-2].strip(), members):
                yield f"has the state {name!r} with an expression in {location} that {problem}"
        elif text.startswith(_OPENING) or text.endswith(_CLOSING):
            yield (
                f"has the state {name!r} with a text in {location} that begins or ends like an "
                "expression: one begins with {% and ends with %}, without a space outside"
            )


def _texts(body: dict[str, Any]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every text that may be an expression, where it stands, and what $states has there."""
    always = frozenset({"input", "context"})
    for field, value in body.items():
        if field in _STATES_OF_THEIR_OWN or field in ("Comment", "Next", "Type", "Resource"):
            continue
        members = always
        if field in ("Output", "Assign") and body.get("Type") in _HAVE_A_RESULT:
            members = always | {"result"}
        elif field == "Catch":
            members = always | {"errorOutput"}
        for location, text in _texts_of(value, field):
            yield location, text, members


def _texts_of(value: Any, location: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield location, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts_of(each, f"{location}/{key}")
    elif isinstance(value, list):
        for each in value:
            yield from _texts_of(each, location)
