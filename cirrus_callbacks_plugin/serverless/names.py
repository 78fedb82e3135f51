"""What the parts are called in a Serverless project and in its CloudFormation stack."""

from __future__ import annotations

from typing import Any

TABLE = "CallbacksTable"
FAILURES = "CallbacksFailures"
FAILURES_POLICY = "CallbacksFailuresPolicy"
MAPPING = "CallbacksStream"
SCHEDULE = "CallbacksSchedule"
SCHEDULE_PERMISSION = "CallbacksSchedulePermission"
RESOURCES = (TABLE, FAILURES, FAILURES_POLICY, MAPPING, SCHEDULE, SCHEDULE_PERMISSION)
"""Logical ids of what is added to the project's resources."""

STATE_TABLE = "StateTable"
"""Logical id of cirrus's own state table."""
PROCESS_QUEUE = "ProcessQueue"
"""Logical id of cirrus's own process queue."""
PARTITION = {"Ref": "AWS::Partition"}

SENDER = "callbacks-sender"
RECONCILER = "callbacks-reconciler"
WRAPPED = {"process": "process", "update_state": "update-state"}
"""By hook: the name that cirrus gives the function."""

STACK_PREFIX = "${AWS::StackName}"
"""Cirrus names everything of a deployment after its stack."""


def function_id(name: str) -> str:
    """The logical id that Serverless gives a function.

    https://www.serverless.com/framework/docs/providers/aws/guide/resources
    """
    spelled = name.replace("-", "Dash").replace("_", "Underscore")
    return f"{spelled[0].upper()}{spelled[1:]}LambdaFunction"


def arn_of(logical_id: str, *path: str) -> dict[str, Any]:
    """The ARN of a resource of the stack, or of what lies below it."""
    arn = {"Fn::GetAtt": [logical_id, "Arn"]}
    return joined(arn, *path) if path else arn


def joined(*parts: Any) -> dict[str, Any]:
    """A text of parts, each a text or what stands for one."""
    return {"Fn::Join": ["", list(parts)]}


def sub(text: str) -> dict[str, str]:
    """A text with pseudo parameters.

    Only ``${AWS::...}`` may stand in it: Serverless takes other ``${...}`` for its own.
    """
    return {"Fn::Sub": text}
