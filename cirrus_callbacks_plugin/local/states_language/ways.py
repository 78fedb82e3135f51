"""How the states of a machine, a branch or an item processor lead to one another.

Step Functions refuses a state that nothing leads to, and one with no end at all:
MISSING_TRANSITION_TARGET and MISSING_END_STATE of
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENDS = ("Succeed", "Fail")
LONGEST_NAME = 80
"""Characters of a state's name, and of a variable's."""


def targets(body: Mapping[str, Any]) -> Iterator[str]:
    """Names of the states that a state may go on to."""
    for field in ("Next", "Default"):
        if isinstance(body.get(field), str):
            yield body[field]
    for field in ("Catch", "Choices"):
        entries = body.get(field)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("Next"), str):
                yield entry["Next"]


def wrong_ways(part: Any, name: str) -> Iterator[str]:
    """Say what is wrong with the ways through a part, one sentence each.

    Args:
        part: a state machine, a branch or an item processor as it stands in the definition.
        name: what messages call it.
    """
    inner = part.get("States") if isinstance(part, dict) else None
    if not isinstance(inner, dict) or not inner:
        yield f"has {name} without States: it needs StartAt and at least one state"
        return
    yield from _wrong_states(inner)
    ways = {state: set(targets(body)) for state, body in inner.items() if isinstance(body, dict)}
    for state, goes_to in ways.items():
        for target in sorted(goes_to - inner.keys()):
            yield f"has the state {state!r} go on to {target!r}, which is not a state beside it"
    start = part.get("StartAt")
    if not isinstance(start, str) or start not in inner:
        yield f"has {name} start at {start!r}, which is not a state of it"
        return
    reached = _reached(start, ways)
    for state in inner:
        if state not in reached:
            yield (
                f"has the state {state!r}, to which no way leads from {start!r}: name it in a "
                "Next, or remove it"
            )
    if not any(map(_is_end, inner.values())) and _lead_within(inner, ways):
        yield f'has {name} with no end: give a state "End": true, or add one of Type Succeed'


def _wrong_states(inner: Mapping[str, Any]) -> Iterator[str]:
    for state, body in inner.items():
        if not isinstance(body, dict):
            yield f"has the state {state!r} that is not an object"
        if len(state) > LONGEST_NAME:
            yield f"has the state {state!r}, whose name is longer than {LONGEST_NAME} characters"


def _reached(start: str, ways: Mapping[str, set[str]]) -> set[str]:
    reached, left = set[str](), [start]
    while left:
        state = left.pop()
        if state not in reached:
            reached.add(state)
            left += ways.get(state, ())
    return reached


def _lead_within(inner: Mapping[str, Any], ways: Mapping[str, set[str]]) -> bool:
    """True where each state goes on, and to another of them: what does not is told already."""
    return all(ways.get(state) and ways[state] <= inner.keys() for state in inner)


def _is_end(body: Any) -> bool:
    return isinstance(body, dict) and (body.get("End") is True or body.get("Type") in _ENDS)
