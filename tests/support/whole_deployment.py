"""A deployment with everything that the Terraform module makes, in moto, without Terraform."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.package.dist import root_handler
from cirrus_callbacks_plugin.sender import filters
from cirrus_callbacks_plugin.waits.table import utc_now

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "fd-whole-cirrus"
NAME = "whole-dev"
ACCOUNT = "123456789012"
REGION = "us-west-2"
FLAG = "sentinel-2-cog"
FUNCTIONS = {
    "process": "process.lambda_handler",
    "update-state": "update_state.lambda_handler",
    "callbacks-sender": "cirrus_callbacks_plugin.lambda_functions.sender.lambda_handler",
    "callbacks-reconciler": "cirrus_callbacks_plugin.lambda_functions.reconciler.lambda_handler",
}
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def code(name: str = "wrapped") -> bytes:
    """A zip with both handlers: wrapped, cirrus's own (``bare``), or without metadata."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for handler in ("process", "update_state"):
            source = b"def lambda_handler(event, context): ..."
            archive.writestr(
                f"{handler}.py", source if name == "bare" else root_handler(handler).data
            )
        archive.writestr("cirrus_geo-2.0.0.dist-info/METADATA", "Name: cirrus-geo")
        if name in ("wrapped", "slimmed"):
            archive.writestr("cirrus_callbacks_plugin/__init__.py", "")
        if name == "wrapped":
            archive.writestr("cirrus_callbacks_plugin-0.1.0.dist-info/METADATA", "Name: ours")
    return buffer.getvalue()


def allow(actions: list[str], *resources: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources), **more}


