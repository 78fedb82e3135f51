"""What the four functions are granted, as IAM statements: what the one list says.

Statements are told from the project's own by their ``Sid``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.iam.permissions import Condition, Function, Resource, needed_by
from cirrus_callbacks_plugin.serverless import joins, names
from cirrus_callbacks_plugin.waits.definition import WAITING_INDEX

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings

Statement = dict[str, Any]

_STATES = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"
_RESOURCES: dict[Resource, Any] = {
    Resource.ANY: "*",
    Resource.TABLE: names.arn_of(names.TABLE),
    Resource.INDEX: names.arn_of(names.TABLE, f"/index/{WAITING_INDEX}"),
    Resource.STREAM: {"Fn::GetAtt": [names.TABLE, "StreamArn"]},
    Resource.STATE_TABLE: names.arn_of(names.STATE_TABLE),
    Resource.PROCESS_QUEUE: names.arn_of(names.PROCESS_QUEUE),
    Resource.MEMBER_LISTS: joins.MEMBER_LISTS,
    Resource.MACHINES: names.sub(f"{_STATES}:stateMachine:{names.STACK_PREFIX}-*"),
    Resource.RUNS: names.sub(f"{_STATES}:execution:{names.STACK_PREFIX}-*:*"),
    Resource.FAILURE_BUCKET: names.arn_of(names.FAILURES),
    Resource.FAILED_RECORDS: names.arn_of(names.FAILURES, "/aws/lambda/*"),
}
"""Serverless itself grants what logs and a VPC need; keys and traces are no project's setting."""

_HOLDING = frozenset({Condition.ALWAYS, Condition.FAILURE_BUCKET})
"""Conditions that hold in every project."""


def of_process() -> list[Statement]:
    """What the hook around ``process`` does beyond cirrus's own."""
    return _granted(Function.PROCESS, _HOLDING, _RESOURCES)


def of_update_state() -> list[Statement]:
    """What the hook around ``update-state`` does beyond cirrus's own."""
    return _granted(Function.UPDATE_STATE, _HOLDING, _RESOURCES)


OF_HOOKS = {"process": of_process, "update_state": of_update_state}


def of_sender(settings: ServerlessSettings) -> list[Statement]:
    """The sender's."""
    return _granted(Function.SENDER, holding(settings), resources(settings))


def of_reconciler(settings: ServerlessSettings) -> list[Statement]:
    """The reconciler's."""
    return _granted(Function.RECONCILER, holding(settings), resources(settings))


def holding(settings: ServerlessSettings) -> frozenset[Condition]:
    """Conditions that hold under a project's settings."""
    there = {
        Condition.HEARTBEAT: settings.heartbeat,
        Condition.PAYLOAD_BUCKET: settings.has_payload_bucket,
        Condition.JOINS_URL: joins.url(settings) is not None,
    }
    return _HOLDING | {condition for condition, holds in there.items() if holds}


def resources(settings: ServerlessSettings) -> dict[Resource, Any]:
    """What permissions are about, as the template names it."""
    return {**_RESOURCES, Resource.JOINS: joins.arn(settings)}


def _granted(
    function: Function,
    holding: frozenset[Condition],
    resources: dict[Resource, Any],
) -> list[Statement]:
    statements: dict[str, Statement] = {}
    for permission in needed_by(function):
        if permission.condition not in holding or permission.is_cirrus:
            continue
        if permission.resource not in resources:
            continue
        statement = statements.setdefault(
            permission.statement,
            {
                "Sid": permission.statement,
                "Effect": "Allow",
                "Action": [],
                "Resource": [resources[permission.resource]],
            },
        )
        statement["Action"].extend(permission.actions)
    return list(statements.values())
