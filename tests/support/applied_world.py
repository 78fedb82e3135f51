"""A deployment that Terraform applied to moto, driven step by step with its own environment."""

from __future__ import annotations

import importlib
import json
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from cirrus_callbacks_plugin.local.environment import isolated
from cirrus_callbacks_plugin.local.events import execution_event, sqs_event, stream_event
from support.cirrus_world import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.enforced_iam import Enforcement

REGION = "us-west-2"
ACCOUNT = "123456789012"

PATIENCE_SECONDS = 60.0
"""For whatever has to happen; a function's own timeout is not the point here."""

FUNCTIONS = {
    "process": "process",
    "update_state": "update-state",
    "sender": "callbacks-sender",
    "reconciler": "callbacks-reconciler",
}


@dataclass
class AppliedWorld:
    """What stands in moto under a prefix; the four functions run here, as Lambda would run them."""

    endpoint: str
    prefix: str
    enforcement: Enforcement | None = None
    _iterators: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of nobody's: nothing is enforced on the tests themselves."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def function(self, name: str) -> dict[str, Any]:
        """The configuration of a deployed function."""
        called = f"{self.prefix}-{FUNCTIONS[name]}"
        found = self.client("lambda").get_function_configuration(FunctionName=called)
        return dict(found)

    def role_of(self, name: str) -> str:
        """The name of a function's role."""
        return str(self.function(name)["Role"]).rpartition("/")[2]

    def invoke(
        self, name: str, event: Any, seconds: float = PATIENCE_SECONDS, **environment: str
    ) -> Any:
        """Run a function with the environment that Terraform gave it, as its role."""
        variables = self.function(name)["Environment"]["Variables"]
        aws = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        with isolated({**variables, **aws, **environment}), self.acting_as(name):
            module = importlib.import_module(f"cirrus_callbacks_plugin.lambda_functions.{name}")
            return module.lambda_handler(event, Context(seconds))

    @contextmanager
    def acting_as(self, name: str) -> Iterator[None]:
        """Every call in the block is the function's, and checked."""
        enforced = self.enforcement
        with enforced.acting_as(name) if enforced is not None else nullcontext():
            yield

    @property
    def queue_url(self) -> str:
        """The process queue."""
        return f"{self.endpoint}/{ACCOUNT}/{self.prefix}-process"

    def send(self, payload: Any) -> None:
        """Send a payload without a token, as a feeder does."""
        self.client("sqs").send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(payload))

    def process(self) -> int:
        """Deliver what is in the queue, batch by batch; returns how many messages there were."""
        sqs = self.client("sqs")
        delivered = 0
        while True:
            messages = sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=10,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not messages:
                return delivered
            arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.prefix}-process"
            self.invoke("process", sqs_event(messages, arn))
            for message in messages:
                sqs.delete_message(
                    QueueUrl=self.queue_url,
                    ReceiptHandle=message["ReceiptHandle"],
                )
            delivered += len(messages)

    def machine(self, workflow: str) -> str:
        """The state machine of a workflow."""
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.prefix}-{workflow}"

    def start(self, workflow: str, given: Any) -> str:
        """Start a workflow's execution by hand."""
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self.machine(workflow),
            name=f"by-hand-{time.monotonic_ns()}",
            input=json.dumps(given),
        )
        return str(started["executionArn"])

    def executions(self, workflow: str) -> list[str]:
        """ARNs of a workflow's executions."""
        listed = self.client("stepfunctions").list_executions(
            stateMachineArn=self.machine(workflow)
        )
        return [execution["executionArn"] for execution in listed["executions"]]

    def describe(self, execution_arn: str) -> dict[str, Any]:
        """DescribeExecution."""
        return dict(self.client("stepfunctions").describe_execution(executionArn=execution_arn))

    def ended(self, execution_arn: str) -> dict[str, Any]:
        """Wait until an execution has ended."""

        def look() -> dict[str, Any] | None:
            found = self.describe(execution_arn)
            return None if found["status"] == "RUNNING" else found

        found: dict[str, Any] = _wait_for(look, f"{execution_arn} goes on")
        return found

    def messages(self, count: int) -> None:
        """Wait until so many messages are in the process queue."""

        def look() -> bool:
            attributes = self.client("sqs").get_queue_attributes(
                QueueUrl=self.queue_url,
                AttributeNames=["ApproximateNumberOfMessages"],
            )["Attributes"]
            return int(attributes["ApproximateNumberOfMessages"]) >= count

        _wait_for(look, f"fewer than {count} messages came")

    def update_state(self, execution_arn: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Deliver an execution's end."""
        event = execution_event(self.ended(execution_arn))
        self.invoke("update_state", event, seconds)

    def table(self) -> dict[str, Any]:
        """DescribeTable of the tracking table."""
        name = f"{self.prefix}-callbacks"
        return dict(self.client("dynamodb").describe_table(TableName=name)["Table"])

    def new_records(self) -> list[dict[str, Any]]:
        """The stream's records since the last call."""
        arn = self.table()["LatestStreamArn"]
        streams = self.client("dynamodbstreams")
        if arn not in self._iterators:
            shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
            self._iterators[arn] = streams.get_shard_iterator(
                StreamArn=arn,
                ShardId=shard["ShardId"],
                ShardIteratorType="TRIM_HORIZON",
            )["ShardIterator"]
        page = streams.get_records(ShardIterator=self._iterators[arn])
        if page["Records"]:  # moto's iterator of an empty shard leads past its first record
            self._iterators[arn] = page["NextShardIterator"]
        return list(stream_event(page["Records"], arn)["Records"])

    def mapping(self) -> dict[str, Any]:
        """The event source mapping of the sender."""
        listed = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        stream = self.table()["LatestStreamArn"]
        (found,) = [mapping for mapping in listed if mapping["EventSourceArn"] == stream]
        return dict(found)

    def patterns(self) -> list[dict[str, Any]]:
        """The mapping's filter patterns."""
        filters = self.mapping()["FilterCriteria"]["Filters"]
        return [json.loads(each["Pattern"]) for each in filters]

    def send_answers(self, seconds: float = 60.0) -> dict[str, Any]:
        """Deliver the stream's new records to the sender through the deployed filter."""
        from cirrus_callbacks_plugin.local.sources.filters import matcher

        matches = matcher(self.patterns())
        records = [record for record in self.new_records() if matches(record)]
        if not records:
            return {"batchItemFailures": []}
        answered: dict[str, Any] = self.invoke("sender", {"Records": records}, seconds)
        return answered

    def rows(self) -> list[dict[str, Any]]:
        """The tracking table's rows, as plain values."""
        from boto3.dynamodb.types import TypeDeserializer

        read = TypeDeserializer().deserialize
        items = self.client("dynamodb").scan(TableName=f"{self.prefix}-callbacks")["Items"]
        return [{name: read(value) for name, value in item.items()} for item in items]


def _wait_for(look: Callable[[], Any], why_not: str) -> Any:
    """What ``look`` finds at last; a test that waits in vain ends after a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, why_not
        time.sleep(0.05)
    return found
