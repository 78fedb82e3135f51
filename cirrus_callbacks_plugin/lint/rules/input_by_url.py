"""Payloads so long that cirrus hands over where they lie."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.lint.data import jsonata
from cirrus_callbacks_plugin.lint.data.expressions import shape_of
from cirrus_callbacks_plugin.lint.data.jsonpath import shape_at
from cirrus_callbacks_plugin.lint.data.shape import PAYLOAD, REFERENCE, Kind
from cirrus_callbacks_plugin.lint.examples import MESSAGE, parts, wait
from cirrus_callbacks_plugin.lint.figures import figure
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity
from cirrus_callbacks_plugin.lint.settings import LintSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Node, Position
    from cirrus_callbacks_plugin.lint.data.seen import Seen
    from cirrus_callbacks_plugin.lint.subject import Subject

LIMIT_BYTES = 120_000
"""``MAX_PAYLOAD_LENGTH`` of cirrus-geo 2.0.0, counted as JSON text inside JSON."""

_FIELDS = ("InputPath", "ItemsPath", "Items", "ItemSelector", "Parameters", "Arguments")
_IN_JSONATA = re.compile(r"\$states\.(?:context\.Execution\.Input|input)(?:\.\w+)+")


def _check(subject: Subject) -> Iterator[Problem]:
    size = _size(subject.settings.example)
    if size is None:
        return
    for machine in subject.waiting:
        by_url = subject.flow(machine, REFERENCE)
        whole = subject.flow(machine, PAYLOAD)
        for state in by_url.seen:
            for path, field, at in _paths(state):
                if _misses(state, path, list(by_url.looks(state))) and not _misses(
                    state, path, list(whole.looks(state))
                ):
                    yield _problem(state, size, path, field, at)
                    break


def _problem(state: State, size: int, path: str, field: str, at: Position) -> Problem:
    how_long = f"of {figure(size)} bytes" if size else "as in the example"
    return Problem(
        f'reads {path}, and a payload {how_long} arrives as {{"url": ...}}: '
        "the path leads nowhere, and nothing catches that",
        "let a task before it fetch what lies behind the url, or send the url on",
        state.field_path(field),
        at,
    )


def _size(example: Any) -> int | None:
    """How long an example is where it arrives as a url (0 where it is one); None elsewhere."""
    if not isinstance(example, dict):
        return None
    if "url" in example and "features" not in example:
        return 0
    size = len(json.dumps(json.dumps(example)).encode())
    return size if size > LIMIT_BYTES else None


def _paths(state: State) -> Iterator[tuple[str, str, Position]]:
    """The paths that a state reads of its input, in the order of its fields."""
    for field in _FIELDS:
        node = state.node.get(field)
        if node is not None:
            is_path = field in ("InputPath", "ItemsPath")
            for text, at in _texts(node, state, is_path=is_path, seen=set()):
                yield text, field, at


def _texts(
    node: Node, state: State, *, is_path: bool, seen: set[int]
) -> Iterator[tuple[str, Position]]:
    if id(node) in seen or node.is_later:
        return
    seen.add(id(node))
    if node.text is not None and state.is_jsonata and "$exists(" not in node.text:
        yield from ((match[0], node.at) for match in _IN_JSONATA.finditer(node.text))
    elif node.text is not None and is_path and node.text.startswith("$"):
        yield node.text, node.at
    for name, each in node.members.items():
        yield from _texts(each, state, is_path=name.endswith(".$"), seen=seen)
    for each in node.elements:
        yield from _texts(each, state, is_path=False, seen=seen)


def _misses(state: State, path: str, looks: list[Seen]) -> bool:
    """True where a path leads nowhere in some input that reaches a state."""
    if state.is_jsonata:
        expression = jsonata.read(path)
        return any(shape_of(expression, seen).kind is Kind.ABSENT for seen in looks)
    return any(shape_at(path, seen).kind is Kind.ABSENT for seen in looks)


_CHILD = {
    **{name: value for name, value in MESSAGE.items() if name != "MessageBody.$"},
    "MessageBody": {"features.$": "$.features", "process": [{"workflow": "child", "tasks": {}}]},
}

RULE = Rule(
    id="input-by-url",
    severity=Severity.ERROR,
    summary="What a payload holds is there, however long the payload is.",
    why=(
        f'Cirrus hands a payload over as `{{"url": ...}}` where it is longer than its limit '
        f"({figure(LIMIT_BYTES)} bytes in cirrus 2, as JSON text inside JSON): `$.features` is "
        "not there then, and the execution fails with `States.Runtime`. Whether that happens is "
        "known with `--input`, an example of the payload. A task may fetch it first (cirrus's own "
        "do), or the `url` is sent on as the child's payload."
    ),
    settings=LintSettings(example={"url": "s3://bucket/payload.json"}),
    bad=wait(Parameters=_CHILD),
    good=parts(
        Fetch={
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-west-2:123456789012:function:fetch",
            "Next": "Wait",
        },
        Wait=wait(Parameters=_CHILD),
    ),
    check=_check,
)
