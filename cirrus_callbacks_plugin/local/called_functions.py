"""Which lambda functions state machines call, as far as their definitions tell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INVOKE = ":lambda:invoke"
_LAMBDA = ":lambda:"
_JSONATA = "{%"


@dataclass(frozen=True, slots=True)
class CalledFunctions:
    """The functions that a deployment's state machines call.

    Attributes:
        names: without the deployment's prefix, version or alias.
        is_complete: False where a state takes the name from its input.
    """

    names: tuple[str, ...]
    is_complete: bool

    @classmethod
    def of(cls, definitions: Iterable[str], prefix: str) -> CalledFunctions:
        """Read definitions (JSON texts) whose variables are filled in."""
        found = [name for each in definitions for name in _called(json.loads(each))]
        names = {short_name(name, prefix) for name in found if name is not None}
        return cls(tuple(sorted(names)), None not in found)


def short_name(function: str, prefix: str) -> str:
    """A function's name for its name or ARN: without prefix, version or alias."""
    return whole_name(function).removeprefix(f"{prefix}-")


def whole_name(function: str) -> str:
    """A function's name for its name or ARN: without version or alias."""
    name = function
    if ":function:" in function:
        name = function.partition(":function:")[2]
    return name.partition(":")[0]


def _called(value: Any) -> Iterator[str | None]:
    """Names and ARNs of functions below a value; None for one that is known only later."""
    if isinstance(value, list):
        for each in value:
            yield from _called(each)
    if not isinstance(value, dict):
        return
    resource = value.get("Resource")
    if isinstance(resource, str) and value.get("Type") == "Task":
        if _INVOKE in resource:
            yield _named(value.get("Parameters") or value.get("Arguments"))
        elif _LAMBDA in resource:
            yield resource
    for each in value.values():
        yield from _called(each)


def _named(parameters: Any) -> str | None:
    name = parameters.get("FunctionName") if isinstance(parameters, dict) else None
    return name if isinstance(name, str) and not name.startswith(_JSONATA) else None
