"""What the four functions are granted, as IAM statements: what the one list says.

Statements are told from the project's own by their ``Sid``.
"""

from __future__ import annotations

from typing import Any

from cirrus_callbacks_plugin.iam.permissions import Condition, Function, Resource, needed_by
from cirrus_callbacks_plugin.serverless import names
from cirrus_callbacks_plugin.waits.definition import WAITING_INDEX

Statement = dict[str, Any]

_STATES = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"
_RESOURCES: dict[Resource, Any] = {
    Resource.ANY: "*",
    Resource.TABLE: names.arn_of(names.TABLE),
    Resource.INDEX: names.arn_of(names.TABLE, f"/index/{WAITING_INDEX}"),
    Resource.STREAM: {"Fn::GetAtt": [names.TABLE, "StreamArn"]},
    Resource.STATE_TABLE: names.arn_of(names.STATE_TABLE),
    Resource.MACHINES: names.sub(f"{_STATES}:stateMachine:{names.STACK_PREFIX}-*"),
    Resource.RUNS: names.sub(f"{_STATES}:execution:{names.STACK_PREFIX}-*:*"),
    Resource.FAILURE_BUCKET: names.arn_of(names.FAILURES),
    Resource.FAILED_RECORDS: names.arn_of(names.FAILURES, "/aws/lambda/*"),
}
"""Serverless itself grants what logs and a VPC need; a project sets neither keys nor traces."""

_HOLDING = frozenset({Condition.ALWAYS, Condition.FAILURE_BUCKET})
"""Conditions that hold in every project."""


def of_process() -> list[Statement]:
    """What the hook around ``process`` does beyond cirrus's own."""
    return _granted(Function.PROCESS, _HOLDING)


def of_update_state() -> list[Statement]:
    """What the hook around ``update-state`` does beyond cirrus's own."""
    return _granted(Function.UPDATE_STATE, _HOLDING)


OF_HOOKS = {"process": of_process, "update_state": of_update_state}


def of_sender() -> list[Statement]:
    """The sender's."""
    return _granted(Function.SENDER, _HOLDING)


def of_reconciler(*, heartbeat: bool) -> list[Statement]:
    """The reconciler's."""
    holding = _HOLDING | {Condition.HEARTBEAT} if heartbeat else _HOLDING
    return _granted(Function.RECONCILER, holding)


def _granted(function: Function, holding: frozenset[Condition]) -> list[Statement]:
    statements: dict[str, Statement] = {}
    for permission in needed_by(function):
        if permission.condition not in holding or permission.is_cirrus:
            continue
        if permission.resource not in _RESOURCES:
            continue
        statement = statements.setdefault(
            permission.statement,
            {
                "Sid": permission.statement,
                "Effect": "Allow",
                "Action": [],
                "Resource": [_RESOURCES[permission.resource]],
            },
        )
        statement["Action"].extend(permission.actions)
    return list(statements.values())
