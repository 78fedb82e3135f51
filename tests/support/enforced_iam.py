"""IAM enforced at the client: each call of a function against the policies of its role.

moto's own enforcement knows no resource for DynamoDB and Step Functions, so action and
resource are named here, as AWS's service authorization reference does, and moto's
``IAMPolicy`` evaluates the documents.
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pytest

Document = dict[str, Any]


@dataclass(frozen=True, order=True)
class Call:
    """One permission that a call of a function needed."""

    role: str
    action: str
    resource: str


@dataclass(frozen=True)
class Place:
    """Where the resources are."""

    account: str
    region: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in the account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


# Operations whose IAM action is not the operation's own name.
_ACTIONS = {
    "dynamodb:BatchExecuteStatement": "dynamodb:PartiQLUpdate",  # of updates
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sns:PublishBatch": "sns:Publish",
}


def tables_of(parameters: Mapping[str, Any]) -> list[str]:
    """The tables that a call of DynamoDB names."""
    if "Statements" in parameters:
        return sorted({each["Statement"].split('"')[1] for each in parameters["Statements"]})
    return list(parameters.get("RequestItems", {})) or [parameters["TableName"]]


def permissions_of(
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    place: Place,
) -> list[tuple[str, str]]:
    """Action and resource of everything that a call needs to be allowed."""
    prefix = {"stepfunctions": "states"}.get(service, service)
    action = _ACTIONS.get(f"{prefix}:{operation}", f"{prefix}:{operation}")
    if service == "dynamodb":
        tables = tables_of(parameters)
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        resources = [place.arn("dynamodb", f"table/{table}{index}") for table in tables]
    elif service == "stepfunctions":
        arn = parameters.get("stateMachineArn") or parameters.get("executionArn")
        resources = ["*" if "taskToken" in parameters else str(arn)]
    elif service == "sqs":
        resources = [place.arn("sqs", parameters["QueueUrl"].rpartition("/")[2])]
    elif service == "sns":
        resources = [parameters["TopicArn"]]
    elif service == "s3":
        key = f"/{parameters['Key']}" if "Key" in parameters else ""
        resources = [f"arn:{place.partition}:s3:::{parameters['Bucket']}{key}"]
    else:
        raise AssertionError(f"no resource is known for {service}:{operation}; add it here")
    return [(action, resource) for resource in resources]


def allows(documents: Sequence[Document], action: str, resource: str) -> bool:
    """What IAM says: no document denies it, and one allows it."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    results = [
        IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)
        for document in documents
        if document["Statement"]
    ]
    return PermissionResult.DENIED not in results and PermissionResult.PERMITTED in results


@dataclass
class Enforcement:
    """The roles' policies, who acts, and what was asked for.

    Attributes:
        documents: each role's policy documents.
        keys: KMS keys by the DynamoDB table that they encrypt: DynamoDB opens a table's key
            in the caller's name.
    """

    place: Place
    documents: dict[str, list[Document]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    calls: set[Call] = field(default_factory=set)
    refused: list[Call] = field(default_factory=list)
    _role: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def acting_as(self, role: str) -> Iterator[None]:
        """Until the end of the block every call, of whatever thread, is this role's."""
        self._role = role
        try:
            yield
        finally:
            self._role = None

    def check(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Refuse a call as AWS would, or note what it needed.

        Raises:
            ClientError: AccessDenied.
        """
        role = self._role
        if role is None:
            return
        needed = permissions_of(service, operation, parameters, self.place)
        for _, resource in list(needed):
            table = resource.rpartition("table/")[2].partition("/")[0]
            if service == "dynamodb" and table in self.keys:
                needed.append(("kms:Decrypt", self.keys[table]))
        for action, resource in needed:
            call = Call(role, action, resource)
            with self._lock:
                if not allows(self.documents[role], action, resource):
                    self.refused.append(call)
                    raise ClientError(
                        {
                            "Error": {"Code": "AccessDeniedException", "Message": str(call)},
                            "ResponseMetadata": {"HTTPStatusCode": 400},
                        },
                        operation,
                    )
                self.calls.add(call)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Check every call of every client of this process from now on."""
        original = BaseClient._make_api_call
        enforcement = self

        def _make_api_call(client: Any, operation: str, parameters: Any) -> Any:
            service = client.meta.service_model.service_name
            enforcement.check(service, operation, parameters)
            return original(client, operation, parameters)

        patch.setattr(BaseClient, "_make_api_call", _make_api_call)

    def without(self, role: str, sid: str) -> list[Call]:
        """Noted calls that the role could not make if the statement were gone."""
        documents = [_without(document, sid) for document in self.documents[role]]
        return [
            call
            for call in sorted(self.calls)
            if call.role == role and not allows(documents, call.action, call.resource)
        ]


def _without(document: Document, sid: str) -> Document:
    kept = [statement for statement in document["Statement"] if statement.get("Sid") != sid]
    return {**document, "Statement": kept}


def documents_of(iam: Any, role: str) -> list[Document]:
    """The policy documents of a role, its own and those attached to it."""
    found = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        policy = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        found.append(policy["Document"])
    return found
