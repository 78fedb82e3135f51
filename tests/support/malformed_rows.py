"""Rows of the tracking table as nobody of this package writes them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from cirrus_callbacks_plugin.waits.row import Wait

SECRET = "what-stands-there"
_OF_EVERY_TYPE: dict[str, dict[str, Any]] = {
    "a text": {"S": SECRET},
    "a number": {"N": "7"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "bytes": {"B": b"x"},
    "a list": {"L": [{"S": SECRET}]},
    "a map": {"M": {"S": {"S": SECRET}}},
    "a set": {"SS": [SECRET]},
}
_RIGHT = {"replace": "yes", "attached": "yes", "expiration_time": "a number"}
_TIMES = ("registered_at", "settled_at", "answered_at")
_BAD_TIMES = {
    "words": "yesterday",
    "nothing": "",
    "without a zone": "2024-06-01T00:00:00.000000",
    "a date": "2024-06-01",
    "too far away": "9999-12-31T23:59:59.999999+00:00",
    "before all time": "0001-01-01T00:00:00.000000+14:00",
    "no such day": "2024-02-30T00:00:00.000000+00:00",
}


def wrong_attributes() -> dict[str, tuple[str, dict[str, Any]]]:
    """By what is wrong: an attribute's name, and a value that it never has."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    names = [each.name for each in fields(Wait) if each.name not in ("payload_id", "task_token")]
    for name in (*names, "full_payload_id", "full_task_token"):
        right = _RIGHT.get(name, "a text")
        for kind, value in _OF_EVERY_TYPE.items():
            if kind != right or name == "history":
                found[f"{name} is {kind}"] = (name, value)
    for name in _TIMES:
        for kind, text in _BAD_TIMES.items():
            found[f"{name} is {kind}, as a text"] = (name, {"S": text})
    for number in ("-1", "1.5", "1E+100", "253402300800"):
        found[f"expiration_time is {number}"] = ("expiration_time", {"N": number})
    entry = {"M": {"by": {"N": "1"}}}
    found["history holds a number"] = ("history", {"L": [entry]})
    return found


WRONG = wrong_attributes()
IN_THE_INDEX = {
    what: (name, value)
    for what, (name, value) in WRONG.items()
    if name != "waiting" and not (name == "registered_at" and "S" not in value)
}
"""Those that DynamoDB lets stand in the index, whose keys are texts."""
