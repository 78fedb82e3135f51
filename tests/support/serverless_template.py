"""The CloudFormation template that Serverless makes of a built ``serverless.yml``.

Serverless is a Node program; of what it does only the part that cirrus's builds use is done
here, as Serverless 3.18 with the three plugins that cirrus names does it: variables, functions
with a role each, their SQS and EventBridge events, state machines. HTTP events are left out.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

_VARIABLE = re.compile(r"\$\{(self|opt):([^,}]+?)(?:,\s*'([^']*)')?\}")
BUCKET = "ServerlessDeploymentBucket"

# Function properties by the names that CloudFormation gives them.
_PROPERTIES = {
    "handler": "Handler",
    "memorySize": "MemorySize",
    "timeout": "Timeout",
    "description": "Description",
    "reservedConcurrency": "ReservedConcurrentExecutions",
}


def template_of(built: dict[str, Any]) -> dict[str, Any]:
    """The template of a built ``serverless.yml``, for the default stage and region."""
    document = _resolved(built, built)
    provider, prefix = (
        document["provider"],
        f"{document['service']}-{document['provider']['stage']}",
    )
    resources: dict[str, Any] = {BUCKET: {"Type": "AWS::S3::Bucket"}}
    for name, function in document["functions"].items():
        resources |= _function(name, function, provider, prefix)
    for name, machine in document["stepFunctions"]["stateMachines"].items():
        resources |= _state_machine(name, machine)
    given = document["resources"]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        **given,
        "Resources": {**resources, **given["Resources"]},
    }


def _resolved(value: Any, document: Any) -> Any:
    """A value without Serverless's variables; one that is a whole text may be anything."""
    if isinstance(value, dict):
        return {key: _resolved(each, document) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, document) for each in value]
    if not isinstance(value, str):
        return value
    whole = _VARIABLE.fullmatch(value)
    if whole is not None:
        return _resolved(copy.deepcopy(_looked_up(whole, document)), document)
    return _VARIABLE.sub(lambda found: str(_resolved(_looked_up(found, document), document)), value)


def _looked_up(variable: re.Match[str], document: Any) -> Any:
    found = document if variable[1] == "self" else {}
    for part in variable[2].split("."):
        if not isinstance(found, dict) or part not in found:
            assert variable[3] is not None, f"{variable[0]} cannot be resolved"
            return variable[3]
        found = found[part]
    return found


def _id(name: str) -> str:
    spelled = name.replace("-", "Dash").replace("_", "Underscore")
    return spelled[0].upper() + spelled[1:]


def _function(
    name: str,
    function: dict[str, Any],
    provider: dict[str, Any],
    prefix: str,
) -> dict[str, Any]:
    made, full = _id(name), f"{prefix}-{name}"
    role, group = f"{made}IamRoleLambdaExecution", f"{made}LogGroup"
    vpc = function.get("vpc", provider.get("vpc"))
    properties: dict[str, Any] = {
        "Code": {"S3Bucket": {"Ref": BUCKET}, "S3Key": f"{full}.zip"},
        "FunctionName": full,
        "Runtime": function.get("runtime", provider["runtime"]),
        "Role": {"Fn::GetAtt": [role, "Arn"]},
        "Environment": {"Variables": {**provider["environment"], **function["environment"]}},
        **{theirs: function[ours] for ours, theirs in _PROPERTIES.items() if ours in function},
    }
    if vpc:
        properties["VpcConfig"] = {
            "SecurityGroupIds": vpc["securityGroupIds"],
            "SubnetIds": vpc["subnetIds"],
        }
    logs: dict[str, Any] = {"LogGroupName": f"/aws/lambda/{full}"}
    if "logRetentionInDays" in function:
        logs["RetentionInDays"] = function["logRetentionInDays"]
    resources = {
        group: {"Type": "AWS::Logs::LogGroup", "Properties": logs},
        f"{made}LambdaFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": properties,
            "DependsOn": [role, group],
        },
        role: _role(name, function, prefix, has_vpc=bool(vpc)),
    }
    if "maximumEventAge" in function:
        resources[f"{made}LambdaEvConf"] = {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": f"{made}LambdaFunction"},
                "Qualifier": "$LATEST",
                "DestinationConfig": {},
                "MaximumEventAgeInSeconds": function["maximumEventAge"],
                "MaximumRetryAttempts": function["maximumRetryAttempts"],
            },
        }
    for number, event in enumerate(function.get("events", []), 1):
        resources |= _event(name, event, prefix, number)
    return resources


