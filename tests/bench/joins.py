"""A parent of many children: a Map of waits beside a join, on the local stack.

Each child takes twenty seconds by the stack's clock, which is moved once as many children run
as can. So the parent's time is what the pauses add up to, whatever this machine takes for it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.client import BaseClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cirrus_callbacks_plugin.testing.results import PayloadRun
    from cirrus_callbacks_plugin.testing.stack import CirrusStack

CHILD_SECONDS = 20
AT_ONCE = 40
"""Iterations of an inline Map that run at a time.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html"""
PATIENCE = 3600.0
"""Seconds of the wall clock for one parent."""
_ANSWERS = ("SendTaskSuccess", "SendTaskFailure")

_TOKEN = {
    "cirrus-task-token": {"DataType": "String", "StringValue": "{% $states.context.Task.Token %}"},
}
_PAYLOAD = (
    "{'type': 'FeatureCollection', 'features': [$scene], "
    "'process': [{'workflow': 'scene', 'upload_options': {}, 'tasks': {}}]}"
)


def _wait(body: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {
            "QueueUrl": "${process_queue_url}",
            "MessageBody": body,
            "MessageAttributes": _TOKEN,
        },
        "TimeoutSeconds": 86_400,
    }


def _machine(**state: Any) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": "All", "States": {"All": state}}


MAP = _machine(
    Type="Map",
    Items="{% $states.input.features %}",
    ItemProcessor={
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "One",
        "States": {
            "One": {
                **_wait("{% ($scene := $states.input; " + _PAYLOAD + ") %}"),
                "Output": "{% $states.result.workflow_state %}",
                "End": True,
            },
        },
    },
    Output="{% $states.input %}",
    End=True,
)
JOIN = _machine(
    **_wait(
        {"join": {"members": "{% $states.input.features.($scene := $; " + _PAYLOAD + ") %}"}},
    ),
    Output="{% $states.input %}",
    End=True,
)
SCENE = {
    "StartAt": "Work",
    "States": {"Work": {"Type": "Wait", "Seconds": CHILD_SECONDS, "End": True}},
}


@dataclass(frozen=True, slots=True)
class Parent:
    """What one parent took.

    Attributes:
        form: ``map`` or ``join``.
        children: how many it waited for.
        seconds: of the stack's clock.
        events: of its execution's history, which ends at 25,000.
        answers: SendTaskSuccess and SendTaskFailure.
        calls: AWS calls of the plugin's functions and of cirrus's, by name.
    """

    form: str
    children: int
    seconds: int
    events: int
    answers: int
    calls: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return asdict(self)


def measure(children: int, tell: Callable[[str, int], None]) -> list[Parent]:
    """Run both parents, one after the other, each on a stack of its own.

    Args:
        children: of each parent.
        tell: told which form, and how many children have begun.

    Raises:
        NotReached: a parent did not end.
    """
    from cirrus_callbacks_plugin.testing.session import StackSession

    found = []
    with tempfile.TemporaryDirectory() as name, mock.patch.dict(os.environ):
        folder = Path(name)
        _write(folder, children)
        session = StackSession(timeout=PATIENCE)
        try:
            for form, at_once in (("map", AT_ONCE), ("join", children)):
                stack = session.stack(folder)
                try:
                    found.append(_run(stack.load("."), form, children, at_once, tell))
                finally:
                    stack.close()
        finally:
            session.close()
    return found


def _write(folder: Path, children: int) -> None:
    features = [
        {"type": "Feature", "id": f"scene-{number}", "collection": "scenes", "links": []}
        for number in range(children)
    ]
    for part in ("workflows", "payloads"):
        (folder / part).mkdir()
    for name, machine in (("map", MAP), ("join", JOIN), ("scene", SCENE)):
        (folder / "workflows" / f"{name}.asl.json").write_text(json.dumps(machine))
    for form in ("map", "join"):
        payload = {
            "type": "FeatureCollection",
            "id": f"scenes/workflow-{form}/all",
            "features": features,
            "process": [{"workflow": form, "upload_options": {}, "tasks": {}}],
        }
        (folder / "payloads" / f"{form}.json").write_text(json.dumps(payload))


def _run(
    stack: CirrusStack,
    form: str,
    children: int,
    at_once: int,
    tell: Callable[[str, int], None],
) -> Parent:
    seconds = 0
    with _counted() as calls:
        parent = stack.start(f"payloads/{form}.json")
        begun = 0
        while begun < children:
            begun = min(begun + at_once, children)
            _until_begun(stack, parent, begun)
            tell(form, begun)
            stack.later(seconds=CHILD_SECONDS)
            seconds += CHILD_SECONDS
        parent.until_ended(PATIENCE)
    assert parent.status == "SUCCEEDED", parent.error
    return Parent(
        form,
        children,
        seconds,
        _events(stack, parent),
        sum(calls[name] for name in _ANSWERS),
        dict(sorted(calls.items())),
    )


def _until_begun(stack: CirrusStack, parent: PayloadRun, children: int) -> None:
    def have_begun() -> bool:
        return sum(each.workflow == "scene" for each in stack.executions) >= children

    stack.until(lambda: parent.has_ended or have_begun(), f"{children} children", PATIENCE)


def _events(stack: CirrusStack, parent: PayloadRun) -> int:
    pages = stack.client("stepfunctions").get_paginator("get_execution_history")
    found = pages.paginate(executionArn=parent.execution.arn)
    return sum(len(page["events"]) for page in found)


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """The calls of every client in this process, by the operation's name."""
    calls: Counter[str] = Counter()
    original = BaseClient._make_api_call

    def make_api_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        calls[operation] += 1
        return original(client, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", make_api_call):
        yield calls
