"""Which variables a state machine assigns, and in which scope.

A branch of a Parallel and the item processor of a Map are scopes within the one around them.
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Reassignment:
    """A state that assigns a variable of a scope around its own.

    Attributes:
        state: the state's name.
        variable: the variable's name.
    """

    state: str
    variable: str


def reassignments(
    definition: Any,
    outer: frozenset[str] = frozenset(),
) -> Iterator[Reassignment]:
    """States that assign variables of an outer scope; Step Functions refuses those.

    Args:
        definition: a state machine, a branch or an item processor; anything else has none.
        outer: the variables of the scopes around it.
    """
    bodies = _states(definition)
    own = {name: frozenset(assigned(body)) for name, body in bodies.items()}
    for state, names in own.items():
        yield from (Reassignment(state, variable) for variable in sorted(names & outer))
    seen = outer.union(*own.values())
    for body in bodies.values():
        for part in parts(body):
            # A Distributed Map's child executions see no variable of the one around them.
            yield from reassignments(part, frozenset() if _is_distributed(part) else seen)


def _states(definition: Any) -> dict[str, dict[str, Any]]:
    states = definition.get("States") if isinstance(definition, dict) else None
    if not isinstance(states, dict):
        return {}
    return {name: body for name, body in states.items() if isinstance(body, dict)}


def assigned(body: dict[str, Any]) -> Iterator[str]:
    """The variables that a state, its Catchers and its rules assign; twice where two do."""
    entries = [body]
    for field in ("Catch", "Choices"):
        listed = body.get(field)
        entries += listed if isinstance(listed, list) else []
    for entry in entries:
        assign = entry.get("Assign") if isinstance(entry, dict) else None
        for name in assign if isinstance(assign, dict) else ():
            yield name.removesuffix(".$")


def parts(body: dict[str, Any]) -> Iterator[Any]:
    """What of a state has states of its own: the processor of a Map, a Parallel's branches."""
    yield from (body[field] for field in ("ItemProcessor", "Iterator") if field in body)
    branches = body.get("Branches")
    yield from branches if isinstance(branches, list) else ()


def _is_distributed(part: Any) -> bool:
    config = part.get("ProcessorConfig") if isinstance(part, dict) else None
    return isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"
