"""The module applied beside an existing deployment: what stands there, and whether it is right."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.lambda_functions import metrics
from cirrus_callbacks_plugin.local.sources.filters import matcher
from cirrus_callbacks_plugin.sender.filters import filter_patterns
from cirrus_callbacks_plugin.sender.stream import StreamRecord
from cirrus_callbacks_plugin.waits import definition
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import SUCCESS, Wait, shard, timestamp
from cirrus_callbacks_plugin.waits.table import WaitsTable, utc_now
from support.terraform_walks import DEPLOYMENT, PREFIX

if TYPE_CHECKING:
    from support.terraform_walks import Beside

pytestmark = pytest.mark.xdist_group("terraform-beside")


def test_a_second_plan_is_empty(beside: Beside) -> None:
    """What was applied is what is described: nothing drifts, in either root."""
    assert beside.callbacks.changes_of() == {}
    assert beside.cirrus.changes_of() == {}


def test_the_table_is_what_the_code_defines(beside: Beside) -> None:
    """Terraform and the package create the same table, attribute by attribute."""
    dynamodb = beside.world.client("dynamodb")
    found = beside.world.table()
    expected = definition.table_definition(f"{PREFIX}-callbacks")
    index = found["GlobalSecondaryIndexes"][0]
    described = {
        "TableName": found["TableName"],
        "BillingMode": found["BillingModeSummary"]["BillingMode"],
        "AttributeDefinitions": found["AttributeDefinitions"],
        "KeySchema": found["KeySchema"],
        "GlobalSecondaryIndexes": [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")},
        ],
        "StreamSpecification": found["StreamSpecification"],
    }

    def by_name(attributes: list[dict[str, str]]) -> list[dict[str, str]]:
        return sorted(attributes, key=lambda attribute: attribute["AttributeName"])

    for each in (described, expected):
        each["AttributeDefinitions"] = by_name(each["AttributeDefinitions"])
    assert described == expected
    assert len(found["GlobalSecondaryIndexes"]) == 1
    assert "LocalSecondaryIndexes" not in found or found["LocalSecondaryIndexes"] == []
    ttl = dynamodb.describe_time_to_live(TableName=found["TableName"])["TimeToLiveDescription"]
    wanted = definition.ttl_specification()
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", wanted["AttributeName"])


def test_the_table_is_kept_safe(beside: Beside) -> None:
    """Recoverable, protected against deletion, encrypted with the module's own key."""
    dynamodb = beside.world.client("dynamodb")
    table = beside.world.table()
    backups = dynamodb.describe_continuous_backups(TableName=table["TableName"])
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert table["DeletionProtectionEnabled"] is True
    assert table["SSEDescription"]["KMSMasterKeyArn"] == beside.outputs["kms_key_arn"]


def test_the_deployed_filter_is_what_the_code_builds(beside: Beside) -> None:
    """The patterns of the mapping are those of the Python function; they have no order."""
    wanted = filter_patterns(EnabledWorkflows.parse("sentinel-2-cog"))
    there = beside.world.patterns()
    assert len(there) == len(wanted)
    assert all(pattern in there for pattern in wanted)


def _record_changes(beside: Beside) -> dict[str, dict[str, Any]]:
    """Stream records of everything that happens to rows, by what happened."""
    world = beside.world
    clock = utc_now
    token = uuid.uuid4().hex
    table = WaitsTable(world.client("dynamodb"), f"{PREFIX}-callbacks", clock)
    row = Wait(
        payload_id="c/workflow-sentinel-2-cog/filters",
        task_token=token,
        workflow="sentinel-2-cog",
        registered_at=timestamp(clock()),
        waiting=shard(token),
    )
    world.new_records()
    recorded: dict[str, dict[str, Any]] = {}

    def record(name: str) -> None:
        (recorded[name],) = world.new_records()

    table.register(row)
    record("a new row of an enabled workflow")
    table.settle(row.key, Outcome(workflow_state="SUCCEEDED"))
    record("a settled row")
    table.mark_answered(row.key, SUCCESS, answer_error=None, retention_days=1)
    record("an answered row")
    world.client("dynamodb").delete_item(
        TableName=f"{PREFIX}-callbacks",
        Key=row.key.to_item(),
    )
    record("a row removed by its TTL")
    other = replace(row, workflow="landsat", payload_id="c/workflow-landsat/filters")
    table.register(other)
    record("a new row of a workflow whose flag is off")
    table.settle(other.key, Outcome(workflow_state="FAILED"))
    record("a settled row of a workflow whose flag is off")
    known = replace(row, task_token=f"{token}-2", settled_at=row.registered_at)
    table.register(replace(known, workflow_state="SUCCEEDED"))
    record("a row settled at once")
    for each in (other, known):
        world.client("dynamodb").delete_item(
            TableName=f"{PREFIX}-callbacks",
            Key=each.key.to_item(),
        )
    world.new_records()
    return recorded


def test_the_filter_lets_through_what_the_sender_should_see(beside: Beside) -> None:
    """Settled and unanswered rows, and new rows to be refused; nothing else costs a call.

    ``exists: false`` also matches a record without an image, a removal, which the first
    pattern's other half keeps out.
    """
    records = _record_changes(beside)
    matches = matcher(beside.world.patterns())
    assert {name for name, record in records.items() if matches(record)} == {
        "a settled row",
        "a new row of a workflow whose flag is off",
        "a settled row of a workflow whose flag is off",
        "a row settled at once",
    }
    removed = StreamRecord.from_event(records["a row removed by its TTL"])
    assert removed is None


