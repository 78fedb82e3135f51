"""A serverless project's build, deployed to moto; its functions run from their built folders.

What moto's CloudFormation does not do is done by calls, and stands in :func:`deploy`.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.applied_world import ACCOUNT, FUNCTIONS, REGION, AppliedWorld
from support.dist_zip import link_distributions
from support.unpacked import Unpacked

if TYPE_CHECKING:
    from pathlib import Path

STACK = "cirrus-dev"
_LEFT_OUT = ("AWS::EC2::", "AWS::Batch::", "AWS::Timestream::")
"""No part of the loop; moto knows no Timestream and does not create all of the network."""
_OF_THE_LOOP = tuple(FUNCTIONS.values())
_MACHINE = "AWS::StepFunctions::StateMachine"


@dataclass
class ServerlessWorld(AppliedWorld):
    """The deployed stack; every invocation is a fresh interpreter that sees one package."""

    build: Path | None = None
    packages: Path | None = None
    _linked: dict[str, Path] = field(default_factory=dict)

    def invoke(self, name: str, event: Any, seconds: float = 10.0, **environment: str) -> Any:
        """Run a function as it was deployed: handler, environment, requirements."""
        assert self.build is not None
        deployed = self.function(name)
        aws = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        variables = {**deployed["Environment"]["Variables"], **aws, **environment}
        folder = self.build / "lambdas" / FUNCTIONS[name]
        package = Unpacked((folder,), self._requirements(name), sys.executable, variables)
        return package.call(deployed["Handler"], event)["returned"]

    def describe(self, execution_arn: str) -> dict[str, Any]:
        """As DescribeExecution; moto leaves out the name of a run started without one."""
        return {"name": execution_arn.rpartition(":")[2], **super().describe(execution_arn)}

    def _requirements(self, name: str) -> Path:
        """What ``requirements.txt`` names, and boto3, which the runtime has."""
        assert self.build is not None
        assert self.packages is not None
        if name not in self._linked:
            listed = self.build / "lambdas" / FUNCTIONS[name] / "requirements.txt"
            found = [re.match(r"[\w.-]+", line) for line in listed.read_text().splitlines()]
            names = {"boto3", *(match[0] for match in found if match)}
            self._linked[name] = link_distributions(self.packages / name, names)
        return self._linked[name]


def deploy(template: dict[str, Any], build: Path, endpoint: str, packages: Path) -> ServerlessWorld:
    """Create the stack from its template.

    moto's CloudFormation sets no TTL, and creates state machines that its interpreter does not
    know: both are done by calls, from the template's own values.
    """
    world = ServerlessWorld(endpoint, STACK, build=build, packages=packages)
    resources = {name: _plain(each) for name, each in _kept(template).items()}
    machines = {name: each for name, each in resources.items() if each["Type"] == _MACHINE}
    stack = {**_plain({name: template[name] for name in ("Conditions",) if name in template})}
    stack["Resources"] = {name: each for name, each in resources.items() if name not in machines}
    packages.mkdir()
    cloudformation = world.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(stack),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    assert status == "CREATE_COMPLETE"
    table = stack["Resources"]["CallbacksTable"]["Properties"]
    world.client("dynamodb").update_time_to_live(
        TableName=f"{STACK}-callbacks",
        TimeToLiveSpecification=table["TimeToLiveSpecification"],
    )
    queue = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{STACK}-process"
    for machine in machines.values():
        text, parameters = definition_of(machine)
        for name, value in parameters.items():
            assert value == {"Ref": "ProcessQueue"}, value
            text = text.replace(f"${{{name}}}", queue)
        world.client("stepfunctions").create_state_machine(
            name=machine["Properties"]["StateMachineName"],
            definition=text,
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/any",
        )
    return world


def definition_of(machine: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A machine's text, and what stands for its parameters."""
    definition = machine["Properties"]["DefinitionString"]
    if isinstance(definition, str):
        return definition, {}
    text, parameters = definition["Fn::Sub"]
    return text, parameters


def physical_id(world: ServerlessWorld, logical_id: str) -> str:
    """What a resource of the stack is called."""
    listed = world.client("cloudformation").list_stack_resources(StackName=STACK)
    (found,) = [
        each["PhysicalResourceId"]
        for each in listed["StackResourceSummaries"]
        if each["LogicalResourceId"] == logical_id
    ]
    return str(found)


def _kept(template: dict[str, Any]) -> dict[str, Any]:
    """The resources of the loop: without network, Batch and the other functions."""
    resources = template["Resources"]
    others = {
        name.removesuffix("LambdaFunction")
        for name, each in resources.items()
        if each["Type"] == "AWS::Lambda::Function"
        and each["Properties"]["FunctionName"].removeprefix(f"{STACK}-") not in _OF_THE_LOOP
    }
    of_others = tuple(f"{name}{part}" for name in others for part in ("Lambda", "Iam", "Log"))
    return {
        name: each
        for name, each in resources.items()
        if not each["Type"].startswith(_LEFT_OUT)
        and not name.startswith((*of_others, "Batch", "EC2", "CirrusDashdevDashpublish"))
    }


def _plain(value: Any) -> Any:
    """A value without VPC and Timestream; a function's code is not in the template."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("Fn::If", [None])[0] == "TimestreamIsSupportedInRegion":
        return value["Fn::If"][2]
    plain = {
        name: _plain(each)
        for name, each in value.items()
        if name not in ("VpcConfig", "CIRRUS_EVENT_DB_AND_TABLE")
    }
    if "Code" in plain:
        plain["Code"] = {"ZipFile": "the built folder is run instead"}
    return plain
