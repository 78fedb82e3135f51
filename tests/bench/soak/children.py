"""The children's executions: real ones, each of which ends when the soak says so, and how."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.local.events import execution_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.soak.notes import Notes
    from bench.soak.plan import Payload

MACHINE = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "TimeoutSeconds": 86400,
            "Parameters": {
                "QueueUrl": "${work_queue_url}",
                "MessageBody": {"execution.$": "$$.Execution.Id", "token.$": "$$.Task.Token"},
            },
            "Next": "IsToBeStopped",
        },
        "IsToBeStopped": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "WaitForItsStop"}],
            "Default": "Done",
        },
        # Of a task that waits for its token moto's interpreter does not notice a stop.
        "WaitForItsStop": {"Type": "Wait", "Seconds": 86400, "End": True},
        "Done": {"Type": "Pass", "End": True},
    },
}
ERRORS = {"FAILED": "WorkFailed", "INVALID": "stactask.exceptions.InvalidInput"}


@dataclass(slots=True)
class _Run:
    payload: Payload
    arn: str
    ends_at: float
    is_ending: bool = False


@dataclass
class Children:
    """Ends runs at their place of the feed, and hands on the event of each end.

    Attributes:
        payloads: the plan's payloads by id.
        ended: told each end, as EventBridge tells it.
    """

    deployment: parts.LocalDeployment
    notes: Notes
    payloads: Mapping[str, Payload]
    ended: Callable[[dict[str, Any]], None]
    _runs: list[_Run] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sfn = self.deployment.client("stepfunctions")
        self._sqs = self.deployment.client("sqs")
        self._queue = self._sqs.create_queue(QueueName="work")["QueueUrl"]

    def create(self, workflows: tuple[str, ...]) -> None:
        """Create the workflows' state machines."""
        text = json.dumps(MACHINE).replace("${work_queue_url}", self._queue)
        for workflow in workflows:
            parts.create_state_machine(self.deployment, workflow, text)

    @property
    def running(self) -> int:
        """How many runs have not ended."""
        return len(self._runs) + len(self.notes.new_runs)

    def look(self, place: float) -> None:
        """End what is due, and tell what has ended."""
        while self.notes.new_runs:
            payload_id, arn = self.notes.new_runs.popleft()
            payload = self.payloads[payload_id]
            self._runs.append(_Run(payload, arn, place + payload.lasts))
        self._take_tokens()
        for run in list(self._runs):
            if run.is_ending:
                described = self._sfn.describe_execution(executionArn=run.arn)
                if described["status"] != "RUNNING" and described.get("stopDate"):
                    self._runs.remove(run)
                    self.ended(execution_event(described))
            elif run.ends_at <= place and run.arn in self._tokens:
                self._end(run)

    def _take_tokens(self) -> None:
        while messages := self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10
        ).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                self._tokens[body["execution"]] = body["token"]
            self._sqs.delete_message_batch(
                QueueUrl=self._queue,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )

    def _end(self, run: _Run) -> None:
        result = run.payload.ending(self._number(run))
        token = self._tokens.pop(run.arn)
        self.notes.run_ends(run.payload.id, run.arn, result)
        run.is_ending = True
        if result in ERRORS:
            self._sfn.send_task_failure(taskToken=token, error=ERRORS[result], cause="it broke")
            return
        if result == "ABORTED":
            self._sfn.send_task_success(taskToken=token, output='{"stop": true}')
            self._sfn.stop_execution(executionArn=run.arn)
            return
        given = self._sfn.describe_execution(executionArn=run.arn)["input"]
        self._sfn.send_task_success(taskToken=token, output=given)

    def _number(self, run: _Run) -> int:
        with self.notes.lock:
            runs = self.notes.ghosts[run.payload.id].runs
            mine = runs[run.arn].started or 0
            return sum(each.started is not None and each.started < mine for each in runs.values())
