"""The items of a Map, where they can be known: written out, or found in an example of an input."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.lint.data.jsonpath import steps_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.machine import State

_STATES_INPUT = re.compile(
    r"\{%\s*\$states\.(?:context\.Execution\.Input|input)(?P<rest>.*?)\s*%\}"
)


def count_of(state: State, example: Any) -> int | None:
    """How many items a Map has; None where that is not known.

    Args:
        state: the Map; one inside another Map or branch gets an input that is not known.
        example: an example of the execution's input; None where there is none.
    """
    items = state.node.get("Items")
    if items is not None and items.is_list:
        return len(items.elements)
    if example is None or state.scope.parent is not None or "ItemReader" in state.node.members:
        return None
    path = state.text("ItemsPath") or (None if items is not None else "$")
    if items is not None and items.text is not None:
        match = _STATES_INPUT.fullmatch(items.text.strip())
        path = None if match is None else f"${match['rest']}"
    listed = None if path is None else _lookup(example, path)
    return len(listed) if isinstance(listed, list) else None


def _lookup(value: Any, path: str) -> Any:
    """What a plain reference path (``$.a.b[0]``) leads to; None where it leads nowhere."""
    rest = path.removeprefix("$$.Execution.Input").removeprefix("$")
    steps = steps_of(f"${rest}")
    for step in (None,) if steps is None else steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
