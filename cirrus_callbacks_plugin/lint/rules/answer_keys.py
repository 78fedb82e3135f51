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

KEYS = ("payload_id", "workflow_state", "execution_arn", "output_payload_url")
_PATH = re.compile(r"(?<!\$)\$\.(?P<key>[A-Za-z_]\w*)")
_JSONATA = re.compile(r"\$states\.result\.(?P<key>[A-Za-z_]\w*)")


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        for key, path, at in _read(each.state):
            if key not in KEYS:
                yield Problem(
                    f"reads {key!r} of the answer, which has {', '.join(KEYS)} alone",
                    "read what the child made from output_payload_url",
                    path,
                    at,
                )


def _read(state: State) -> Iterator[tuple[str, str, Position]]:
    """The keys of the answer that a state names."""
    fields = ("Output", "Assign") if state.is_jsonata else ("ResultSelector",)
    for field in fields:
        node = state.node.get(field)
        if node is not None:
            for text, at in _texts(node):
                for match in (_JSONATA if state.is_jsonata else _PATH).finditer(text):
                    yield match["key"], state.field_path(field), at


def _texts(node: Node) -> Iterator[tuple[str, Position]]:
    if node.text is not None:
        yield node.text, node.at
    for each in (*node.members.values(), *node.elements):
        yield from _texts(each)


RULE = Rule(
    id="answer-keys",
    severity=Severity.ERROR,
    summary=(
        "What a wait selects of its answer is there: `payload_id`, `workflow_state`, "
        "`execution_arn`, `output_payload_url`."
    ),
    why=(
        "A path that leads nowhere fails the state with `States.Runtime` when the child has "
        "already succeeded. The answer is no payload: what the child made lies behind "
        "`output_payload_url` (cirrus 2.0 and later)."
    ),
    bad=wait(ResultSelector={"items.$": "$.features"}),
    good=wait(ResultSelector={"url.$": "$.output_payload_url"}),
    check=_check,
)
