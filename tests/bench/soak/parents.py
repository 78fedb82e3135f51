"""Parents that really wait: executions with a Map, each of whose items waits for a payload."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local import deployment as parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.soak.plan import Message

ITEMS = 20
"""Items of a parent."""
WORKFLOW = "waiting-parent"

MACHINE = {
    "StartAt": "WaitForAll",
    "States": {
        "WaitForAll": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {
                "StartAt": "Wait",
                "States": {
                    "Wait": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                        "TimeoutSeconds": 86400,
                        "Parameters": {
                            "QueueUrl": "${process_queue_url}",
                            "MessageBody.$": "$.payload",
                            "MessageAttributes": {
                                "cirrus-task-token": {
                                    "DataType": "String",
                                    "StringValue.$": "$$.Task.Token",
                                },
                                "cirrus-waiter-execution-arn": {
                                    "DataType": "String",
                                    "StringValue.$": "$$.Execution.Id",
                                },
                                "soak-number": {
                                    "DataType": "String",
                                    "StringValue.$": "$.number",
                                },
                            },
                        },
                        "ResultPath": "$.answer",
                        "Catch": [
                            {
                                "ErrorEquals": ["States.ALL"],
                                "ResultPath": "$.failure",
                                "Next": "Told",
                            },
                        ],
                        "Next": "Told",
                    },
                    "Told": {"Type": "Pass", "End": True},
                },
            },
            "End": True,
        },
    },
}


@dataclass
class Parents:
    """Executions that wait, and what each item of them was told."""

    deployment: parts.LocalDeployment
    _arns: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sfn = self.deployment.client("stepfunctions")

    def create(self) -> None:
        """Create their state machine."""
        url = self.deployment.names.process_queue_url
        text = json.dumps(MACHINE).replace("${process_queue_url}", url)
        self._machine = parts.create_state_machine(self.deployment, WORKFLOW, text)

    def start(self, messages: Sequence[Message]) -> None:
        """Let one execution send these messages and wait."""
        items = [{"number": str(message.number), "payload": message.body()} for message in messages]
        execution = self._sfn.start_execution(
            stateMachineArn=self._machine,
            name=f"parent-{len(self._arns)}",
            input=json.dumps({"items": items}),
        )
        self._arns.append(execution["executionArn"])

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._arns)

    def told(self, seconds: float) -> dict[int, dict[str, Any]]:
        """What each message's item knows at the end, by number; an execution that goes on is left.

        Args:
            seconds: how long to wait for their last steps.
        """
        found: dict[int, dict[str, Any]] = {}
        until = time.monotonic() + seconds
        for arn in self._arns:
            while True:
                described = self._sfn.describe_execution(executionArn=arn)
                if described["status"] != "RUNNING" or time.monotonic() > until:
                    break
                time.sleep(0.05)
            if described["status"] == "SUCCEEDED":
                time.sleep(0.02)  # moto sets the status a moment before the rest
                described = self._sfn.describe_execution(executionArn=arn)
                for item in json.loads(described["output"]):
                    found[int(item["number"])] = item
        return found

    def stop(self) -> None:
        """Stop those that still wait."""
        for arn in self._arns:
            if self._sfn.describe_execution(executionArn=arn)["status"] == "RUNNING":
                self._sfn.stop_execution(executionArn=arn)
