"""What a deployment has besides what runs here: for ``doctor`` to look at, where people practise.

Functions with their code, roles, mappings, rules, and the deployment's entry in SSM. Nothing of
it runs: the stack's own event sources call the handlers. What is left out is switched off, as
somebody would find it.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.iam.permissions import Function, needed_by
from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.package import archive
from cirrus_callbacks_plugin.package.dist import WRAPPED, root_handler
from cirrus_callbacks_plugin.package.plugin import ANSWERING, HOOKS, PACKAGE, plugin_files
from cirrus_callbacks_plugin.sender import filters

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cirrus_callbacks_plugin.local.deployment import LocalDeployment

_HANDLERS = {
    Function.PROCESS: "process.lambda_handler",
    Function.UPDATE_STATE: "update_state.lambda_handler",
    Function.SENDER: f"{PACKAGE}.lambda_functions.sender.lambda_handler",
    Function.RECONCILER: f"{PACKAGE}.lambda_functions.reconciler.lambda_handler",
}
_CODE_BUCKET = "code"
_FAILURE_BUCKET = "callbacks-failures"


def publish(
    deployment: LocalDeployment,
    environment: Mapping[str, str],
    without: Collection[str],
) -> None:
    """Make all of it; the deployment's name is its prefix.

    Args:
        deployment: the parts that are there.
        environment: what the plugin's functions are set to.
        without: functions that are left out (``process``, ``update-state``, ``sender``,
            ``reconciler``).
    """
    practice = _Practice(deployment, environment, frozenset(without))
    practice.buckets()
    for function in Function:
        practice.function(function)
    practice.mappings()
    practice.rules()
    practice.runs()
    practice.entry()


@dataclass(frozen=True, slots=True)
class _Practice:
    deployment: LocalDeployment
    environment: Mapping[str, str]
    without: frozenset[str]

    @property
    def prefix(self) -> str:
        return self.deployment.names.prefix

    def client(self, service: str) -> Any:
        return self.deployment.client(service)

    def name(self, function: Function) -> str:
        return f"{self.prefix}-{function.value}"

    def is_on(self, function: Function) -> bool:
        return function.value.removeprefix("callbacks-") not in self.without

    def buckets(self) -> None:
        for bucket in (_CODE_BUCKET, _FAILURE_BUCKET):
            parts.create_bucket(self.deployment, f"{self.prefix}-{bucket}")
        for part, key in ((HOOKS, "hooks.zip"), (ANSWERING, "sender.zip")):
            files = plugin_files(part)
            if part is HOOKS:
                files.update({f"{name}.py": root_handler(name) for name in WRAPPED})
            with tempfile.TemporaryDirectory() as folder:
                path = archive.write(Path(folder) / key, files).path
                self.client("s3").put_object(
                    Bucket=f"{self.prefix}-{_CODE_BUCKET}",
                    Key=key,
                    Body=path.read_bytes(),
                    ACL="public-read",  # Lambda signs a URL; here it is the bare place
                )
        self.client("sqs").create_queue(QueueName=f"{self.prefix}-update-state-dead-letter")

    def function(self, function: Function) -> None:
        """With a role that may do what the function has to."""
        role = self.client("iam").create_role(
            RoleName=f"{self.name(function)}-role", AssumeRolePolicyDocument="{}"
        )["Role"]
        actions = sorted({each for needed in needed_by(function) for each in needed.actions})
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        self.client("iam").put_role_policy(
            RoleName=role["RoleName"],
            PolicyName="own",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        key = "sender.zip" if function.is_ours else "hooks.zip"
        self.client("lambda").create_function(
            FunctionName=self.name(function),
            Runtime="python3.12",
            Role=role["Arn"],
            Handler=_HANDLERS[function],
            Code={"S3Bucket": f"{self.prefix}-{_CODE_BUCKET}", "S3Key": key},
            Environment={"Variables": self.variables(function)},
        )

    def variables(self, function: Function) -> dict[str, str]:
        names = self.deployment.names
        failures = f"s3://{self.prefix}-{_FAILURE_BUCKET}/"
        return {
            config.STATE_DB: names.state_table,
            config.TABLE: names.callbacks_table,
            **(self.environment if function.is_ours else {}),
            **({config.FAILURES_URL: failures} if function is Function.RECONCILER else {}),
        }

    def mappings(self) -> None:
        names = self.deployment.names
        self.client("lambda").create_event_source_mapping(
            EventSourceArn=names.process_queue_arn,
            FunctionName=self.name(Function.PROCESS),
            Enabled=self.is_on(Function.PROCESS),
        )
        flag = config.EnabledWorkflows.from_env(self.environment)
        self.client("lambda").create_event_source_mapping(
            EventSourceArn=self.deployment.stream_arn,
            FunctionName=self.name(Function.SENDER),
            Enabled=self.is_on(Function.SENDER),
            StartingPosition="TRIM_HORIZON",
            FilterCriteria=filters.filter_criteria(flag),
            FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={
                "OnFailure": {"Destination": f"arn:aws:s3:::{self.prefix}-{_FAILURE_BUCKET}"}
            },
        )

    def rules(self) -> None:
        """The reconciler's schedule, and the rule that brings ends to update-state."""
        ends = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
        for function, when in (
            (Function.RECONCILER, {"ScheduleExpression": "rate(5 minutes)"}),
            (Function.UPDATE_STATE, {"EventPattern": json.dumps(ends)}),
        ):
            rule = self.name(function)
            state = "ENABLED" if self.is_on(function) else "DISABLED"
            self.client("events").put_rule(Name=rule, State=state, **when)
            names = self.deployment.names
            arn = f"arn:aws:lambda:{names.region}:{names.account}:function:{rule}"
            self.client("events").put_targets(Rule=rule, Targets=[{"Id": rule, "Arn": arn}])

    def runs(self) -> None:
        """The first run of the schedule: it comes as soon as the stack is up."""
        if self.is_on(Function.RECONCILER):
            function = {"Name": "FunctionName", "Value": self.name(Function.RECONCILER)}
            run = {"MetricName": "Invocations", "Dimensions": [function], "Value": 1.0}
            self.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[run])

    def entry(self) -> None:
        """The deployment in SSM, as cirrus publishes it."""
        path = f"/deployment/{self.prefix}/"
        parameters = {
            "CIRRUS_PREFIX": f"{self.prefix}-",
            "CIRRUS_PROCESS_QUEUE_URL": self.deployment.names.process_queue_url,
            **self.variables(Function.PROCESS),
        }
        pointer = json.dumps({"type": "parameter_store", "value": path})
        for name, value in {
            f"/cirrus/deployments/{self.prefix}": pointer,
            **{f"{path}{name}": value for name, value in parameters.items()},
        }.items():
            self.client("ssm").put_parameter(Name=name, Type="String", Value=value)
