"""``examples/complete``: two deployments in one account and one plan, and their removal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.applied_world import ACCOUNT, FUNCTIONS, REGION, AppliedWorld
from support.enforced_iam import allows, documents_of

if TYPE_CHECKING:
    from support.terraform_walks import Complete

pytestmark = pytest.mark.xdist_group("terraform-complete")


def test_a_second_plan_is_empty(complete: Complete) -> None:
    """What was applied is what is described."""
    assert complete.root.changes_of() == {}


def _resources(complete: Complete, module: str) -> list[dict[str, Any]]:
    shown = json.loads(complete.root.run("show", "-json", no_color=None).ok().out)
    (found,) = [
        child
        for child in shown["values"]["root_module"]["child_modules"]
        if child["address"] == module
    ]
    modules = [found, *found.get("child_modules", [])]
    return [each for part in modules for each in part["resources"] if each["mode"] == "managed"]


def test_two_deployments_share_no_resource(complete: Complete) -> None:
    """Prefixes that extend each other: no name, ARN, role or alarm belongs to both.

    The names of inline policies are their role's own, and those of statements and targets
    their function's and rule's.
    """
    names: list[set[tuple[str, str]]] = []
    for module in ("module.callbacks", "module.callbacks_b"):
        found = set()
        for each in _resources(complete, module):
            for attribute in ("id", "arn", "name", "function_name", "alarm_name", "bucket"):
                value = each["values"].get(attribute)
                if value and (each["type"], attribute) != ("aws_lambda_permission", "id"):
                    found.add((each["type"], str(value)))
        names.append(found)
    given_bucket = {("aws_lambda_permission", "schedule")}
    assert names[0] & names[1] - given_bucket == set()
    assert len(names[0]) > 40


def _documents(world: AppliedWorld) -> dict[str, list[dict[str, Any]]]:
    iam = world.client("iam")
    return {name: documents_of(iam, world.role_of(name)) for name in FUNCTIONS}


def _reach(world: AppliedWorld) -> list[tuple[str, str]]:
    """What a function may do to a deployment's own: action and resource."""
    base = world.prefix
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{base}"
    states = f"arn:aws:states:{REGION}:{ACCOUNT}"
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{base}"
    mapping = world.mapping()
    bucket = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    return [
        *(
            (f"dynamodb:{action}", f"{table}-{name}")
            for action in ("PutItem", "Query", "UpdateItem", "BatchGetItem", "GetItem")
            for name in ("callbacks", "state")
        ),
        ("dynamodb:Query", f"{table}-callbacks/index/waiting"),
        ("dynamodb:GetRecords", world.table()["LatestStreamArn"]),
        ("states:ListExecutions", f"{states}:stateMachine:{base}-sentinel-2-cog"),
        ("states:DescribeExecution", f"{states}:execution:{base}-sentinel-2-cog:1"),
        ("logs:PutLogEvents", f"{logs}-callbacks-sender:log-stream:1"),
        ("logs:PutLogEvents", f"{logs}-callbacks-reconciler:log-stream:1"),
        ("s3:PutObject", f"{bucket}/aws/lambda/1"),
        ("s3:ListBucket", bucket),
    ]


def test_neither_deployment_may_touch_the_other(complete: Complete) -> None:
    """Of everything that their own functions may do, the other's may do nothing.

    `fd-demo-*` alone would take in `fd-demo-b-*`: the first one's `sibling_prefixes` deny it.
    """
    for own, other in (
        (complete.first, complete.second),
        (complete.second, complete.first),
    ):
        documents = _documents(own)
        for name in ("sender", "reconciler"):
            within = [each for each in _reach(own) if allows(documents[name], *each)]
            across = [each for each in _reach(other) if allows(documents[name], *each)]
            assert len(within) >= 5, name
            assert across == [], (own.prefix, name)


