"""The whole loop, step by step: process, update-state, sender."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from support.cirrus_world import payload, payload_id

if TYPE_CHECKING:
    from support.cirrus_world import World


def test_a_new_payload_resumes_its_waiter(world: World) -> None:
    """A token waits open until the child's own end, then is answered success and marked."""
    token = world.start_parent()
    world.send(payload(), token)
    assert world.process() == 1
    row = world.row(token)
    assert (row["workflow_state"], row.get("settled_at")) == ("PROCESSING", None)
    assert "seen_state" not in row
    world.send_answers()
    assert "answered_at" not in world.row(token)

    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    settled = world.row(token)
    assert (settled["workflow_state"], settled["execution_arn"]) == ("SUCCEEDED", run)
    assert world.send_answers() == {"batchItemFailures": []}
    row = world.row(token)
    assert (row["answer"], "waiting" in row) == ("success", False)


ENVELOPING = {
    "StartAt": "WaitForChild",
    "States": {
        "WaitForChild": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {
                "QueueUrl": "${process_queue_url}",
                "MessageBody": {"Payload.$": "$.child", "TaskToken.$": "$$.Task.Token"},
            },
            "TimeoutSeconds": 300,
            "End": True,
        },
    },
}


def test_a_parent_that_sends_the_envelope_of_awss_documentation_is_resumed(world: World) -> None:
    """Payload and token in one body, as AWS's and FilmDrop's examples send them: unchanged."""
    text = json.dumps(ENVELOPING).replace("${process_queue_url}", world.names.process_queue_url)
    world.add_workflow("parent", json.loads(text))
    parent = world.sfn.start_execution(
        stateMachineArn=world.names.state_machine_arn("parent"),
        name="parent-1",
        input=json.dumps({"child": payload()}),
    )["executionArn"]
    for _ in range(500):
        if world.messages_left():
            break
        time.sleep(0.01)
    world.process()
    (run,) = world.runs(payload_id())
    assert "TaskToken" not in world.describe(run)["input"]
    world.end(run)
    world.update_state(run)
    world.send_answers()
    ended = world.wait_ended(parent)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["payload_id"] == payload_id()
