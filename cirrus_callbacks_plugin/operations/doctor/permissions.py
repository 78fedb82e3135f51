"""What the four functions' roles may do, by the policies attached to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.operations.doctor.check import Check
from cirrus_callbacks_plugin.operations.doctor.documents import Decision, decide_within
from cirrus_callbacks_plugin.waits import definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

AREA = "permissions"
_ANSWER = ("states:SendTaskFailure", "states:SendTaskSuccess")


@dataclass(frozen=True, slots=True)
class Arns:
    """What the functions work on."""

    callbacks: str
    state: str
    stream: str
    key: str | None
    machines: str
    runs: str

    @classmethod
    def of(cls, parts: Parts, callbacks: dict[str, Any], state: dict[str, Any]) -> Arns:
        """From the two tables' descriptions."""
        head, _, rest = str(callbacks["TableArn"]).partition(":dynamodb:")
        place = f"{head}:states:{rest.partition(':table/')[0]}"
        prefix = parts.deployment.prefix or "any"
        return cls(
            callbacks["TableArn"],
            state["TableArn"],
            callbacks.get("LatestStreamArn", ""),
            callbacks.get("SSEDescription", {}).get("KMSMasterKeyArn"),
            f"{place}:stateMachine:{prefix}-any",
            f"{place}:execution:{prefix}-any:any",
        )

    def needs(self, function: str) -> list[tuple[str, str]]:
        """Action and resource of everything that one of the functions calls."""
        table, state = self.callbacks, self.state

        def on(resource: str, *names: str) -> list[tuple[str, str]]:
            return [(f"dynamodb:{name}", resource) for name in names]

        needed = {
            "process": [
                *on(table, "PutItem", "UpdateItem"),
                *on(state, "BatchGetItem"),
            ],
            "update-state": [
                *on(table, "PutItem", "Query", "UpdateItem"),
                *on(state, "GetItem"),
            ],
            "sender": [
                *((action, "*") for action in _ANSWER),
                *on(table, "BatchGetItem", "DeleteItem", "PutItem", "Query", "UpdateItem"),
                *on(state, "GetItem"),
                *on(self.stream, "DescribeStream", "GetRecords", "GetShardIterator"),
            ],
            "reconciler": [
                *((action, "*") for action in _ANSWER),
                *on(f"{table}/index/{definition.WAITING_INDEX}", "Query"),
                *on(table, "BatchGetItem", "UpdateItem"),
                *on(state, "BatchGetItem", "GetItem"),
                ("states:ListExecutions", self.machines),
                ("states:DescribeExecution", self.runs),
            ],
        }[function]
        needed = [(action, resource) for action, resource in needed if resource]  # no stream
        if self.key is not None:
            needed.append(("kms:Decrypt", self.key))
        return needed


def permissions(parts: Parts, function: str, name: str | None) -> Iterator[Check]:
    """Whether a function's role may do what its part of the protocol calls for.

    Args:
        parts: the deployment's parts.
        function: ``process``, ``update-state``, ``sender`` or ``reconciler``.
        name: what it is called here.
    """
    tables = parts.deployment.tables
    callbacks, state = parts.table(tables.callbacks), parts.table(tables.state)
    found = parts.function(name)
    if callbacks is None or state is None or found is None:
        return
    role = str(found["Role"]).rpartition("/")[2]
    iam = parts.deployment.client("iam")
    documents = list(_documents(iam, role))
    boundary = _boundary(iam, role)
    missing, open_ones = [], []
    for action, resource in Arns.of(parts, callbacks, state).needs(function):
        decision = decide_within(documents, boundary, action, resource)
        if decision is Decision.DENIED:
            missing.append(f"{action} on {resource}")
        elif decision is Decision.DEPENDS:
            open_ones.append(f"{action} on {resource}")
    if missing:
        told = f"the role {role} may not {', '.join(missing)}"
        where = "attach_policies of the Terraform module" if "dynamodb" in told else "its policy"
        yield Check(AREA, function, False, told, f"allow it: see {where}")
    elif open_ones:
        told = f"whether the role {role} may {', '.join(open_ones)} depends on a condition"
        yield Check(AREA, function, None, told, "see that the condition holds for the function")
    else:
        yield Check(AREA, function, True, f"the role {role} may do what it has to")


def _documents(iam: Any, role: str) -> Iterator[Any]:
    """Every policy of a role: its own, and those attached to it."""
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for attached in page["AttachedPolicies"]:
            yield _managed(iam, attached["PolicyArn"])


def _managed(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _boundary(iam: Any, role: str) -> Any:
    told = iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {})
    arn = told.get("PermissionsBoundaryArn")
    return _managed(iam, arn) if arn else None