def test_without_the_denial_the_siblings_would_be_in_reach(complete: Complete) -> None:
    """The statement is needed: it is the one that keeps `fd-demo-b` out."""
    documents = _documents(complete.first)["reconciler"]
    kept = [
        {
            **document,
            "Statement": [
                statement
                for statement in document["Statement"]
                if statement["Sid"] != "NotTheSiblings"
            ],
        }
        for document in documents
    ]
    run = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:fd-demo-b-sentinel-2-cog:1"
    assert allows(kept, "states:DescribeExecution", run)
    assert not allows(documents, "states:DescribeExecution", run)


def test_with_role_names_given_a_changed_upstream_replaces_nothing(complete: Complete) -> None:
    """A change of cirrus's own function leaves the policies on its role alone."""
    changes = complete.root.changes_of(process_memory=1024)
    assert changes == {'module.cirrus.aws_lambda_function.this["process"]': ["update"]}


def test_roles_have_path_and_boundary(complete: Complete) -> None:
    """Both functions' roles are where the account wants them."""
    iam = complete.first.client("iam")
    for name in ("sender", "reconciler"):
        role = iam.get_role(RoleName=complete.first.role_of(name))["Role"]
        assert role["Path"] == "/cirrus/"
        boundary = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
        assert boundary.endswith(":policy/fd-demo-boundary")


def test_alarms_ring_where_they_were_told_to(complete: Complete) -> None:
    """Warnings to the warning topic, critical ones to the critical, every end to the former."""
    alarms = complete.first.client("cloudwatch").describe_alarms(
        AlarmNamePrefix="CRITICAL: fd-demo-callbacks",
    )["MetricAlarms"]
    assert len(alarms) == 3
    for alarm in alarms:
        assert [arn.rpartition(":")[2] for arn in alarm["AlarmActions"]] == ["fd-demo-critical"]
        assert [arn.rpartition(":")[2] for arn in alarm["OKActions"]] == ["fd-demo-warning"]
        assert alarm["TreatMissingData"] == "notBreaching"


def test_protection_stops_a_destroy_before_anything_is_gone(complete: Complete) -> None:
    """The error names the variable, and every resource of the module is still there."""
    before = [each["address"] for each in _resources(complete, "module.callbacks")]
    destroyed = complete.root.run(
        "destroy",
        "-target=module.callbacks",
        auto_approve=True,
        **complete.root._with_variables({}),
    )
    assert destroyed.code == 1
    assert "deletion_protection is true" in " ".join(destroyed.err.split())
    assert [each["address"] for each in _resources(complete, "module.callbacks")] == before


def test_unprotected_a_destroy_leaves_nothing(complete: Complete) -> None:
    """Applied with ``deletion_protection = false`` first, all of it goes.

    A KMS key cannot: it is pending deletion. moto's own policies and log of the account
    are not Terraform's.
    """
    complete.root.applied(deletion_protection=False)
    complete.root.destroyed(deletion_protection=False).ok()
    assert complete.root.state_list() == []
    client = complete.first.client
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("iam").list_policies(Scope="Local")["Policies"] == []
    assert client("logs").describe_log_groups()["logGroups"] == []
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert client("cloudwatch").list_dashboards()["DashboardEntries"] == []
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("events").list_rules()["Rules"] == []
    assert client("ssm").describe_parameters()["Parameters"] == []
    assert client("sqs").list_queues().get("QueueUrls", []) == []
    kms = client("kms")
    states = {
        key["KeyState"]
        for listed in kms.list_keys()["Keys"]
        for key in [kms.describe_key(KeyId=listed["KeyId"])["KeyMetadata"]]
        if key["KeyManager"] == "CUSTOMER" and not _is_of_aws(kms, key["KeyId"])
    }
    assert states <= {"PendingDeletion"}


def _is_of_aws(kms: Any, key_id: str) -> bool:
    """A key that moto makes for an AWS service is known by its alias."""
    aliases = kms.list_aliases(KeyId=key_id)["Aliases"]
    return any(alias["AliasName"].startswith("alias/aws/") for alias in aliases)
