"""One state machine on moto's interpreter, and how it ends."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import boto3

REGION = "us-west-2"


@dataclass(frozen=True)
class Outcome:
    """How an execution ended.

    Attributes:
        status: as Step Functions says.
        output: what it ended with, parsed; None where it did not succeed.
        error: the error's name where it failed.
        cause: the error's cause where it failed.
    """

    status: str
    output: Any
    error: str | None
    cause: str | None

    @classmethod
    def of(cls, description: dict[str, Any]) -> Outcome:
        """Read what DescribeExecution answers."""
        output = description.get("output")
        return cls(
            description["status"],
            None if output is None else json.loads(output),
            description.get("error"),
            description.get("cause"),
        )


class Interpreter:
    """moto's interpreter in this process, with one queue to which tokens are sent."""

    def __init__(self) -> None:
        self.sfn = boto3.client("stepfunctions", region_name=REGION)
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.queue_url = self.sqs.create_queue(QueueName="work")["QueueUrl"]

    def waiting_task(self, **fields: Any) -> dict[str, Any]:
        """A task that sends its token to the queue."""
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": self.queue_url, "MessageBody.$": "$$.Task.Token"},
            "End": True,
            **fields,
        }

    def start(self, states: dict[str, Any], given: Any = None, **machine: Any) -> str:
        """Start an execution of a machine that begins with its first state.

        Args:
            states: the machine's states.
            given: the execution's input.
            **machine: further fields of the machine.
        """
        definition = {"StartAt": next(iter(states)), "States": states, **machine}
        name = f"machine-{time.monotonic_ns()}"
        arn = self.sfn.create_state_machine(
            name=name,
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::123456789012:role/any",
        )["stateMachineArn"]
        execution = self.sfn.start_execution(
            stateMachineArn=arn,
            name=name,
            input=json.dumps({} if given is None else given),
        )
        return str(execution["executionArn"])

    def run(self, states: dict[str, Any], given: Any = None, **machine: Any) -> Outcome:
        """Run a machine to its end; takes what :meth:`start` takes."""
        return Outcome.of(self.end(self.start(states, given, **machine)))

    def token(self) -> str:
        """The next token that a task sends."""
        while True:
            for message in self.sqs.receive_message(QueueUrl=self.queue_url).get("Messages", []):
                self.sqs.delete_message(
                    QueueUrl=self.queue_url,
                    ReceiptHandle=message["ReceiptHandle"],
                )
                return str(message["Body"])
            time.sleep(0.01)

    def end(self, execution_arn: str) -> dict[str, Any]:
        """DescribeExecution once the execution has ended."""
        while True:
            description = self.sfn.describe_execution(executionArn=execution_arn)
            if description["status"] != "RUNNING":
                time.sleep(0.02)  # moto sets the status a moment before the rest
                return dict(self.sfn.describe_execution(executionArn=execution_arn))
            time.sleep(0.01)
