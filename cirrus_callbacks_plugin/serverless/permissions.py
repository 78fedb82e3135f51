"""What the four functions may do, as IAM statements: those of the Terraform module.

Statements are told from the project's own by their ``Sid``.
"""

from __future__ import annotations

from typing import Any

from cirrus_callbacks_plugin.serverless import names
from cirrus_callbacks_plugin.waits.definition import WAITING_INDEX

Statement = dict[str, Any]

_STATES = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"
# IAM knows no resource type for SendTask* and ListStreams.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
_ANY = "*"


def of_process() -> list[Statement]:
    """What the hook around ``process`` does beyond cirrus's own."""
    return [
        _allow(
            "RegisterAndSettle",
            ["dynamodb:PutItem", "dynamodb:UpdateItem"],
            names.arn_of(names.TABLE),
        ),
    ]


def of_update_state() -> list[Statement]:
    """What the hook around ``update-state`` does beyond cirrus's own."""
    return [
        _allow(
            "FindAndSettle",
            ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            names.arn_of(names.TABLE),
        ),
    ]


OF_HOOKS = {"process": of_process, "update_state": of_update_state}


def of_sender() -> list[Statement]:
    """The sender's; Serverless adds what logs and a VPC need."""
    return [
        _answer_tokens(),
        _allow(
            "SettleAndMark",
            [
                "dynamodb:BatchGetItem",
                "dynamodb:DeleteItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            names.arn_of(names.TABLE),
        ),
        _allow("ReadCirrusState", ["dynamodb:GetItem"], names.arn_of(names.STATE_TABLE)),
        _allow(
            "ReadStream",
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            {"Fn::GetAtt": [names.TABLE, "StreamArn"]},
        ),
        _allow("ListStreams", ["dynamodb:ListStreams"], _ANY),
        _allow(
            "KeepFailedRecords",
            ["s3:PutObject"],
            names.arn_of(names.FAILURES, "/aws/lambda/*"),
        ),
        _allow("FindFailureBucket", ["s3:ListBucket"], names.arn_of(names.FAILURES)),
    ]


def of_reconciler(*, heartbeat: bool) -> list[Statement]:
    """The reconciler's; Serverless adds what logs and a VPC need."""
    return [
        _answer_tokens(["states:SendTaskHeartbeat"] if heartbeat else []),
        _allow(
            "WalkOpenRows",
            ["dynamodb:Query"],
            names.arn_of(names.TABLE, f"/index/{WAITING_INDEX}"),
        ),
        _allow(
            "SettleAndMark",
            ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"],
            names.arn_of(names.TABLE),
        ),
        _allow(
            "ReadCirrusState",
            ["dynamodb:BatchGetItem", "dynamodb:GetItem"],
            names.arn_of(names.STATE_TABLE),
        ),
        _allow(
            "ListRuns",
            ["states:ListExecutions"],
            names.sub(f"{_STATES}:stateMachine:{names.STACK_PREFIX}-*"),
        ),
        _allow(
            "DescribeRuns",
            ["states:DescribeExecution"],
            names.sub(f"{_STATES}:execution:{names.STACK_PREFIX}-*:*"),
        ),
        _allow("CountFailedRecords", ["s3:ListBucket"], names.arn_of(names.FAILURES)),
    ]


def _answer_tokens(more: list[str] | None = None) -> Statement:
    actions = ["states:SendTaskFailure", "states:SendTaskSuccess", *(more or [])]
    return _allow("AnswerTokens", actions, _ANY)


def _allow(sid: str, actions: list[str], resource: Any) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": [resource]}
