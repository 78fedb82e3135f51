"""Which fields a state of each type has, which it must have, which exclude each other.

https://states-language.net/spec.html;
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html. A field that
a type has not, Step Functions refuses: "Field 'Catch' is not supported".
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ALL = ("Type", "Comment", "QueryLanguage")
_PATHS = ("InputPath", "OutputPath")
_ON = ("Next", "End")
_MORE = (*_ON, *_PATHS, "Output", "Assign")
_RESULT = ("ResultPath", "ResultSelector", "Retry", "Catch", "Parameters", "Arguments")
_SECONDS = (
    "TimeoutSeconds",
    "TimeoutSecondsPath",
    "HeartbeatSeconds",
    "HeartbeatSecondsPath",
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "Pass": (*_MORE, "ResultPath", "Parameters", "Result"),
    "Task": (*_MORE, *_RESULT, *_SECONDS, "Resource", "Credentials"),
    "Choice": (*_PATHS, "Output", "Assign", "Choices", "Default"),
    "Wait": (*_MORE, "Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
    "Succeed": (*_PATHS, "Output"),
    "Fail": ("Error", "ErrorPath", "Cause", "CausePath"),
    "Parallel": (*_MORE, *_RESULT, "Branches"),
    "Map": (
        *_MORE,
        *(each for each in _RESULT if each != "Arguments"),
        *("ItemProcessor", "Iterator", "Items", "ItemsPath", "ItemSelector", "Label"),
        *("ItemReader", "ItemBatcher", "ResultWriter", "MaxConcurrency", "MaxConcurrencyPath"),
        *("ToleratedFailureCount", "ToleratedFailureCountPath"),
        *("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ),
}
"""The fields of each type in either query language, without those that all have."""

_ONE_OF = {
    "Task": (("Resource",),),
    "Choice": (("Choices",),),
    "Wait": (("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),),
    "Parallel": (("Branches",),),
    "Map": (("ItemProcessor", "Iterator"),),
}
"""Of which fields a state of a type must have one."""
_EITHER = (
    ("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
    ("ItemProcessor", "Iterator"),
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ItemSelector", "Parameters"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
)
"""Fields of which a state has at most one."""


def wrong_shape(body: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a state's fields, each a part of a sentence after its name.

    Args:
        body: the state as it stands in the definition.
    """
    kind = body.get("Type")
    if not isinstance(kind, str) or kind not in FIELDS:
        known = ", ".join(FIELDS)
        what = "without a Type" if kind is None else f"of the Type {kind!r}, which there is not"
        yield f"{what}: write one of {known}"
        return
    known_fields = (*_ALL, *FIELDS[kind])
    for name in body:
        if name not in known_fields:
            yield f"with {name}, which a {kind} state has not{_hint(name, known_fields)}"
    yield from _wrong_choice_of_fields(kind, body)
    branches = body.get("Branches")
    if kind == "Parallel" and "Branches" in body and not (branches and isinstance(branches, list)):
        yield "with Branches that are not a list of at least one branch"
    if "Next" in FIELDS[kind]:
        yield from _wrong_way_on(body)
    elif not isinstance(body.get("Default", ""), str):
        yield f"with the Default {body['Default']!r}, which must be the name of a state"


def _wrong_choice_of_fields(kind: str, body: Mapping[str, Any]) -> Iterator[str]:
    for alternatives in _ONE_OF.get(kind, ()):
        if not any(name in body for name in alternatives):
            yield f"without {' or '.join(alternatives)}, which a {kind} state must have"
    for alternatives in _EITHER:
        there = [name for name in alternatives if name in body and name in FIELDS[kind]]
        if len(there) > 1:
            yield f"with {' and '.join(there)}, of which it may have one: remove the other"


def _wrong_way_on(body: Mapping[str, Any]) -> Iterator[str]:
    if "End" in body and not isinstance(body["End"], bool):
        yield f"with the End {body['End']!r}, which must be true or false, without quotes"
    elif "Next" in body and not isinstance(body["Next"], str):
        yield f"with the Next {body['Next']!r}, which must be the name of a state"
    elif "Next" in body and body.get("End") is True:
        yield "with both Next and End, of which it may have one: remove the other"
    elif "Next" not in body and body.get("End") is not True:
        yield 'without Next and "End": true, one of which it must have'


def _hint(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f": did you mean {near[0]}?" if near else ": remove it"