@dataclass
class Whole:
    """The deployment."""

    def __post_init__(self) -> None:
        self.names = parts.Names(PREFIX, REGION, ACCOUNT)
        self.deployment = parts.create(self.names, visibility_seconds=180)
        self.code = "wrapped"
        self.lambdas = self.client("lambda")
        self.iam = self.client("iam")
        self.sqs = self.client("sqs")
        self.events = self.client("events")
        self.table = self.client("dynamodb").describe_table(TableName=f"{PREFIX}-callbacks")[
            "Table"
        ]
        self._bucket()
        for name in FUNCTIONS:
            self._function(name)
        self._wire()
        self._published()
        self.ran("callbacks-reconciler", 12)
        self.ran("callbacks-sender", 3)

    def client(self, service: str) -> Any:
        """A client, kept by the tests of the process."""
        return self.deployment.client(service)

    def _bucket(self) -> None:
        parts.create_bucket(self.deployment, f"{PREFIX}-cb-fail")
        self.failures = f"s3://{PREFIX}-cb-fail/aws/lambda/mapping/"

    def arn(self, service: str, rest: str) -> str:
        """The ARN of a part."""
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"

    def statements(self, name: str) -> list[dict[str, Any]]:
        """As terraform/{cirrus_roles,sender,reconciler}.tf, and cirrus's own."""
        table = self.arn("dynamodb", f"table/{PREFIX}-callbacks")
        state = self.arn("dynamodb", f"table/{PREFIX}-state")
        put = [f"dynamodb:{each}" for each in ("PutItem", "UpdateItem")]
        answers = allow(["states:SendTaskFailure", "states:SendTaskSuccess"], "*")
        return {
            "process": [allow(put, table), allow(["dynamodb:*GetItem"], state, f"{state}/index/*")],
            "update-state": [
                allow([*put, "dynamodb:Query"], table),
                allow(["dynamodb:GetItem"], state),
            ],
            "callbacks-sender": [
                answers,
                allow(
                    [*put, "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:Query"], table
                ),
                allow(["dynamodb:GetItem"], state),
                allow(
                    [
                        "dynamodb:DescribeStream",
                        "dynamodb:GetRecords",
                        "dynamodb:GetShardIterator",
                    ],
                    self.table["LatestStreamArn"],
                ),
            ],
            "callbacks-reconciler": [
                answers,
                allow(["dynamodb:Query"], f"{table}/index/waiting"),
                allow(["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], table),
                allow(["dynamodb:BatchGetItem", "dynamodb:GetItem"], state),
                allow(["states:ListExecutions"], self.arn("states", f"stateMachine:{PREFIX}-*")),
                allow(["states:DescribeExecution"], self.arn("states", f"execution:{PREFIX}-*:*")),
            ],
        }[name]

    def put_policy(self, name: str, statements: list[dict[str, Any]]) -> None:
        """Give a role its policy."""
        self.iam.put_role_policy(
            RoleName=f"{PREFIX}-{name}-role",
            PolicyName="own",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        )

    def _function(self, name: str) -> None:
        role = self.iam.create_role(
            RoleName=f"{PREFIX}-{name}-role", AssumeRolePolicyDocument=_TRUST
        )["Role"]["Arn"]
        self.put_policy(name, self.statements(name))
        variables = {
            "CIRRUS_STATE_DB": f"{PREFIX}-state",
            "CIRRUS_CALLBACKS_TABLE": f"{PREFIX}-callbacks",
        }
        if name == "callbacks-sender":
            variables["CIRRUS_CALLBACKS_WORKFLOWS"] = FLAG
        if name == "callbacks-reconciler":
            variables["CIRRUS_CALLBACKS_FAILURES_URL"] = self.failures
        self.lambdas.create_function(
            FunctionName=f"{PREFIX}-{name}",
            Runtime="python3.12",
            Role=role,
            Handler=FUNCTIONS[name],
            Code={"ZipFile": code()},
            Environment={"Variables": variables},
        )

    def _wire(self) -> None:
        self.lambdas.create_event_source_mapping(
            EventSourceArn=self.names.process_queue_arn, FunctionName=f"{PREFIX}-process"
        )
        self.mapping = self.lambdas.create_event_source_mapping(
            EventSourceArn=self.table["LatestStreamArn"],
            FunctionName=f"{PREFIX}-callbacks-sender",
            StartingPosition="TRIM_HORIZON",
            FilterCriteria=filters.filter_criteria(EnabledWorkflows.parse(FLAG)),
            FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{PREFIX}-cb-fail"}},
        )["UUID"]
        rule = f"{PREFIX}-callbacks-reconciler"
        self.events.put_rule(Name=rule, ScheduleExpression="rate(5 minutes)", State="ENABLED")
        self.events.put_targets(
            Rule=rule,
            Targets=[{"Id": rule, "Arn": self.arn("lambda", f"function:{rule}")}],
        )
        self.sqs.create_queue(QueueName=f"{PREFIX}-update-state-dead-letter")

    def _published(self) -> None:
        ssm = self.client("ssm")
        ssm.put_parameter(
            Name=f"/cirrus/deployments/{NAME}",
            Type="String",
            Value=json.dumps({"type": "parameter_store", "value": f"/deployment/{NAME}/"}),
        )
        for name, value in {
            "CIRRUS_PREFIX": f"{PREFIX}-",
            "CIRRUS_STATE_DB": f"{PREFIX}-state",
            "CIRRUS_CALLBACKS_TABLE": f"{PREFIX}-callbacks",
            "CIRRUS_PROCESS_QUEUE_URL": self.names.process_queue_url,
            "CIRRUS_CALLBACKS_SENDER_FUNCTION": f"{PREFIX}-callbacks-sender",
            "CIRRUS_CALLBACKS_RECONCILER_FUNCTION": f"{PREFIX}-callbacks-reconciler",
        }.items():
            ssm.put_parameter(Name=f"/deployment/{NAME}/{name}", Type="String", Value=value)

    def ran(self, name: str, times: int, metric: str = "Invocations") -> None:
        """Let CloudWatch know of runs a few minutes ago."""
        self.client("cloudwatch").put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": "FunctionName", "Value": f"{PREFIX}-{name}"}],
                    "Timestamp": utc_now() - timedelta(minutes=4),
                    "Value": float(times),
                }
            ],
        )

    def download(self, url: str, path: Path) -> None:
        """In the place of the S3 URL that moto signs, behind which there is nothing."""
        assert url.startswith("https://")
        path.write_bytes(code(self.code))
