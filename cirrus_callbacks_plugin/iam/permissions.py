"""The one list of what the four functions have to be allowed.

A permission is there for a call of the code, or for what AWS does in the function's name. What
no call needs is not in the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Function(Enum):
    """Who needs a permission; the value is what follows the deployment's prefix in its name."""

    PROCESS = "process"
    UPDATE_STATE = "update-state"
    SENDER = "callbacks-sender"
    RECONCILER = "callbacks-reconciler"

    @property
    def is_ours(self) -> bool:
        """True where the function's whole role is ours, False where cirrus's own is extended."""
        return self in (Function.SENDER, Function.RECONCILER)


class Resource(Enum):
    """What a permission is about; each reader of the list knows the ARN."""

    ANY = "*"
    """IAM knows no resource type for the action."""
    TABLE = "the tracking table"
    INDEX = "the tracking table's index of open waits"
    STREAM = "the tracking table's stream"
    TABLE_KEY = "the KMS key of the tracking table"
    STATE_TABLE = "cirrus's state table"
    PROCESS_QUEUE = "the queues that feed process"
    QUEUE_KEY = "the KMS key of such a queue"
    PAYLOADS = "cirrus's payloads in S3"
    MEMBER_LISTS = "lists of a join's members in the payload bucket"
    MEMBER_LISTS_KEY = "the KMS key of the payload bucket"
    JOINS = "the whole lists of joins"
    JOINS_KEY = "the KMS key of the bucket of whole lists"
    MACHINES = "the deployment's state machines"
    RUNS = "the executions of the deployment's state machines"
    FAILURE_BUCKET = "the bucket of failed records"
    FAILED_RECORDS = "the failed records in their bucket"
    FAILURE_KEY = "the KMS key of the bucket of failed records"
    LOG_STREAMS = "the streams of the function's log group"


class Condition(Enum):
    """When a permission is needed."""

    ALWAYS = "always"
    HEARTBEAT = "CIRRUS_CALLBACKS_HEARTBEAT is true"
    FAILURE_BUCKET = "failed records go to a bucket"
    TABLE_KEY = "the tracking table has a KMS key of the account's own"
    FAILURE_KEY = "the bucket of failed records has such a key"
    PAYLOAD_BUCKET = "CIRRUS_PAYLOAD_BUCKET of process is set"
    MEMBER_LISTS_KEY = "the payload bucket has such a key"
    QUEUE_KEY = "a queue that feeds process has such a key"
    JOINS_URL = "CIRRUS_CALLBACKS_JOINS_URL is set"
    JOINS_KEY = "the bucket of whole lists has such a key"
    TRACING = "X-Ray traces the function"
    VPC = "the function runs in a VPC"


@dataclass(frozen=True, slots=True)
class Permission:
    """Actions that one function needs on one resource.

    Attributes:
        function: who needs it.
        statement: its name (``Sid``) in a policy that grants it.
        actions: the actions, as IAM spells them.
        resource: what they are about.
        condition: when they are needed.
        is_cirrus: True where cirrus's own policy grants it: it is looked for, never granted.
        aws: what AWS does with it in the function's name; None for a call of the code.
    """

    function: Function
    statement: str
    actions: tuple[str, ...]
    resource: Resource
    condition: Condition = Condition.ALWAYS
    is_cirrus: bool = False
    aws: str | None = None


# IAM knows no resource type for SendTask*: anyone who holds a token may answer it.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
_ANSWER = ("states:SendTaskFailure", "states:SendTaskSuccess")


def _on_table(function: Function, statement: str, *operations: str) -> Permission:
    actions = tuple(f"dynamodb:{operation}" for operation in operations)
    return Permission(function, statement, actions, Resource.TABLE)


def _on_state_table(
    function: Function,
    statement: str,
    *operations: str,
    is_cirrus: bool = False,
) -> Permission:
    actions = tuple(f"dynamodb:{operation}" for operation in operations)
    return Permission(function, statement, actions, Resource.STATE_TABLE, is_cirrus=is_cirrus)


def _decrypt(function: Function) -> Permission:
    """DynamoDB opens a table's key in the caller's name, to read and to write.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """
    return Permission(
        function,
        "DecryptTrackingTable",
        ("kms:Decrypt",),
        Resource.TABLE_KEY,
        Condition.TABLE_KEY,
    )


def _writes_joins(function: Function) -> tuple[Permission, ...]:
    """What answers a join writes its whole list, and S3 asks for a data key in its name.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    return (
        Permission(function, "WriteJoins", ("s3:PutObject",), Resource.JOINS, Condition.JOINS_URL),
        Permission(
            function,
            "EncryptJoins",
            ("kms:GenerateDataKey",),
            Resource.JOINS_KEY,
            Condition.JOINS_KEY,
        ),
    )


def _of_a_lambda(function: Function) -> tuple[Permission, ...]:
    """What AWS Lambda does in the name of each of our functions, whatever it is for.

    Without the log there are no metrics either: they are lines of it.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    return (
        Permission(
            function,
            "WriteLogs",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            Resource.LOG_STREAMS,
            aws="Lambda's runtime writes the function's log",
        ),
        Permission(
            function,
            "WriteTraces",
            ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            Resource.ANY,
            Condition.TRACING,
            aws="Lambda's X-Ray daemon writes traces",
        ),
        Permission(
            function,
            "HoldNetworkInterfaces",
            (
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:UnassignPrivateIpAddresses",
            ),
            Resource.ANY,
            Condition.VPC,
            aws="Lambda attaches the function to its VPC",
        ),
    )


