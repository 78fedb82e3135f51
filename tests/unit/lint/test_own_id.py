"""A parent that asks for its own payload waits for itself."""

from __future__ import annotations

from typing import Any

import pytest

from support.linted import JSONATA_TOKEN, attribute, jsonata, machine, of, send
from support.states import parallel, passing

TOKEN = {"TaskToken.$": "$$.Task.Token"}
CHILD = [{"workflow": "child", "tasks": {}}]


def wait(**body: Any) -> dict[str, Any]:
    """A wait that sends this message."""
    given = {"QueueUrl": "${process_queue_url}", "MessageAttributes": attribute(), **body}
    state: dict[str, Any] = send(Parameters=given)["States"]["Wait"]
    return state


def jsonata_wait(body: Any) -> dict[str, Any]:
    attributes = attribute(JSONATA_TOKEN, "StringValue")
    made = jsonata({"MessageBody": body, "MessageAttributes": attributes})["States"]["Wait"]
    return {"QueryLanguage": "JSONata", **made}


def mapped(body: dict[str, Any], **fields: Any) -> dict[str, Any]:
    inner = machine(Wait=body)
    return {"Type": "Map", "ItemProcessor": inner, "ResultPath": "$.a", "End": True, **fields}


WAITS_FOR_ITSELF: list[tuple[str, dict[str, Any]]] = [
    ("the payload", {"Wait": wait(**{"MessageBody.$": "$"})}),
    ("the execution's input", {"Wait": wait(**{"MessageBody.$": "$$.Execution.Input"})}),
    ("its id", {"Wait": wait(MessageBody={"id.$": "$.id", "features.$": "$.features"})}),
    ("an id of the input", {"Wait": wait(MessageBody={"id.$": "$$.Execution.Input.id"})}),
    ("as a text", {"Wait": wait(**{"MessageBody.$": "States.JsonToString($)"})}),
    (
        "merged",
        {
            "Child": passing(Result={"process": CHILD}, ResultPath="$.x", Next="Wait"),
            "Wait": wait(**{"MessageBody.$": "States.JsonMerge($, $.x, false)"}),
        },
    ),
    ("in an envelope", {"Wait": wait(MessageBody={"Payload.$": "$", **TOKEN})}),
    (
        "its features and process",
        {"Wait": wait(MessageBody={"features.$": "$.features", "process.$": "$.process"})},
    ),
    (
        "after another answer",
        {
            "First": passing(Result=1, ResultPath="$.one", Next="Wait"),
            "Wait": wait(**{"MessageBody.$": "$"}),
        },
    ),
    (
        "wrapped",
        {
            "Wrap": passing(Parameters={"payload.$": "$"}, Next="Wait"),
            "Wait": wait(**{"MessageBody.$": "$.payload"}),
        },
    ),
    ("selected", {"Wait": {**wait(MessageBody={"id.$": "$"}), "InputPath": "$.id"}}),
    ("in a branch", {"Both": parallel({"Wait": wait(**{"MessageBody.$": "$"})}, ResultPath="$.a")}),
    (
        "in a Map",
        {
            "All": mapped(
                wait(MessageBody={"id.$": "$.id", "process": CHILD}),
                ItemSelector={"id.$": "$.id"},
                ItemsPath="$.features",
            ),
        },
    ),
    (
        "in a distributed Map",
        {
            "All": {
                **mapped(wait(**{"MessageBody.$": "$.parent"}), ItemSelector={"parent.$": "$"}),
            },
        },
    ),
    ("in a join", {"Wait": wait(MessageBody={"join": {"members.$": "States.Array($, $.x)"}})}),
    ("attached", {"Wait": wait(MessageBody={"join": {"members": [{"payload_id.$": "$.id"}]}})}),
    ("in JSONata: the payload", {"Wait": jsonata_wait("{% $states.input %}")}),
    (
        "in JSONata: its id",
        {"Wait": jsonata_wait({"id": "{% $states.input.id %}", "process": CHILD})},
    ),
    (
        "in JSONata: merged",
        {"Wait": jsonata_wait("{% $merge([$states.input, {'process': [{'workflow': 'x'}]}]) %}")},
    ),
    (
        "in JSONata: as a text",
        {"Wait": jsonata_wait("{% $string($states.context.Execution.Input) %}")},
    ),
    (
        "in JSONata: attached",
        {"Wait": jsonata_wait({"join": {"members": ["{% $states.input.id %}"]}})},
    ),
]


@pytest.mark.parametrize(
    "states", [each[1] for each in WAITS_FOR_ITSELF], ids=[each[0] for each in WAITS_FOR_ITSELF]
)
def test_a_parent_that_waits_for_itself(states: dict[str, Any]) -> None:
    """However its own id comes into the message."""
    (found,) = of("own-id", machine(**states))
    assert "waits for itself" in found.problem.message


WAITS_FOR_ANOTHER: list[tuple[str, dict[str, Any]]] = [
    ("a child's payload", {"Wait": wait(**{"MessageBody.$": "$.process[0].tasks.wait.child"})}),
    (
        "the same items",
        {"Wait": wait(MessageBody={"features.$": "$.features", "process": CHILD})},
    ),
    ("an item", {"All": mapped(wait(**{"MessageBody.$": "$"}), ItemsPath="$.features")}),
    ("an item's id", {"All": mapped(wait(MessageBody={"id.$": "$.id"}), ItemsPath="$.x")}),
    (
        "what a function made",
        {
            "Make": {"Type": "Task", "Resource": "arn:aws:lambda:x:y:function:f", "Next": "Wait"},
            "Wait": wait(**{"MessageBody.$": "$"}),
        },
    ),
    ("another id", {"Wait": wait(MessageBody={"id.$": "States.Format('{}-x', $.id)"})}),
    (
        "an id that takes its place",
        {"Wait": jsonata_wait("{% $merge([$states.input, {'id': $states.input.id & '-x'}]) %}")},
    ),
    (
        "a child without an id",
        {
            "Wait": jsonata_wait(
                "{% $states.input ~> |$|{'process': [{'workflow': 'x'}]}, ['id']| %}"
            )
        },
    ),
    (
        "merged with what may have an id",
        {"Wait": wait(**{"MessageBody.$": "States.JsonMerge($, $.process[0].x, false)"})},
    ),
    ("a reference", {"Wait": wait(MessageBody={"url.$": "$.payload_url"})}),
    ("who waits", {"Wait": wait(MessageBody={"process": CHILD, "parent.$": "$.id"})}),
    ("members", {"Wait": wait(MessageBody={"join": {"members.$": "$.process[0].x"}})}),
]


@pytest.mark.parametrize(
    "states", [each[1] for each in WAITS_FOR_ANOTHER], ids=[each[0] for each in WAITS_FOR_ANOTHER]
)
def test_a_parent_that_waits_for_another(states: dict[str, Any]) -> None:
    """What may be another payload is not its own."""
    assert of("own-id", machine(**states)) == []
