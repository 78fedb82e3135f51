"""The CloudFormation resources: tracking table, stream mapping, schedule, failed records.

Table and filter patterns are those of ``waits/definition.py`` and ``sender/filters.py``; the
numbers are the defaults of the Terraform module (a test compares them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.sender.filters import filter_criteria
from cirrus_callbacks_plugin.serverless import names
from cirrus_callbacks_plugin.waits.definition import table_definition, ttl_specification

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings

Resource = dict[str, Any]

BATCH_SIZE = 100
PARALLELIZATION_FACTOR = 4
MAXIMUM_RETRY_ATTEMPTS = 20
MAXIMUM_RECORD_AGE_SECONDS = 21_600
FAILURE_RETENTION_DAYS = 30
START_MAXIMUM_AGE_SECONDS = 60
"""The reconciler's next pass is never far: an old start is no use."""


def resources(settings: ServerlessSettings) -> dict[str, Resource]:
    """Every resource that is added to the project's own, by logical id."""
    return {
        names.TABLE: _table(settings),
        names.FAILURES: _failures(),
        names.FAILURES_POLICY: _failures_policy(),
        names.MAPPING: _mapping(settings),
        names.SCHEDULE: _schedule(settings),
        names.SCHEDULE_PERMISSION: _schedule_permission(),
    }


def failures_url() -> dict[str, Any]:
    """Where Lambda puts the records that the sender could not handle.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    bucket, mapping = {"Ref": names.FAILURES}, {"Ref": names.MAPPING}
    return names.joined("s3://", bucket, "/aws/lambda/", mapping, "/")


def _table(settings: ServerlessSettings) -> Resource:
    defined = table_definition("")
    # CloudFormation knows no StreamEnabled: a view type says so.
    view = {"StreamViewType": defined["StreamSpecification"]["StreamViewType"]}
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            **defined,
            "TableName": names.sub(f"{names.STACK_PREFIX}-callbacks"),
            "StreamSpecification": view,
            "TimeToLiveSpecification": dict(ttl_specification()),
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": settings.deletion_protection,
        },
    }


def _mapping(settings: ServerlessSettings) -> Resource:
    """Serverless's own ``stream`` event takes no S3 destination."""
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": {"Fn::GetAtt": [names.TABLE, "StreamArn"]},
            "FunctionName": {"Fn::GetAtt": [names.function_id(names.SENDER), "Arn"]},
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": BATCH_SIZE,
            "ParallelizationFactor": PARALLELIZATION_FACTOR,
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": MAXIMUM_RETRY_ATTEMPTS,
            "MaximumRecordAgeInSeconds": MAXIMUM_RECORD_AGE_SECONDS,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {"OnFailure": {"Destination": names.arn_of(names.FAILURES)}},
            "FilterCriteria": filter_criteria(settings.enabled),
        },
    }


def _failures() -> Resource:
    """Failed records hold task tokens; Lambda alone writes here, and they expire."""
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
                ],
            },
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "expire",
                        "Status": "Enabled",
                        "ExpirationInDays": FAILURE_RETENTION_DAYS,
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    },
                ],
            },
        },
    }


def _failures_policy() -> Resource:
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": names.FAILURES},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "EncryptedConnectionsOnly",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [
                            names.arn_of(names.FAILURES),
                            names.arn_of(names.FAILURES, "/*"),
                        ],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ],
            },
        },
    }


def _schedule(settings: ServerlessSettings) -> Resource:
    """A rule of its own: Serverless's ``schedule`` event gives its target no retry policy."""
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": names.sub(f"{names.STACK_PREFIX}-{names.RECONCILER}"),
            "Description": names.sub(f"Starts {names.STACK_PREFIX}-{names.RECONCILER}"),
            "ScheduleExpression": settings.schedule,
            "State": "ENABLED",
            "Targets": [
                {
                    "Id": names.RECONCILER,
                    "Arn": {"Fn::GetAtt": [names.function_id(names.RECONCILER), "Arn"]},
                    "RetryPolicy": {
                        "MaximumEventAgeInSeconds": START_MAXIMUM_AGE_SECONDS,
                        "MaximumRetryAttempts": 1,
                    },
                },
            ],
        },
    }


def _schedule_permission() -> Resource:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Fn::GetAtt": [names.function_id(names.RECONCILER), "Arn"]},
            "Principal": "events.amazonaws.com",
            "SourceArn": names.arn_of(names.SCHEDULE),
        },
    }
