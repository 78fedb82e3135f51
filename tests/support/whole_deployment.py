"""A deployment with everything that the Terraform module makes, in moto, without Terraform."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.iam.permissions import Condition, Function, Resource, needed_by
from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.operations.doctor.parts import Parts
from cirrus_callbacks_plugin.package.dist import root_handler
from cirrus_callbacks_plugin.sender import filters
from cirrus_callbacks_plugin.waits.table import utc_now

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PREFIX = "fd-whole-cirrus"
KEYS = (
    Resource.TABLE_KEY,
    Resource.FAILURE_KEY,
    Resource.QUEUE_KEY,
    Resource.MEMBER_LISTS_KEY,
    Resource.JOINS_KEY,
)
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
ALL_MODULES = ("joins/opening", "joins/telling", "waits/continuation")
MODULES: dict[str, tuple[str, ...]] = {
    "bare": (),
    "handlers alone": (),
    "before joins": ("waits/continuation",),
    "before reserved rows": (),
}
"""Of the modules that tell what a function knows: those in a zip that is not the newest."""
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
    """A zip with both handlers: wrapped, cirrus's own (``bare``), without metadata, or older."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for handler in ("process", "update_state"):
            source = b"def lambda_handler(event, context): ..."
            archive.writestr(
                f"{handler}.py", source if name == "bare" else root_handler(handler).data
            )
        archive.writestr("cirrus_geo-2.0.0.dist-info/METADATA", "Name: cirrus-geo")
        if name not in ("bare", "handlers alone"):
            archive.writestr("cirrus_callbacks_plugin/__init__.py", "")
        if name not in ("bare", "handlers alone", "slimmed"):
            archive.writestr("cirrus_callbacks_plugin-0.1.0.dist-info/METADATA", "Name: ours")
        for module in MODULES.get(name, ALL_MODULES):
            archive.writestr(f"cirrus_callbacks_plugin/{module}.py", "")
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
        self.of_ours = "wrapped"
        self.conditions = frozenset({Condition.ALWAYS, Condition.FAILURE_BUCKET})
        self.keys = dict.fromkeys(KEYS, "")
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
        """What a function has to be allowed, action by action."""
        return [
            allow([action], self.resources()[permission.resource])
            for permission in needed_by(Function(name))
            if permission.condition in self.conditions
            for action in permission.actions
        ]

    def resources(self) -> dict[Resource, str]:
        """What permissions are about, as policies name it."""
        table = self.arn("dynamodb", f"table/{PREFIX}-callbacks")
        bucket = f"arn:aws:s3:::{PREFIX}-cb-fail"
        return {
            Resource.ANY: "*",
            Resource.TABLE: table,
            Resource.INDEX: f"{table}/index/waiting",
            Resource.STREAM: self.table["LatestStreamArn"],
            **self.keys,
            Resource.STATE_TABLE: self.arn("dynamodb", f"table/{PREFIX}-state"),
            Resource.PROCESS_QUEUE: self.arn("sqs", f"{PREFIX}-*"),
            Resource.PAYLOADS: f"arn:aws:s3:::{PREFIX}-payloads/*",
            Resource.MEMBER_LISTS: f"arn:aws:s3:::{PREFIX}-payloads/*",
            Resource.JOINS: f"arn:aws:s3:::{PREFIX}-joins/of/*",
            Resource.MACHINES: self.arn("states", f"stateMachine:{PREFIX}-*"),
            Resource.RUNS: self.arn("states", f"execution:{PREFIX}-*:*"),
            Resource.FAILURE_BUCKET: bucket,
            Resource.FAILED_RECORDS: f"{bucket}/aws/lambda/*",
            Resource.LOG_STREAMS: self.arn("logs", f"log-group:/aws/lambda/{PREFIX}-*"),
        }

    def under_every_condition(self, patch: pytest.MonkeyPatch) -> None:
        """Turn on whatever calls for a permission of its own, and grant all of them.

        moto keeps neither a table's encryption nor tracing: they are said in its place.
        """
        parts.create_bucket(self.deployment, f"{PREFIX}-joins")
        kms = self.client("kms")
        self.keys = {each: kms.create_key()["KeyMetadata"]["Arn"] for each in KEYS}
        for bucket, of in (
            ("cb-fail", Resource.FAILURE_KEY),
            ("payloads", Resource.MEMBER_LISTS_KEY),
            ("joins", Resource.JOINS_KEY),
        ):
            self._encrypt(f"{PREFIX}-{bucket}", self.keys[of])
        self.sqs.set_queue_attributes(
            QueueUrl=self.names.process_queue_url,
            Attributes={"KmsMasterKeyId": self.keys[Resource.QUEUE_KEY]},
        )
        table, function = Parts.table, Parts.function
        encryption = {"SSEDescription": {"KMSMasterKeyArn": self.keys[Resource.TABLE_KEY]}}
        runs = {"TracingConfig": {"Mode": "Active"}, "VpcConfig": {"SubnetIds": ["subnet-1"]}}
        patch.setattr(
            Parts, "table", lambda parts, name: {**(table(parts, name) or {}), **encryption}
        )
        patch.setattr(
            Parts, "function", lambda parts, name: {**(function(parts, name) or {}), **runs}
        )
        more = {
            "process": {"CIRRUS_PAYLOAD_BUCKET": f"{PREFIX}-payloads"},
            "callbacks-sender": {"CIRRUS_CALLBACKS_JOINS_URL": f"s3://{PREFIX}-joins/of/"},
            "callbacks-reconciler": {
                "CIRRUS_CALLBACKS_HEARTBEAT": "true",
                "CIRRUS_CALLBACKS_JOINS_URL": f"s3://{PREFIX}-joins/of/",
            },
        }
        for name, variables in more.items():
            self.lambdas.update_function_configuration(
                FunctionName=f"{PREFIX}-{name}",
                Environment={"Variables": {**self.variables(name), **variables}},
            )
        self.conditions = frozenset(Condition)
        for name in FUNCTIONS:
            self.put_policy(name, self.statements(name))

    def _encrypt(self, bucket: str, key: str) -> None:
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        self.client("s3").put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]
            },
        )

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
        self.lambdas.create_function(
            FunctionName=f"{PREFIX}-{name}",
            Runtime="python3.12",
            Role=role,
            Handler=FUNCTIONS[name],
            Code={"ZipFile": code()},
            Environment={"Variables": self.variables(name)},
        )

    def variables(self, name: str) -> dict[str, str]:
        """A function's environment."""
        more = {
            "callbacks-sender": {"CIRRUS_CALLBACKS_WORKFLOWS": FLAG},
            "callbacks-reconciler": {"CIRRUS_CALLBACKS_FAILURES_URL": self.failures},
        }
        return {
            "CIRRUS_STATE_DB": f"{PREFIX}-state",
            "CIRRUS_CALLBACKS_TABLE": f"{PREFIX}-callbacks",
            **more.get(name, {}),
        }

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
        path.write_bytes(code(self.of_ours if "-callbacks-" in url else self.code))
