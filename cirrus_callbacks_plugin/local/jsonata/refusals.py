"""What Step Functions refuses in an expression when a state machine is created.

Facts: "Restrictions of JSONata in Step Functions" and "Reserved variable" in
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError
from cirrus_callbacks_plugin.local.jsonata.expression import parse
from cirrus_callbacks_plugin.local.jsonata.tree import members_of, nodes_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_ONLY_SOMEWHERE = {
    "result": "$states.result, which only Output and Assign of a Task, Map or Parallel have",
    "errorOutput": "$states.errorOutput, which only Output and Assign of a Catch have",
}
_ABOUT_THE_CONTEXT = {
    "name": "the field {value!r} of nothing",
    "wildcard": "* of nothing",
    "descendant": "** of nothing",
    "parent": "% of nothing",
}


def refusals(text: str, members: Collection[str]) -> Iterator[str]:
    """Say what is wrong with an expression: what it names, as the end of a sentence.

    Args:
        text: the expression, without ``{%`` and ``%}``.
        members: what ``$states`` has where the expression stands.
    """
    try:
        tree = parse(text)
    except ExpressionError as error:
        yield f"is not a JSONata: {error}"
        return
    if any(node.type == "variable" and node.value == "eval" for node in nodes_of(tree)):
        yield "calls $eval, which Step Functions does not have: use $parse for JSON"
    for member, what in _ONLY_SOMEWHERE.items():
        if member not in members and member in (members_of(tree, "states") or ()):
            yield f"reads {what}"
    for what in sorted(set(_of_nothing(tree))):
        yield f"reads {what}: an expression begins with $states or a variable"


def _of_nothing(tree: Any) -> Iterator[str]:
    """What an expression reads of the document that Step Functions does not give it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node.type == "variable" and node.value in ("", "$"):
            yield f"${node.value} at the top level"
        elif node.type in _ABOUT_THE_CONTEXT:
            yield _ABOUT_THE_CONTEXT[node.type].format(value=str(node.value))
        waiting.extend(_parts_at_the_same_level(node))


def _parts_at_the_same_level(node: Any) -> Iterator[Any]:
    # The first step of a path stands where the path does; the others, predicates, groupings and
    # what a transformation does stand in what has been found so far.
    if node.type == "path":
        yield node.steps[0]
    elif node.type != "transform":
        inner = {id(each) for each in (node.predicate or [])} | {id(node.group)}
        yield from (part for part in parts_of(node) if id(part) not in inner)
