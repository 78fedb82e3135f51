"""What the four functions' roles may do, by the policies attached to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.iam.documents import Decision, decide_within, is_document
from cirrus_callbacks_plugin.iam.permissions import Condition, Function, needed_by
from cirrus_callbacks_plugin.operations.aws import call_of, is_denied
from cirrus_callbacks_plugin.operations.doctor import keys
from cirrus_callbacks_plugin.operations.doctor.check import Check
from cirrus_callbacks_plugin.operations.doctor.resources import Resources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

AREA = "permissions"
_BATCHES = "dynamodb:PartiQLUpdate"
_ONE_BY_ONE = "without it rows are written one by one, which is slower; nothing is lost"


def permissions(parts: Parts, function: Function, name: str | None) -> Iterator[Check]:
    """Whether a function's role may do what the list of permissions says.

    Args:
        parts: the deployment's parts.
        function: which of the four.
        name: what it is called here.
    """
    resources = _resources(parts, function, name)
    if resources is None:
        return
    yield _judge(
        resources,
        called(function),
        [
            (action, arn)
            for permission in needed_by(function)
            if permission.condition not in keys.ALL
            for arn in resources.arns(permission)
            for action in permission.actions
        ],
    )


def encryption(
    parts: Parts,
    function: Function,
    name: str | None,
    conditions: frozenset[Condition],
) -> Iterator[Check]:
    """Whether a role may use the keys of buckets and queues, where there are such keys.

    A check of its own: who may not look at their encryption still gets all others.

    Args:
        parts: the deployment's parts.
        function: whose role.
        name: what the function is called here.
        conditions: which keys: :data:`keys.OF_FAILURES` or :data:`keys.OF_JOINS`.
    """
    resources = _resources(parts, function, name)
    if resources is None:
        return
    check = encrypted(function, conditions)
    try:
        needed = [
            (action, key)
            for permission in needed_by(function)
            if permission.condition in conditions
            for key in keys.keys(resources, permission.condition)
            for action in permission.actions
        ]
    except ClientError as error:
        if not is_denied(error):
            raise
        finding = f"encryption may not be looked at ({call_of(error)} was refused)"
        do = "have s3:GetEncryptionConfiguration and sqs:GetQueueAttributes allowed to you"
        yield Check(AREA, check, None, finding, do)
        return
    if needed:
        yield _judge(resources, check, needed)


def encrypted(function: Function, conditions: frozenset[Condition]) -> str:
    """What such a check is called."""
    what = "failed records" if conditions == keys.OF_FAILURES else "joins"
    return f"{called(function)}: {what}"


def called(function: Function) -> str:
    """What a check calls a function: as cirrus calls its own, ours without their prefix."""
    return function.value.removeprefix("callbacks-")


def _resources(parts: Parts, function: Function, name: str | None) -> Resources | None:
    tables = parts.deployment.tables
    callbacks, state = parts.table(tables.callbacks), parts.table(tables.state)
    configuration = parts.function(name)
    if callbacks is None or state is None or configuration is None:
        return None
    return Resources(parts, function, configuration, callbacks, state)


def _judge(resources: Resources, check: str, needed: Iterable[tuple[str, str]]) -> Check:
    role = str(resources.configuration["Role"]).rpartition("/")[2]
    iam = resources.parts.deployment.client("iam")
    documents, boundary = dict(_documents(iam, role)), _boundary(iam, role)
    unread = [name for name, document in documents.items() if not is_document(document)]
    if boundary is not None and not is_document(boundary):
        unread.append("its permissions boundary")
    if unread:
        finding = f"the role {role} has policies that cannot be read: {', '.join(unread)}"
        do = "their document is not a JSON object with statements: put a whole one in its place"
        return Check(AREA, check, None, finding, do)
    missing, open_ones = [], []
    for action, arn in needed:
        decision = decide_within(documents.values(), boundary, action, arn)
        if decision is Decision.DENIED:
            missing.append(f"{action} on {arn}")
        elif decision is Decision.DEPENDS:
            open_ones.append(f"{action} on {arn}")
    if missing:
        finding = f"the role {role} may not {', '.join(missing)}"
        if all(each.startswith(_BATCHES) for each in missing):
            finding += f": {_ONE_BY_ONE}"
        where = (
            "apply the Terraform module again"
            if resources.function.is_ours
            else "see attach_policies of the Terraform module, and cirrus's own policy"
        )
        return Check(AREA, check, False, finding, f"allow it: {where}")
    if open_ones:
        finding = f"whether the role {role} may {', '.join(open_ones)} depends on a condition"
        return Check(AREA, check, None, finding, "see that the condition holds for the function")
    return Check(AREA, check, True, f"the role {role} may do what it has to")


def _documents(iam: Any, role: str) -> Iterator[tuple[str, Any]]:
    """Every policy of a role by its name: its own, and those attached to it."""
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for attached in page["AttachedPolicies"]:
            yield attached["PolicyArn"], _managed(iam, attached["PolicyArn"])


def _managed(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _boundary(iam: Any, role: str) -> Any:
    response = iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {})
    arn = response.get("PermissionsBoundaryArn")
    return _managed(iam, arn) if arn else None