def test_policies_are_attached_to_the_roles_of_the_functions(beside: Beside) -> None:
    """Both roles are named alike; each got its own function's policy, and no other."""
    iam = beside.world.client("iam")
    roles = {name: beside.world.role_of(name) for name in ("process", "update_state")}
    assert beside.outputs["cirrus_role_names"] == roles
    assert roles["process"].rpartition("-")[0] == roles["update_state"].rpartition("-")[0]
    for name, role in roles.items():
        (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        assert policy == f"{PREFIX}-callbacks-{name.replace('_', '-')}"
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        assert document == json.loads(beside.outputs[f"{name}_policy_json"])


def test_cirrus_itself_is_left_as_it_was(beside: Beside) -> None:
    """Neither function got a variable: the hooks derive the table's name."""
    for name in ("process", "update_state"):
        variables = beside.world.function(name)["Environment"]["Variables"]
        assert not [key for key in variables if key.startswith("CIRRUS_CALLBACKS")]


def test_the_reconciler_knows_where_cirrus_keeps_payloads(beside: Beside) -> None:
    """Read from the environment of ``process``: the URLs of outputs are cirrus's own."""
    from cirrus.lib.payload_bucket import PayloadBucket

    process = beside.world.function("process")["Environment"]["Variables"]
    reconciler = beside.world.function("reconciler")["Environment"]["Variables"]
    cirrus = PayloadBucket(process["CIRRUS_PAYLOAD_BUCKET"])
    wanted = cirrus.get_output_payload_url("c/workflow-w/i", "run-1")
    root = reconciler["CIRRUS_CALLBACKS_PAYLOADS_URL"]
    assert wanted == f"{root}/executions/c/workflow-w/i/run-1/output.json"


def test_parameters_stand_beside_cirrus_own(beside: Beside) -> None:
    """The one who reads the deployment's parameters finds the callbacks' too."""
    path = f"/deployment/{DEPLOYMENT}/"
    ssm = beside.world.client("ssm")
    found = {
        parameter["Name"].removeprefix(path): parameter["Value"]
        for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=path)
        for parameter in page["Parameters"]
    }
    assert found["CIRRUS_STATE_DB"] == f"{PREFIX}-state"
    assert found["CIRRUS_CALLBACKS_TABLE"] == f"{PREFIX}-callbacks"
    assert found["CIRRUS_CALLBACKS_SENDER_FUNCTION"] == f"{PREFIX}-callbacks-sender"
    assert found["CIRRUS_CALLBACKS_RECONCILER_FUNCTION"] == f"{PREFIX}-callbacks-reconciler"
    assert found["CIRRUS_CALLBACKS_FAILURES_URL"] == beside.outputs["failures_url"]


def _emitted() -> set[str]:
    answers = set(metrics.ANSWERED.values())
    return answers | {
        metrics.SETTLED_TO_ANSWERED,
        metrics.OPEN_WAITS,
        metrics.OLDEST_OPEN_WAIT,
        metrics.REPAIRS,
        metrics.ROW_ERRORS,
        metrics.STUCK_PAYLOADS,
        metrics.DEPENDENCY_CYCLES,
        metrics.INCOMPLETE_PASSES,
        metrics.DESCRIBES_REFUSED,
        metrics.FAILURE_DESTINATION_OBJECTS,
    }


def test_alarms_and_dashboard_read_metrics_that_are_emitted(beside: Beside) -> None:
    """A metric's name, namespace and dimensions are the same here and in the code."""
    cloudwatch = beside.world.client("cloudwatch")
    alarms = [
        alarm
        for alarm in cloudwatch.describe_alarms()["MetricAlarms"]
        if alarm["Namespace"] == metrics.NAMESPACE
    ]
    read = {
        (alarm["MetricName"], *(dimensions["service"], dimensions["table"]))
        for alarm in alarms
        for dimensions in [{each["Name"]: each["Value"] for each in alarm["Dimensions"]}]
    }
    body = cloudwatch.get_dashboard(DashboardName=f"{PREFIX}-callbacks")["DashboardBody"]
    for widget in json.loads(body)["widgets"]:
        for namespace, name, *dimensions in widget["properties"]["metrics"]:
            assert namespace == metrics.NAMESPACE
            assert dimensions[::2] == ["service", "table"]
            read.add((name, *dimensions[1::2]))
    assert {name for name, *_ in read} == _emitted()
    assert {table for _, _, table in read} == {f"{PREFIX}-callbacks"}
    assert {service for _, service, _ in read} == {metrics.SENDER, metrics.RECONCILER}


def test_the_reconciler_is_started_on_its_schedule(beside: Beside) -> None:
    """Rule, target and permission fit together."""
    events = beside.world.client("events")
    name = f"{PREFIX}-callbacks-reconciler"
    rule = events.describe_rule(Name=name)
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    assert target["Arn"] == beside.outputs["reconciler_function_arn"]
    policy = beside.world.client("lambda").get_policy(FunctionName=name)["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Condition"]["ArnLike"]["AWS:SourceArn"] == rule["Arn"]
