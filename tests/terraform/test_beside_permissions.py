"""The module's policies, as Terraform renders them, against the one list of permissions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.iam.permissions import PERMISSIONS, Condition, Function, Resource
from support.applied_world import ACCOUNT, REGION
from support.terraform_walks import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.terraform_walks import Beside

    Granted = tuple[str, str, str, str]
    """Function, statement, action, resource."""

pytestmark = pytest.mark.xdist_group("terraform-beside")

KEYS = {kind: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{kind}" for kind in ("queue", "lists", "joins")}
EVERYTHING = {
    "join_keys": {
        "queue_key_arns": [KEYS["queue"]],
        "member_list_key_arns": [KEYS["lists"]],
        "joins_key_arn": KEYS["joins"],
    },
    "heartbeat": True,
    "tracing": True,
    "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
}
"""Options whose permissions differ from those of the defaults, beside the module's own key."""
WITH_A_KEY = {Condition.TABLE_KEY, Condition.FAILURE_KEY}
ALWAYS = {
    Condition.ALWAYS,
    Condition.FAILURE_BUCKET,
    Condition.JOINS_URL,
    Condition.PAYLOAD_BUCKET,
}
"""What holds beside a deployment that has a payload bucket, as every cirrus 2 has."""


def _policies(module: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Names and statements of every inline policy in a plan's values."""
    for each in module.get("resources", []):
        if each["type"] == "aws_iam_role_policy":
            yield each["values"]["name"], json.loads(each["values"]["policy"])["Statement"]
    for child in module.get("child_modules", []):
        yield from _policies(child)


def _granted(beside: Beside, **variables: Any) -> set[Granted]:
    planned = beside.callbacks.plan_of(**variables)["planned_values"]["root_module"]
    called = {
        f"{PREFIX}-callbacks-{each.value.removeprefix('callbacks-')}": each.value
        for each in Function
    }
    return {
        (called[name], statement["Sid"], action, resource)
        for name, statements in _policies(planned)
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def _wanted(beside: Beside, holding: set[Condition]) -> set[Granted]:
    def arn(service: str, rest: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"

    table = arn("dynamodb", f"table/{PREFIX}-callbacks")
    bucket = f"arn:aws:s3:::{beside.outputs['failure_bucket_name']}"
    process = beside.world.function("process")["Environment"]["Variables"]
    payloads = f"arn:aws:s3:::{process['CIRRUS_PAYLOAD_BUCKET']}"
    arns = {
        Resource.ANY: "*",
        Resource.PROCESS_QUEUE: arn("sqs", f"{PREFIX}-process"),
        Resource.QUEUE_KEY: KEYS["queue"],
        Resource.MEMBER_LISTS: f"{payloads}/*",
        Resource.MEMBER_LISTS_KEY: KEYS["lists"],
        Resource.JOINS: f"{payloads}/cirrus/callbacks/joins/*",
        Resource.JOINS_KEY: KEYS["joins"],
        Resource.TABLE: table,
        Resource.INDEX: f"{table}/index/waiting",
        Resource.STREAM: beside.outputs["stream_arn"],
        Resource.TABLE_KEY: beside.outputs["kms_key_arn"],
        Resource.STATE_TABLE: arn("dynamodb", f"table/{PREFIX}-state"),
        Resource.MACHINES: arn("states", f"stateMachine:{PREFIX}-*"),
        Resource.RUNS: arn("states", f"execution:{PREFIX}-*:*"),
        Resource.FAILURE_BUCKET: bucket,
        Resource.FAILED_RECORDS: f"{bucket}/aws/lambda/*",
        Resource.FAILURE_KEY: beside.outputs["kms_key_arn"],
    }

    def about(function: Function, resource: Resource) -> str:
        logs = arn("logs", f"log-group:/aws/lambda/{PREFIX}-{function.value}:*")
        return logs if resource is Resource.LOG_STREAMS else arns[resource]

    return {
        (each.function.value, each.statement, action, about(each.function, each.resource))
        for each in PERMISSIONS
        if each.condition in holding and not each.is_cirrus
        for action in each.actions
    }


def test_the_policies_are_what_the_list_says(beside: Beside) -> None:
    """Nothing more, nothing less, each action on its resource: with every option on."""
    assert _granted(beside, **EVERYTHING) == _wanted(beside, set(Condition))


def test_what_an_option_needs_is_granted_with_it_alone(beside: Beside) -> None:
    """Off, and without a key of the account's own, only what is always needed is granted."""
    assert _granted(beside) == _wanted(beside, ALWAYS | WITH_A_KEY)
    without_key = _granted(beside, encryption={"key": "aws"})
    assert without_key == _wanted(beside, ALWAYS)
