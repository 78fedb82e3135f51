"""A cirrus deployment in moto, driven step by step: every event is a call of a test's own."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.local.events import execution_event, sqs_event
from cirrus_callbacks_plugin.local.sources.records import StreamRecords
from cirrus_callbacks_plugin.waits.table import WaitsTable

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "us-west-2"
ACCOUNT = "123456789012"
PREFIX = "fd-test-cirrus"

# A child that runs until the test says how it ends: it waits for a token of its own.
CHILD = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "TimeoutSeconds": 300,
            "Parameters": {
                "QueueUrl": "${work_queue_url}",
                "MessageBody": {"execution.$": "$$.Execution.Id", "token.$": "$$.Task.Token"},
            },
            "End": True,
        },
    },
}

# A parent that hands its token to nobody but the test.
PARENT = CHILD


SECONDS = 5.0
"""For which something of moto's is waited for: its executions run in threads of their own."""


def _attempts(otherwise: str, seconds: float = SECONDS) -> Iterator[None]:
    """Try again for some seconds."""
    for _ in range(int(seconds * 100)):
        yield
        time.sleep(0.01)
    raise AssertionError(otherwise)


@dataclass
class World:
    """The deployment, and the three event sources, each moved by hand."""

    names: parts.Names = field(default_factory=lambda: parts.Names(PREFIX, REGION, ACCOUNT))

    def __post_init__(self) -> None:
        self.deployment = parts.create(self.names, visibility_seconds=0)
        self.dynamodb = self.deployment.client("dynamodb")
        self.sqs = self.deployment.client("sqs")
        self.s3 = self.deployment.client("s3")
        self.sfn = self.deployment.client("stepfunctions")
        self.streams = self.deployment.client("dynamodbstreams")
        self.work_queue_url = self.sqs.create_queue(QueueName="work")["QueueUrl"]
        self._stream: StreamRecords | None = None
        self._work: dict[str, str] = {}

    # --- state machines -------------------------------------------------------------

    def add_workflow(self, workflow: str, definition: dict[str, Any] = CHILD) -> None:
        """Create a workflow's state machine."""
        text = json.dumps(definition).replace("${work_queue_url}", self.work_queue_url)
        parts.create_state_machine(self.deployment, workflow, text)

    def start_parent(self) -> str:
        """Start an execution that waits for a token, and return that token."""
        arn = self.names.state_machine_arn("parent")
        try:
            self.sfn.describe_state_machine(stateMachineArn=arn)
        except self.sfn.exceptions.StateMachineDoesNotExist:
            self.add_workflow("parent", PARENT)
        name = f"parent-{time.monotonic_ns()}"
        execution = self.sfn.start_execution(stateMachineArn=arn, name=name)["executionArn"]
        return self.token_of(execution)

    def token_of(self, execution_arn: str) -> str:
        """The token with which an execution waits for the test."""
        for _ in _attempts(f"{execution_arn} has not asked for its token"):
            if execution_arn in self._work:
                break
            for message in self.sqs.receive_message(
                QueueUrl=self.work_queue_url,
                MaxNumberOfMessages=10,
            ).get("Messages", []):
                body = json.loads(message["Body"])
                self._work[body["execution"]] = body["token"]
                self.sqs.delete_message(
                    QueueUrl=self.work_queue_url,
                    ReceiptHandle=message["ReceiptHandle"],
                )
        return self._work[execution_arn]

    def end(self, execution_arn: str, output: Any = None, error: str | None = None) -> None:
        """End a child's run: with an output, or with an error."""
        token = self.token_of(execution_arn)
        if error is None:
            given = self.describe(execution_arn)["input"]
            text = given if output is None else json.dumps(output)
            self.sfn.send_task_success(taskToken=token, output=text)
        else:
            self.sfn.send_task_failure(taskToken=token, error=error, cause="it broke")
        self.wait_ended(execution_arn)

    def abort(self, execution_arn: str) -> None:
        """Stop a child's run as an operator would."""
        token = self.token_of(execution_arn)
        self.sfn.stop_execution(executionArn=execution_arn)
        with contextlib.suppress(ClientError):  # moto's interpreter may have noticed by itself
            self.sfn.send_task_success(taskToken=token, output="{}")
        self.wait_ended(execution_arn)

    def wait_ended(self, execution_arn: str, seconds: float = SECONDS) -> dict[str, Any]:
        """Wait until an execution is no longer running."""
        for _ in _attempts(f"{execution_arn} has not ended", seconds):
            description = self.describe(execution_arn)
            if description["status"] != "RUNNING":
                break
        return description

    def describe(self, execution_arn: str) -> dict[str, Any]:
        """DescribeExecution."""
        return dict(self.sfn.describe_execution(executionArn=execution_arn))

    # --- the queue ------------------------------------------------------------------

    def send(
        self,
        body: Any,
        token: str | None = None,
        waiter: dict[str, str] | None = None,
    ) -> None:
        """Send a message to the process queue, a token as its attribute."""
        attributes = {}
        if token is not None:
            attributes["cirrus-task-token"] = {"DataType": "String", "StringValue": token}
        for name, value in (waiter or {}).items():
            attributes[f"cirrus-waiter-{name}"] = {"DataType": "String", "StringValue": value}
        self.sqs.send_message(
            QueueUrl=self.names.process_queue_url,
            MessageBody=body if isinstance(body, str) else json.dumps(body),
            MessageAttributes=attributes,
        )

    def receive(self) -> dict[str, Any] | None:
        """The event of the next batch, None where the queue is empty."""
        messages = self.sqs.receive_message(
            QueueUrl=self.names.process_queue_url,
            MaxNumberOfMessages=10,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        return sqs_event(messages, self.names.process_queue_arn) if messages else None

    def delete(self, event: dict[str, Any]) -> None:
        """What the event source mapping does once the handler has returned."""
        for record in event["Records"]:
            self.sqs.delete_message(
                QueueUrl=self.names.process_queue_url,
                ReceiptHandle=record["receiptHandle"],
            )

    def process(self, event: dict[str, Any] | None = None) -> Any:
        """Deliver the next batch to the wrapped ``process``; deleted if it returns."""
        from cirrus_callbacks_plugin.lambda_functions import process

        batch = event or self.receive()
        assert batch is not None, "the process queue is empty"
        returned = process.lambda_handler(batch, Context())
        self.delete(batch)
        return returned

    def deliver(self, *messages: tuple[Any, str | None]) -> Any:
        """Send messages (a body and its token) and deliver them in one batch."""
        for body, token in messages:
            self.send(body, token)
        return self.process()

    def messages_left(self) -> int:
        """Messages in the process queue, in flight or not."""
        attributes = self.sqs.get_queue_attributes(
            QueueUrl=self.names.process_queue_url,
            AttributeNames=["All"],
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + int(
            attributes["ApproximateNumberOfMessagesNotVisible"],
        )

    # --- events and stream ----------------------------------------------------------

    def event_of(self, execution_arn: str, **detail: Any) -> dict[str, Any]:
        """EventBridge's event of an ended execution, parts of its detail changed."""
        event = execution_event(self.describe(execution_arn))
        event["detail"].update(detail)
        return event

    def event_about(
        self,
        execution_arn: str,
        status: str = "SUCCEEDED",
        about: dict[str, Any] | None = None,
        **detail: Any,
    ) -> dict[str, Any]:
        """EventBridge's event of a run that only the state table knows of."""
        text = json.dumps(about or {"id": payload_id(), **payload()})
        execution = {
            "executionArn": execution_arn,
            "stateMachineArn": self.names.state_machine_arn("sentinel-2-cog"),
            "name": execution_arn.rpartition(":")[2],
            "status": status,
            "startDate": datetime(2024, 6, 1, tzinfo=timezone.utc),
            "stopDate": datetime(2024, 6, 2, tzinfo=timezone.utc),
            "input": text,
            "output": text if status == "SUCCEEDED" else None,
        }
        event = execution_event(execution)
        event["detail"].update(detail)
        return event

    def update_state(self, ended: str | dict[str, Any], context: Any = None) -> Any:
        """Deliver an ended execution (or an event) to the wrapped ``update-state``."""
        from cirrus_callbacks_plugin.lambda_functions import update_state

        event = self.event_of(ended) if isinstance(ended, str) else ended
        return update_state.lambda_handler(event, context or Context())

    def run_to_end(self, token: str | None = None, error: str | None = None) -> str:
        """Process the usual payload, end its run, deliver the end; return the run."""
        self.deliver((payload(), token))
        run = self.runs(payload_id())[-1]
        self.end(run, error=error)
        self.update_state(run)
        return run

    def new_stream_records(self) -> list[dict[str, Any]]:
        """Records of the tracking table's stream since the last call."""
        if self._stream is None:
            self._stream = StreamRecords(self.streams, self.deployment.stream_arn)
        return self._stream.new()

    def send_answers(self, records: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Deliver stream records, the new ones unless told, to the sender."""
        from cirrus_callbacks_plugin.lambda_functions import sender

        batch = self.new_stream_records() if records is None else records
        return sender.lambda_handler({"Records": batch}, Context())

    # --- cirrus's own writes, without a run ----------------------------------------

    def write_state(self, state: str | None, runs: tuple[str, ...] = ("old",)) -> list[str]:
        """Give the usual payload a state as cirrus's own StateDB writes it.

        Returns:
            ARNs of the runs that are listed then.
        """
        from cirrus.lib.statedb import StateDB

        if state is None:
            return []
        states, about = StateDB(), payload_id()
        arns = [self.run_arn(name) for name in runs]
        for position, arn in enumerate(arns):
            if position:
                states.set_failed(about, "an earlier run failed")
            states.claim_processing(payload_id=about, execution_arn=arn)
        if state == "CLAIMED":
            return arns
        states.set_processing(about)
        if state in ("FAILED", "INVALID"):
            getattr(states, f"set_{state.lower()}")(about, f"{state} before")
        elif state != "PROCESSING":
            getattr(states, f"set_{state.lower()}")(about)
        return arns

    def run_arn(self, name: str, workflow: str = "sentinel-2-cog") -> str:
        """The ARN of a run of that name."""
        machine = self.names.state_machine_arn(workflow)
        return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"

    def waits(self) -> WaitsTable:
        """The product's own view of the tracking table."""
        return WaitsTable(self.dynamodb, self.names.callbacks_table)

    # --- what is there --------------------------------------------------------------

    def rows(self) -> list[dict[str, Any]]:
        """The tracking table's rows, as plain values."""
        items = self.dynamodb.scan(TableName=self.names.callbacks_table)["Items"]
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for item in items]

    def row(self, token: str) -> dict[str, Any]:
        """The one row of a token."""
        (found,) = [row for row in self.rows() if row["task_token"] == token]
        return found

    def parent_of(self, token: str, seconds: float = SECONDS) -> dict[str, Any]:
        """The ended execution that waited with a token."""
        (execution,) = [arn for arn, known in self._work.items() if known == token]
        return self.wait_ended(execution, seconds)

    def record(self, payload_id: str) -> dict[str, Any] | None:
        """A payload's record in cirrus's state table, as plain values."""
        from cirrus_callbacks_plugin.cirrus.state_table import StateKey

        key = StateKey.of(payload_id)
        assert key is not None
        item = self.dynamodb.get_item(
            TableName=self.names.state_table,
            Key=key.to_item(),
            ConsistentRead=True,
        ).get("Item")
        read = TypeDeserializer().deserialize
        return {name: read(value) for name, value in item.items()} if item else None

    def runs(self, payload_id: str) -> list[str]:
        """ARNs of a payload's runs, oldest first."""
        record = self.record(payload_id)
        return list(record.get("executions", [])) if record else []

    def state(self, payload_id: str) -> str | None:
        """A payload's state."""
        record = self.record(payload_id)
        return str(record["state_updated"]).partition("_")[0] if record else None


class Context:
    """Lambda's context, as far as anybody looks at it."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "test"

    def __init__(self, seconds: float = 10.0) -> None:
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left."""
        return max(0, int((self._ends - time.monotonic()) * 1000))


def payload(
    item: str = "S2A_31UFS_20240601_0_L2A",
    workflow: str = "sentinel-2-cog",
    **process: Any,
) -> dict[str, Any]:
    """A payload that every cirrus accepts."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "stac_version": "1.0.0",
                "id": item,
                "collection": "sentinel-2-l2a",
                "geometry": None,
                "properties": {"datetime": "2024-06-01T10:56:21Z"},
                "links": [],
                "assets": {},
            },
        ],
        "process": [
            {
                "workflow": workflow,
                "upload_options": {"path_template": "/${collection}/${id}"},
                "tasks": {},
                **process,
            },
        ],
    }


def payload_id(item: str = "S2A_31UFS_20240601_0_L2A", workflow: str = "sentinel-2-cog") -> str:
    """The id that cirrus gives :func:`payload`."""
    return f"sentinel-2-l2a/workflow-{workflow}/{item}"
