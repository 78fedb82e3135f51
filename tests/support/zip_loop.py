"""The loop of a zip's two functions: a token is registered, and its row settled."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local import deployment
from cirrus_callbacks_plugin.local.events import execution_event, sqs_event
from support.cirrus_world import ACCOUNT, REGION, payload, payload_id

if TYPE_CHECKING:
    from support.unpacked import Unpacked

PASS = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
TOKEN = "token-of-a-parent"


def deploy(endpoint: str) -> deployment.LocalDeployment:
    """A deployment of its own, with a workflow that ends by itself."""
    names = deployment.Names(f"zip-{secrets.token_hex(4)}-cirrus", REGION, ACCOUNT, endpoint)
    created = deployment.create(names)
    deployment.create_state_machine(created, "sentinel-2-cog", json.dumps(PASS))
    return created


def environment(created: deployment.LocalDeployment) -> dict[str, str]:
    """What Lambda gives cirrus's functions."""
    return {**created.names.environment(), "AWS_EC2_METADATA_DISABLED": "true"}


def run_loop(
    functions: Unpacked,
    created: deployment.LocalDeployment,
    update_state: Unpacked | None = None,
    handlers: tuple[str, str] = ("process.lambda_handler", "update_state.lambda_handler"),
) -> dict[str, Any]:
    """Send a payload with a token through both functions; return its row.

    Args:
        functions: one zip with both, or the package of ``process`` alone.
        created: the deployment.
        update_state: the package of ``update-state``, where it has one of its own.
        handlers: the two handlers.
    """
    assert functions.call(handlers[0], sent(created, TOKEN))["returned"] == 1
    assert row(created)["workflow_state"] == {"S": "PROCESSING"}
    (update_state or functions).call(handlers[1], ended(created))
    return row(created)


def sent(created: deployment.LocalDeployment, token: str | None) -> dict[str, Any]:
    """The event with a payload's message, a token beside it where there is one."""
    queue = created.names.process_queue_url
    carrier = {"cirrus-task-token": {"DataType": "String", "StringValue": token}}
    sqs = created.client("sqs")
    sqs.send_message(
        QueueUrl=queue,
        MessageBody=json.dumps(payload()),
        **({"MessageAttributes": carrier} if token else {}),
    )
    received = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    return sqs_event(received, created.names.process_queue_arn)


def ended(created: deployment.LocalDeployment) -> dict[str, Any]:
    """The event that tells that the payload's run has succeeded."""
    sfn = created.client("stepfunctions")
    machine = created.names.state_machine_arn("sentinel-2-cog")
    (run,) = sfn.list_executions(stateMachineArn=machine)["executions"]
    described = sfn.describe_execution(executionArn=run["executionArn"])
    done = {**described, "name": run["name"], "status": "SUCCEEDED", "output": described["input"]}
    return execution_event(done)


def row(created: deployment.LocalDeployment) -> dict[str, Any]:
    """The one row of the tracking table."""
    (found,) = created.client("dynamodb").scan(TableName=created.names.callbacks_table)["Items"]
    assert found["payload_id"] == {"S": payload_id()}
    return dict(found)
