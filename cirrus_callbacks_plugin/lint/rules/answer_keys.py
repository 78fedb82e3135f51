"""What a wait reads of its answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Node, Position
    from cirrus_callbacks_plugin.lint.subject import Subject

ALWAYS = ("payload_id", "workflow_state")
SOMETIMES = ("execution_arn", "output_payload_url")
"""Left out where they are not known: several runs are listed, or an older cirrus stored none."""
KEYS = (*ALWAYS, *SOMETIMES)
JOINS_ALWAYS = ("join_id", "total", "succeeded", "failed", "pending")
JOINS_SOMETIMES = ("name", "members", "members_at")
"""No name was given; the list is too long for an answer; no place for lists was named."""
JOINS_KEYS = (*JOINS_ALWAYS, *JOINS_SOMETIMES)
_PATH = re.compile(r"(?<!\$)\$\.(?P<key>[A-Za-z_]\w*)")
_JSONATA = re.compile(r"\$states\.result\.(?P<key>[A-Za-z_]\w*)")


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        is_join = subject.is_join(each)
        keys = JOINS_KEYS if is_join else KEYS
        for key, path, at, is_whole in _read(each.state):
            if key not in keys:
                yield Problem(
                    f"reads {key!r} of the answer, which has {', '.join(keys)} alone",
                    "read what became of each from members, or the list at members_at"
                    if is_join
                    else "read what the child made from output_payload_url",
                    path,
                    at,
                )
            elif key in (*SOMETIMES, *JOINS_SOMETIMES) and (is_whole or not each.state.is_jsonata):
                yield Problem(
                    f"reads {key!r} of the answer, which is left out where it is not known: "
                    "the state then fails though what it waited for has succeeded",
                    f"keep the answer whole, and look with a Choice whether {key!r} is present",
                    path,
                    at,
                    Severity.WARNING,
                )


def _read(state: State) -> Iterator[tuple[str, str, Position, bool]]:
    """The keys of the answer that a state names, and whether that is the whole expression.

    Step Functions refuses a JSONata expression that comes to nothing; within a larger one a
    missing key may be looked after.
    """
    fields = ("Output", "Assign") if state.is_jsonata else ("ResultSelector",)
    for field in fields:
        node = state.node.get(field)
        if node is not None:
            for text, at in _texts(node, set()):
                for match in (_JSONATA if state.is_jsonata else _PATH).finditer(text):
                    is_whole = text.removeprefix("{%").removesuffix("%}").strip() == match[0]
                    yield match["key"], state.field_path(field), at, is_whole


def _texts(node: Node, seen: set[int]) -> Iterator[tuple[str, Position]]:
    """Every text in a node; what YAML's aliases repeat is looked through once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if node.text is not None:
        yield node.text, node.at
    for each in (*node.members.values(), *node.elements):
        yield from _texts(each, seen)


RULE = Rule(
    id="answer-keys",
    severity=Severity.ERROR,
    summary=(
        "What a wait selects of its answer is there: `payload_id` and `workflow_state` always, "
        "`execution_arn` and `output_payload_url` where they are known; of a join `join_id`, "
        "`total`, `succeeded`, `failed`, `pending` always, `name`, `members` and `members_at` "
        "where there are any."
    ),
    why=(
        "A path that leads nowhere fails the state with `States.Runtime` when the child has "
        "already succeeded, and no Catch takes that. The answer is not a payload: what the child "
        "made lies behind `output_payload_url` (cirrus 2.0 and later). A key that is not known is "
        "left out: one that may be missing is a warning."
    ),
    bad=wait(ResultSelector={"items.$": "$.features"}),
    good=wait(ResultSelector={"state.$": "$.workflow_state", "answer.$": "$"}),
    check=_check,
)