# BatchExecuteStatement is allowed by the kind of its statements. Without PartiQLUpdate rows are
# written one by one.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
_PROCESS = (
    _on_table(Function.PROCESS, "RegisterAndSettle", "PartiQLUpdate", "PutItem", "UpdateItem"),
    _decrypt(Function.PROCESS),
    _on_state_table(Function.PROCESS, "ReadCirrusState", "BatchGetItem", is_cirrus=True),
    Permission(
        Function.PROCESS,
        "DeleteNeighbours",
        ("sqs:DeleteMessage",),
        Resource.PROCESS_QUEUE,
        is_cirrus=True,
    ),
    Permission(
        Function.PROCESS,
        "FetchPayloads",
        ("s3:GetObject",),
        Resource.PAYLOADS,
        Condition.PAYLOAD_BUCKET,
        is_cirrus=True,
    ),
)

_UPDATE_STATE = (
    _on_table(
        Function.UPDATE_STATE,
        "FindAndSettle",
        "PartiQLUpdate",
        "PutItem",
        "Query",
        "UpdateItem",
    ),
    _decrypt(Function.UPDATE_STATE),
    _on_state_table(Function.UPDATE_STATE, "ReadCirrusState", "GetItem", is_cirrus=True),
)

# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
_SENDER = (
    Permission(Function.SENDER, "AnswerTokens", _ANSWER, Resource.ANY),
    _on_table(
        Function.SENDER,
        "SettleAndMark",
        "BatchGetItem",
        "DeleteItem",
        "PartiQLUpdate",
        "PutItem",
        "Query",
        "UpdateItem",
    ),
    _on_state_table(Function.SENDER, "ReadCirrusState", "BatchGetItem", "GetItem"),
    Permission(
        Function.SENDER,
        "SendMembers",
        ("sqs:SendMessage",),
        Resource.PROCESS_QUEUE,
    ),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    Permission(
        Function.SENDER,
        "EncryptMembers",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        Resource.QUEUE_KEY,
        Condition.QUEUE_KEY,
    ),
    Permission(
        Function.SENDER,
        "ReadMemberLists",
        ("s3:GetObject",),
        Resource.MEMBER_LISTS,
        Condition.PAYLOAD_BUCKET,
    ),
    Permission(
        Function.SENDER,
        "DecryptMemberLists",
        ("kms:Decrypt",),
        Resource.MEMBER_LISTS_KEY,
        Condition.MEMBER_LISTS_KEY,
    ),
    *_writes_joins(Function.SENDER),
    Permission(
        Function.SENDER,
        "ReadStream",
        ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
        Resource.STREAM,
        aws="Lambda polls the stream in the sender's name",
    ),
    Permission(
        Function.SENDER,
        "ListStreams",
        ("dynamodb:ListStreams",),
        Resource.ANY,
        aws="Lambda looks for the stream when the mapping is made",
    ),
    Permission(
        Function.SENDER,
        "KeepFailedRecords",
        ("s3:PutObject",),
        Resource.FAILED_RECORDS,
        Condition.FAILURE_BUCKET,
        aws="Lambda puts what the sender could not handle into the failure bucket",
    ),
    Permission(
        Function.SENDER,
        "FindFailureBucket",
        ("s3:ListBucket",),
        Resource.FAILURE_BUCKET,
        Condition.FAILURE_BUCKET,
        aws="Lambda checks the failure bucket when the mapping is made",
    ),
    _decrypt(Function.SENDER),
    Permission(
        Function.SENDER,
        "EncryptFailedRecords",
        ("kms:GenerateDataKey",),
        Resource.FAILURE_KEY,
        Condition.FAILURE_KEY,
        aws="S3 asks KMS for a data key when Lambda puts such an object",
    ),
    *_of_a_lambda(Function.SENDER),
)

_RECONCILER = (
    Permission(Function.RECONCILER, "AnswerTokens", _ANSWER, Resource.ANY),
    Permission(
        Function.RECONCILER,
        "AnswerTokens",
        ("states:SendTaskHeartbeat",),
        Resource.ANY,
        Condition.HEARTBEAT,
    ),
    Permission(Function.RECONCILER, "WalkOpenRows", ("dynamodb:Query",), Resource.INDEX),
    _on_table(
        Function.RECONCILER,
        "SettleAndMark",
        "BatchGetItem",
        "PartiQLUpdate",
        "PutItem",
        "Query",
        "UpdateItem",
    ),
    _on_state_table(Function.RECONCILER, "ReadCirrusState", "BatchGetItem"),
    *_writes_joins(Function.RECONCILER),
    Permission(Function.RECONCILER, "ListRuns", ("states:ListExecutions",), Resource.MACHINES),
    Permission(Function.RECONCILER, "DescribeRuns", ("states:DescribeExecution",), Resource.RUNS),
    Permission(
        Function.RECONCILER,
        "CountFailedRecords",
        ("s3:ListBucket",),
        Resource.FAILURE_BUCKET,
        Condition.FAILURE_BUCKET,
    ),
    _decrypt(Function.RECONCILER),
    *_of_a_lambda(Function.RECONCILER),
)

PERMISSIONS = (*_PROCESS, *_UPDATE_STATE, *_SENDER, *_RECONCILER)
"""Every permission, each once."""


def needed_by(function: Function) -> tuple[Permission, ...]:
    """What a function needs, under whatever condition."""
    return tuple(each for each in PERMISSIONS if each.function is function)