def _role(name: str, function: dict[str, Any], prefix: str, *, has_vpc: bool) -> dict[str, Any]:
    group = f"log-group:/aws/lambda/{prefix}-{name}:*:*"
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:{group}"}
    logs = ["logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutLogEvents"]
    statements = [{"Effect": "Allow", "Action": logs, "Resource": [arn]}]
    for event in function.get("events", []):
        if "sqs" in event:
            receive = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
            statements.append(
                {"Effect": "Allow", "Action": receive, "Resource": [event["sqs"]["arn"]]},
            )
    parts = [*prefix.split("-"), name, {"Ref": "AWS::Region"}, "lambdaRole"]
    of_vpc = "service-role/AWSLambdaVPCAccessExecutionRole"
    managed = {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{of_vpc}"}
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com"]},
        "Action": ["sts:AssumeRole"],
    }
    policy = {
        "Version": "2012-10-17",
        "Statement": [*statements, *function.get("iamRoleStatements", [])],
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Path": "/",
            "RoleName": function.get("iamRoleStatementsName", {"Fn::Join": ["-", parts]}),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": f"{prefix}-lambda", "PolicyDocument": policy}],
            **({"ManagedPolicyArns": [managed]} if has_vpc else {}),
        },
    }


def _event(name: str, event: dict[str, Any], prefix: str, number: int) -> dict[str, Any]:
    function = {"Fn::GetAtt": [f"{_id(name)}LambdaFunction", "Arn"]}
    if "sqs" in event:
        source = event["sqs"]["arn"]
        return {
            f"{_id(name)}EventSourceMappingSQS{source['Fn::GetAtt'][0]}": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "BatchSize": 10,
                    "EventSourceArn": source,
                    "FunctionName": function,
                    "Enabled": True,
                },
            },
        }
    if "eventBridge" not in event:
        assert "http" in event, f"an event of {name} is not translated: {event}"
        return {}
    bridge, rule = event["eventBridge"], f"{prefix}-{name}-rule-{number}"
    target = {
        "Arn": function,
        "Id": f"{rule}-target",
        "RetryPolicy": {"MaximumEventAgeInSeconds": bridge["retryPolicy"]["maximumEventAge"]},
        "DeadLetterConfig": {"Arn": bridge["deadLetterQueueArn"]},
    }
    return {
        f"{re.sub('[^A-Za-z0-9]', '', rule).capitalize()}EventBridgeRule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": bridge["pattern"],
                "Name": rule,
                "State": "ENABLED",
                "Targets": [target],
            },
        },
    }


def _state_machine(name: str, machine: dict[str, Any]) -> dict[str, Any]:
    """Intrinsic functions within a definition become parameters of one Fn::Sub."""
    full, made = machine["name"], _id(machine["name"])
    parameters: dict[str, Any] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
                key = f"parameter{len(parameters)}"
                parameters[key] = _of_function(value)
                return f"${{{key}}}"
            return {key: plain(each) for key, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, list) else value

    definition = json.dumps(plain(machine["definition"]))
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": {"Fn::Sub": "states.${AWS::Region}.amazonaws.com"}},
        "Action": "sts:AssumeRole",
    }
    return {
        f"{made}Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            },
        },
        made: {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "DefinitionString": {"Fn::Sub": [definition, parameters]}
                if parameters
                else definition,
                "RoleArn": {"Fn::GetAtt": [f"{made}Role", "Arn"]},
                "StateMachineName": full,
            },
        },
    }


def _of_function(intrinsic: dict[str, Any]) -> dict[str, Any]:
    """A workflow names a lambda task by the function's name in the project."""
    path = intrinsic.get("Fn::GetAtt")
    if isinstance(path, list) and path[0][0].islower():
        return {"Fn::GetAtt": [f"{_id(path[0])}LambdaFunction", path[1]]}
    return intrinsic
