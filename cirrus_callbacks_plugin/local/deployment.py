"""What a cirrus deployment has, created in any AWS endpoint: tables, queues, bucket, topics.

Names follow FilmDrop's modules: ``<prefix>-state``, ``<prefix>-process``, and so on.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.config import Config

from cirrus_callbacks_plugin.waits.definition import create_table

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.config import Tables

MAX_RECEIVES = 5
OWN_CALLS = "cirrus-callbacks-stack"
"""In the user agent of the stack's own calls, to tell them from the deployment's."""
EVENTBRIDGE_LIMIT_BYTES = 248 * 1024
"""EventBridge leaves out inputs and outputs that are together larger than this.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a deployment's parts.

    Attributes:
        prefix: what the parts' names begin with.
        region: the AWS region.
        account: the AWS account.
        endpoint_url: where AWS is; None for AWS itself.
        tables: the two tables' names where they do not follow from the prefix.
    """

    prefix: str
    region: str
    account: str
    endpoint_url: str | None = None
    tables: Tables | None = None

    @property
    def state_table(self) -> str:
        """Cirrus's state table."""
        return self.tables.state if self.tables else f"{self.prefix}-state"

    @property
    def callbacks_table(self) -> str:
        """The tracking table."""
        return self.tables.callbacks if self.tables else f"{self.prefix}-callbacks"

    @property
    def process_queue(self) -> str:
        """The queue that ``process`` reads."""
        return f"{self.prefix}-process"

    @property
    def dead_letter_queue(self) -> str:
        """Where a message goes that was received five times in vain."""
        return f"{self.prefix}-process-dead-letter"

    @property
    def payload_bucket(self) -> str:
        """Cirrus's payload bucket."""
        return f"{self.prefix}-payloads"

    @property
    def joins_url(self) -> str:
        """Where the whole lists of joins' members are written; as the module has it."""
        return f"s3://{self.payload_bucket}/cirrus/callbacks/joins/"

    @property
    def process_queue_url(self) -> str:
        """The process queue's URL."""
        base = self.endpoint_url or f"https://sqs.{self.region}.amazonaws.com"
        return f"{base}/{self.account}/{self.process_queue}"

    @property
    def process_queue_arn(self) -> str:
        """The process queue's ARN."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.process_queue}"

    @property
    def dead_letter_queue_arn(self) -> str:
        """Of the queue's dead letters."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.dead_letter_queue}"

    @property
    def event_topic_arn(self) -> str:
        """Cirrus's workflow-event topic."""
        return f"arn:aws:sns:{self.region}:{self.account}:{self.prefix}-workflow-event"

    def state_machine_arn(self, workflow: str) -> str:
        """The state machine of a workflow."""
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{self.prefix}-{workflow}"

    def environment(self) -> dict[str, str]:
        """The environment that cirrus's lambdas have, credentials of nobody included."""
        variables = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "CIRRUS_BASE_WORKFLOW_ARN": self.state_machine_arn(""),
            "CIRRUS_PAYLOAD_BUCKET": self.payload_bucket,
            "CIRRUS_PROCESS_QUEUE_URL": self.process_queue_url,
            "CIRRUS_STATE_DB": self.state_table,
            "CIRRUS_CALLBACKS_TABLE": self.callbacks_table,
            "CIRRUS_WORKFLOW_EVENT_TOPIC_ARN": self.event_topic_arn,
        }
        if self.endpoint_url:
            variables["AWS_ENDPOINT_URL"] = self.endpoint_url
        return variables


@dataclass(frozen=True, slots=True)
class LocalDeployment:
    """The parts themselves, once created."""

    names: Names
    session: Session
    stream_arn: str
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """The client for the endpoint on which the deployment stands; one a service."""
        if service not in self._clients:
            self._clients[service] = self.session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.names.endpoint_url,
                config=Config(user_agent_extra=OWN_CALLS),
            )
        return self._clients[service]


def create(
    names: Names,
    *,
    visibility_seconds: int = 30,
    stream_arn: str | None = None,
) -> LocalDeployment:
    """Create every part but the state machines, and the tracking table beside them.

    Args:
        names: what they are called.
        visibility_seconds: after which a failed batch comes again.
        stream_arn: the tracking table's stream, where somebody else made the table.
    """
    deployment = LocalDeployment(names, _session(names.region), stream_arn or "")
    dynamodb = deployment.client("dynamodb")
    dynamodb.create_table(**_state_table(names.state_table))
    if stream_arn is None:
        stream_arn = create_table(dynamodb, names.callbacks_table)
        deployment = replace(deployment, stream_arn=stream_arn)
    sqs = deployment.client("sqs")
    sqs.create_queue(QueueName=names.dead_letter_queue)
    sqs.create_queue(
        QueueName=names.process_queue,
        Attributes={
            "VisibilityTimeout": str(visibility_seconds),
            "RedrivePolicy": json.dumps(
                {
                    "deadLetterTargetArn": names.dead_letter_queue_arn,
                    "maxReceiveCount": MAX_RECEIVES,
                },
            ),
        },
    )
    deployment.client("sns").create_topic(Name=names.event_topic_arn.rpartition(":")[2])
    create_bucket(deployment, names.payload_bucket)
    return deployment


@functools.lru_cache(maxsize=4)
def _session(region: str) -> Session:
    """One for all deployments of a process: each reads the services' descriptions again."""
    return Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - not a real one
        region_name=region,
    )


def create_bucket(deployment: LocalDeployment, bucket: str) -> None:
    """Create a bucket in the deployment's region."""
    deployment.client("s3").create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": deployment.names.region},
    )


def create_state_machine(deployment: LocalDeployment, workflow: str, definition: str) -> str:
    """Create a workflow's state machine and return its ARN."""
    names = deployment.names
    response = deployment.client("stepfunctions").create_state_machine(
        name=f"{names.prefix}-{workflow}",
        definition=definition,
        roleArn=f"arn:aws:iam::{names.account}:role/{names.prefix}-{workflow}",
    )
    return str(response["stateMachineArn"])


def _state_table(name: str) -> dict[str, Any]:
    """Cirrus's own state table, as its deployments create it."""
    keys = ("collections_workflow", "itemids")
    index_keys = ("state_updated", "updated")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in keys + index_keys
        ],
        "KeySchema": [
            {"AttributeName": keys[0], "KeyType": "HASH"},
            {"AttributeName": keys[1], "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": attribute,
                "KeySchema": [
                    {"AttributeName": keys[0], "KeyType": "HASH"},
                    {"AttributeName": attribute, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for attribute in index_keys
        ],
    }
