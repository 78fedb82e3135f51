"""Everything that a handler did, in a form in which two runs can be compared one by one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.aws_calls import AwsCalls, Call
    from support.cirrus_world import World

_ACCIDENTS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?"), "<time>"),
    (re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"[a-z]{100,}"), "<receipt>"),
    (re.compile(r"\b17\d{11}\b|\b1\d{12}\b"), "<milliseconds>"),
    (re.compile(r"0x[0-9a-f]{6,}"), "<address>"),
)


def without_accidents(value: Any) -> str:
    """A value as text, times and random ids left out."""
    text = json.dumps(value, sort_keys=True, default=_readable)
    for pattern, name in _ACCIDENTS:
        text = pattern.sub(name, text)
    return text


def _readable(value: Any) -> Any:
    if hasattr(value, "read"):
        return "<stream>"  # an upload's body; objects are compared as they are stored
    return value.decode() if isinstance(value, bytes) else str(value)


@dataclass
class Effects:
    """What one handler did with one series of events.

    Attributes:
        outcomes: what each event returned or raised.
        calls: every AWS call, in order, those on the tracking table left out.
        ours: the calls on the tracking table.
        left: what was there at the end: state table, bucket, queue, executions.
    """

    outcomes: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    ours: list[Call] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)


def effects_of(
    handler: Callable[[Any, Any], Any],
    events: list[Any],
    world: World,
    aws: AwsCalls,
    context: Any,
) -> Effects:
    """Give the events to a handler, one after the other, and note everything it did."""
    found = Effects()
    with aws.recording() as recording:
        for event in events:
            try:
                outcome: Any = ["returned", handler(event, context)]
            except Exception as error:  # noqa: BLE001 - compared, whatever it is
                outcome = ["raised", type(error).__name__, str(error)]
            found.outcomes.append(without_accidents(outcome))
    for call in recording.calls:
        if call.parameters.get("QueueUrl") == world.work_queue_url:
            continue  # a child's own, from moto's interpreter
        if call.table == world.names.callbacks_table:
            found.ours.append(call)
        else:
            found.calls.append(f"{call.operation} {without_accidents(call.parameters)}")
    found.left = what_is_left(world)
    return found


def _message(body: str) -> Any:
    """What was sent; of a notification, whose rest moto signs again, the message."""
    content = json.loads(body)
    return content.get("Message", content)


def what_is_left(world: World) -> dict[str, list[str]]:
    """State table, bucket, queue and executions, as they are now."""
    bucket = world.names.payload_bucket
    listed = world.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    objects = [
        [entry["Key"], world.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()]
        for entry in listed
    ]
    runs = [
        [run["name"], world.describe(run["executionArn"])["input"]]
        for machine in world.sfn.list_state_machines()["stateMachines"]
        for run in world.sfn.list_executions(stateMachineArn=machine["stateMachineArn"])[
            "executions"
        ]
    ]
    messages = world.sqs.receive_message(
        QueueUrl=world.names.process_queue_url,
        MaxNumberOfMessages=10,
    ).get("Messages", [])
    return {
        "records": sorted(
            without_accidents(item)
            for item in world.dynamodb.scan(TableName=world.names.state_table)["Items"]
        ),
        "objects": sorted(without_accidents(each) for each in objects),
        "runs": sorted(without_accidents(run) for run in runs),
        "messages": sorted(without_accidents(_message(message["Body"])) for message in messages),
        "rows": [without_accidents(row) for row in world.rows()],
    }
