"""Whether a state that the project hands out is sound: its own linter, and two rules more.

The two rules are about what ends an execution: its output must be a payload again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.lint.finding import Severity
from support.linted import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITS = ".waitForTaskToken"
_PAYLOAD_PATH = "$.payload"


def machine_around(state: dict[str, Any]) -> dict[str, Any]:
    """A machine of one state, and of those that it names."""
    states = {"State": state}
    nexts = [state.get("Next"), *(each.get("Next") for each in state.get("Catch", []))]
    for name in filter(None, nexts):
        states[name] = {"Type": "Pass", "End": True}
    made: dict[str, Any] = {"StartAt": "State", "States": states}
    if "QueryLanguage" in state:
        made["QueryLanguage"] = state["QueryLanguage"]
    return made


def complaints(machine: dict[str, Any] | str) -> list[str]:
    """What is wrong with a state machine; notes are not complaints."""
    found = [
        f"{each.rule.id}: {each.problem.message}"
        for each in findings(machine)
        if each.severity is not Severity.NOTE
    ]
    parsed = json.loads(machine) if isinstance(machine, str) else machine
    return [*found, *_no_payload_comes_out(parsed), *_no_payload_goes_in(parsed)]


def _no_payload_comes_out(machine: dict[str, Any]) -> Iterator[str]:
    """A wait, Map or Parallel of the machine itself keeps its input and puts its result beside."""
    for name, state in machine["States"].items():
        waits = state.get("Resource", "").endswith(WAITS) or state["Type"] in ("Map", "Parallel")
        if not waits:
            continue
        result, output = state.get("ResultPath", "$"), state.get("Output", "")
        if result == "$" and "$states.input" not in str(output):
            yield f"{name}: its result takes the place of the payload: it needs ResultPath"


def _no_payload_goes_in(machine: dict[str, Any]) -> Iterator[str]:
    """The input of an execution is the payload: no ``$.payload`` is in it."""
    for name, state in machine["States"].items():
        if state.get("Parameters", {}).get("MessageBody.$") == _PAYLOAD_PATH:
            yield f"{name}: sends $.payload, and the execution's input is the payload itself"
