"""``doctor``: a whole deployment has a tick everywhere; each thing broken alone has its cross."""

from __future__ import annotations

import functools
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient

from cirrus_callbacks_plugin.iam.documents import Decision, decide, decide_within, is_document
from cirrus_callbacks_plugin.iam.permissions import PERMISSIONS, Function
from cirrus_callbacks_plugin.local import deployment as local
from cirrus_callbacks_plugin.operations import deployment
from cirrus_callbacks_plugin.operations.aws import Aws
from cirrus_callbacks_plugin.operations.doctor import code, keys, permissions, quotas
from cirrus_callbacks_plugin.operations.doctor.parts import Parts
from cirrus_callbacks_plugin.operations.settings import reconciler_settings
from cirrus_callbacks_plugin.waits.queries import WaitsQueries
from cirrus_callbacks_plugin.waits.table import utc_now
from support import schemas, snapshots
from support.command_line import CommandLine
from support.kept_clients import kept_clients
from support.whole_deployment import ACCOUNT, FLAG, KEYS, NAME, PREFIX, Whole, allow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cirrus_callbacks_plugin.operations.doctor.check import Check
    from support.aws_calls import AwsCalls
    from support.command_line import Ran

    Doctor = Callable[..., Ran]
    Roles = Callable[..., dict[str, Check]]


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Iterator[Whole]:
    """A whole deployment, fresh for each test."""
    from moto import mock_aws

    monkeypatch.setattr(local, "Session", kept_clients)
    original = BaseClient._make_api_call

    def call(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "GetAccountSettings":  # the one call that moto does not know
            return {"AccountLimit": {"UnreservedConcurrentExecutions": 900}}
        return original(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        made = Whole()
        monkeypatch.setattr(code, "download", made.download)
        yield made


_kept = functools.cache(Aws.of)


@pytest.fixture
def doctor(
    whole: Whole,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Doctor:
    """The command on it."""
    cli = CommandLine(capsys)
    kept = _kept("us-west-2", None, None)
    monkeypatch.setattr(Aws, "of", lambda *_: kept)  # clients are what costs time
    return lambda *more: cli("doctor", "--deployment", NAME, *more)


@pytest.mark.parametrize("columns", ["80", "160"])
def test_a_whole_deployment(
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
) -> None:
    """A tick at every check, exit status 0."""
    monkeypatch.setenv("COLUMNS", columns)
    ran = doctor()
    assert ran.status == 0, ran.out
    assert "✗" not in ran.out
    snapshots.matches(f"doctor-{columns}", ran.out)


def _no_table(whole: Whole) -> None:
    whole.client("dynamodb").delete_table(TableName=f"{PREFIX}-callbacks")


def _no_index(whole: Whole) -> None:
    whole.client("dynamodb").update_table(
        TableName=f"{PREFIX}-callbacks",
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "waiting"}}],
    )


def _no_stream(whole: Whole) -> None:
    whole.client("dynamodb").update_table(
        TableName=f"{PREFIX}-callbacks", StreamSpecification={"StreamEnabled": False}
    )


def _no_ttl(whole: Whole) -> None:
    whole.client("dynamodb").update_time_to_live(
        TableName=f"{PREFIX}-callbacks",
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expiration_time"},
    )


def _function_gone(whole: Whole, name: str) -> None:
    whole.lambdas.delete_function(FunctionName=f"{PREFIX}-{name}")


def _other_table(whole: Whole) -> None:
    whole.lambdas.update_function_configuration(
        FunctionName=f"{PREFIX}-callbacks-reconciler",
        Environment={
            "Variables": {"CIRRUS_STATE_DB": "other-state", "CIRRUS_CALLBACKS_TABLE": "other"}
        },
    )


def _no_mapping(whole: Whole) -> None:
    whole.lambdas.delete_event_source_mapping(UUID=whole.mapping)


def _mapping(whole: Whole, **changed: Any) -> None:
    whole.lambdas.update_event_source_mapping(UUID=whole.mapping, **changed)


def _rule_off(whole: Whole) -> None:
    whole.events.disable_rule(Name=f"{PREFIX}-callbacks-reconciler")


def _no_rule(whole: Whole) -> None:
    rule = f"{PREFIX}-callbacks-reconciler"
    whole.events.remove_targets(Rule=rule, Ids=[rule])


def _bare(whole: Whole) -> None:
    whole.code = "bare"


def _slimmed(whole: Whole) -> None:
    whole.code = "slimmed"


def _no_plugin(whole: Whole) -> None:
    whole.code = "handlers alone"


def _without(whole: Whole, name: str, action: str) -> None:
    """Take one action away from a role."""
    kept = [
        {
            **statement,
            "Action": [each for each in statement["Action"] if each != action] or ["none:None"],
        }
        for statement in whole.statements(name)
    ]
    whole.put_policy(name, kept)


def _denied(whole: Whole) -> None:
    deny = allow(["dynamodb:put*"], "*", Effect="Deny")
    whole.put_policy("process", [*whole.statements("process"), deny])


def _bound(whole: Whole) -> None:
    document = {"Version": "2012-10-17", "Statement": [allow(["dynamodb:GetItem"], "*")]}
    made = whole.iam.create_policy(PolicyName="bound", PolicyDocument=json.dumps(document))
    whole.iam.put_role_permissions_boundary(
        RoleName=f"{PREFIX}-update-state-role",
        PermissionsBoundary=made["Policy"]["Arn"],
    )


def _older(whole: Whole, code: str) -> None:
    """Sender and reconciler were left as they were when the hooks were upgraded."""
    whole.of_ours = code


def _slow_queue(whole: Whole) -> None:
    whole.sqs.set_queue_attributes(
        QueueUrl=whole.names.process_queue_url, Attributes={"VisibilityTimeout": "1200"}
    )


def _bulk_queue(whole: Whole) -> None:
    """A second queue that feeds process, and delivers for longer than the reconciler thinks."""
    dead = whole.arn("sqs", whole.names.dead_letter_queue)
    policy = {"deadLetterTargetArn": dead, "maxReceiveCount": 5}
    whole.sqs.create_queue(
        QueueName=f"{PREFIX}-bulk-process",
        Attributes={"VisibilityTimeout": "5000", "RedrivePolicy": json.dumps(policy)},
    )
    whole.lambdas.create_event_source_mapping(
        EventSourceArn=whole.arn("sqs", f"{PREFIX}-bulk-process"),
        FunctionName=f"{PREFIX}-process",
    )


def _endless_queue(whole: Whole) -> None:
    whole.sqs.create_queue(QueueName=f"{PREFIX}-feed")
    whole.lambdas.create_event_source_mapping(
        EventSourceArn=whole.arn("sqs", f"{PREFIX}-feed"), FunctionName=f"{PREFIX}-process"
    )


def _no_feed(whole: Whole) -> None:
    listed = whole.lambdas.list_event_source_mappings(FunctionName=f"{PREFIX}-process")
    for each in listed["EventSourceMappings"]:
        whole.lambdas.delete_event_source_mapping(UUID=each["UUID"])


def _impatient(whole: Whole) -> None:
    name = "callbacks-reconciler"
    variables = {**whole.variables(name), "CIRRUS_CALLBACKS_QUEUE_SECONDS": "86400"}
    whole.lambdas.update_function_configuration(
        FunctionName=f"{PREFIX}-{name}", Environment={"Variables": variables}
    )


def _message(whole: Whole, queue: str) -> None:
    url = whole.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    whole.sqs.send_message(QueueUrl=url, MessageBody="{}")


def _failed_record(whole: Whole) -> None:
    whole.client("s3").put_object(
        Bucket=f"{PREFIX}-cb-fail", Key="aws/lambda/mapping/one", Body=b"{}"
    )


BREAKS: dict[str, tuple[Callable[[Whole], None], set[str]]] = {
    "table": (_no_table, {"table"}),
    "index": (_no_index, {"index"}),
    "stream": (_no_stream, {"stream"}),
    "ttl": (_no_ttl, {"ttl"}),
    "sender": (lambda whole: _function_gone(whole, "callbacks-sender"), {"function"}),
    "reconciler": (lambda whole: _function_gone(whole, "callbacks-reconciler"), {"function"}),
    "process": (lambda whole: _function_gone(whole, "process"), {"process"}),
    "other table": (_other_table, {"tables", "failure destination"}),
    "mapping": (_no_mapping, {"mapping"}),
    "mapping off": (lambda whole: _mapping(whole, Enabled=False), {"mapping"}),
    "filters": (
        lambda whole: _mapping(whole, FilterCriteria={"Filters": [{"Pattern": '{"a":[1]}'}]}),
        {"filters"},
    ),
    "no partial batches": (
        lambda whole: _mapping(whole, FunctionResponseTypes=[]),
        {"partial batches"},
    ),
    "rule off": (_rule_off, {"schedule"}),
    "no rule": (_no_rule, {"schedule"}),
    "sender fails": (lambda whole: whole.ran("callbacks-sender", 2, "Errors"), {"last runs"}),
    "not wrapped": (_bare, {"process", "update-state"}),
    "slimmed": (_slimmed, {"process", "update-state"}),
    "no plugin": (_no_plugin, {"process", "update-state"}),
    "process may not put": (
        lambda whole: _without(whole, "process", "dynamodb:PutItem"),
        {"process"},
    ),
    "update-state may not query": (
        lambda whole: _without(whole, "update-state", "dynamodb:Query"),
        {"update-state"},
    ),
    "sender may not answer": (
        lambda whole: _without(whole, "callbacks-sender", "states:SendTaskFailure"),
        {"sender"},
    ),
    "reconciler may not list": (
        lambda whole: _without(whole, "callbacks-reconciler", "states:ListExecutions"),
        {"reconciler"},
    ),
    "denied": (_denied, {"process"}),
    "bound": (_bound, {"update-state"}),
    "slow queue": (_slow_queue, {f"{PREFIX}-process: redelivery"}),
    "bulk queue": (_bulk_queue, {f"{PREFIX}-bulk-process: redelivery"}),
    "queue without an end": (_endless_queue, {f"{PREFIX}-feed: redelivery"}),
    "nothing feeds process": (_no_feed, {"process"}),
    "a reconciler that thinks the queue keeps less": (
        _impatient,
        {f"{PREFIX}-process: retention"},
    ),
    "sender from before joins": (lambda whole: _older(whole, "before joins"), {"joins"}),
    "sender from before reserved rows": (
        lambda whole: _older(whole, "before reserved rows"),
        {"joins"},
    ),
    "dead letters": (
        lambda whole: _message(whole, whole.names.dead_letter_queue),
        {f"{PREFIX}-process: dead letters"},
    ),
    "ends given up": (
        lambda whole: _message(whole, f"{PREFIX}-update-state-dead-letter"),
        {"update-state: dead letters"},
    ),
    "failed records": (_failed_record, {"failure destination"}),
}


@pytest.mark.parametrize("broken", list(BREAKS))
def test_each_thing_broken_alone_has_its_cross(
    doctor: Doctor,
    whole: Whole,
    broken: str,
) -> None:
    """That check, no other one, with what to do; exit status 1."""
    break_it, crosses = BREAKS[broken]
    break_it(whole)
    ran = doctor("--json")
    assert ran.status == 1, ran.err
    schemas.check("doctor", ran.json)
    amiss = [check for check in ran.json["checks"] if check["ok"] is False]
    assert {check["name"] for check in amiss} == crosses, amiss
    assert all(check["do"] for check in amiss)
    assert ran.json["whole"] is False


@pytest.mark.parametrize("state", ["ENABLED", "DISABLED"])
def test_a_rule_brings_ends_to_update_state(doctor: Doctor, whole: Whole, state: str) -> None:
    """One that is disabled is a cross; where none leads to the function nothing is said."""

    def ends() -> list[dict[str, Any]]:
        return [each for each in doctor("--json").json["checks"] if each["name"] == "ends"]

    name = f"{PREFIX}-update-state"
    assert ends() == []
    whole.events.put_rule(Name=name, EventPattern='{"source": ["aws.states"]}', State=state)
    target = {"Id": name, "Arn": whole.arn("lambda", f"function:{name}")}
    whole.events.put_targets(Rule=name, Targets=[target])
    (check,) = ends()
    assert check["ok"] is (state == "ENABLED")


def test_a_zip_without_hooks_is_called_one(doctor: Doctor, whole: Whole) -> None:
    """The release that was deployed instead, because of a name that Terraform dropped."""
    _bare(whole)
    for name in ("process", "update-state"):
        check = next(
            each
            for each in doctor("--json").json["checks"]
            if (each["area"], each["name"]) == ("hooks", name)
        )
        assert check["ok"] is False
        assert check["found"].endswith(".lambda_handler from a zip without hooks")
        assert "cirrus_lambda_zip_filepath of modules/cirrus" in check["do"]
        assert "lambda_zip_filepath in cirrus_inputs" in check["do"]


KEYED = (
    (Function.SENDER, keys.OF_FAILURES),
    (Function.SENDER, keys.OF_JOINS),
    (Function.RECONCILER, keys.OF_JOINS),
)
"""Functions that use keys of buckets and queues."""


@pytest.fixture
def roles(whole: Whole) -> Roles:
    """What doctor says of the functions' roles, and of the keys of buckets and queues."""
    found = deployment.find(Aws.of("us-west-2", None, None), deployment=NAME)

    def look(functions: Iterable[Function] = Function) -> dict[str, Check]:
        parts = Parts(found, reconciler_settings(found, must_know=True))
        checks = [
            check
            for function in functions
            for check in permissions.permissions(parts, function, f"{PREFIX}-{function.value}")
        ]
        for function, of in KEYED:
            name = f"{PREFIX}-{function.value}"
            checks += permissions.encryption(parts, function, name, of)
        return {check.name: check for check in checks}

    return look


def test_each_permission_taken_away_alone_is_named(
    whole: Whole,
    roles: Roles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every action of the one list, under every condition: its function and the action."""
    whole.under_every_condition(monkeypatch)
    assert all(check.ok for check in roles().values())
    for permission in PERMISSIONS:
        for action in permission.actions:
            arn = whole.resources()[permission.resource]
            name = permission.function.value
            statements = whole.statements(name)
            whole.put_policy(
                name,
                [each for each in statements if each != allow([action], arn)],
            )
            amiss = {
                check: found.found
                for check, found in roles([permission.function]).items()
                if not found.ok
            }
            whole.put_policy(name, statements)
            assert len(amiss) == 1, (permission, amiss)
            (check,) = amiss
            assert check.startswith(name.removeprefix("callbacks-")), permission
            assert f"may not {action} on" in amiss[check], permission
            is_slower = "nothing is lost" in amiss[check]
            assert is_slower == (action == "dynamodb:PartiQLUpdate"), permission


def test_what_no_condition_calls_for_is_not_missed(whole: Whole, roles: Roles) -> None:
    """No heartbeat, no key, no traces, no VPC: the roles need no permission for them."""
    granted = {action for name in Function for action in _actions(whole, name.value)}
    assert not granted & {"states:SendTaskHeartbeat", "kms:Decrypt", "xray:PutTraceSegments"}
    assert all(check.ok for check in roles().values())


def test_a_key_that_aws_manages_needs_no_permission(
    whole: Whole,
    roles: Roles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own policy lets the whole account use it, through DynamoDB."""
    whole.under_every_condition(monkeypatch)
    needed = [each for each in whole.statements("process") if each["Action"] != ["kms:Decrypt"]]
    whole.put_policy("process", needed)
    assert roles()["process"].ok is False
    original = BaseClient._make_api_call

    def of_aws(client: Any, operation: str, parameters: Any) -> Any:
        told = original(client, operation, parameters)
        if operation == "DescribeKey":
            told["KeyMetadata"]["KeyManager"] = "AWS"
        return told

    monkeypatch.setattr(BaseClient, "_make_api_call", of_aws)
    assert roles()["process"].ok is True


def test_a_bucket_whose_encryption_may_not_be_looked_at(
    whole: Whole,
    roles: Roles,
    aws: AwsCalls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unknown, with the permission that is missing; every other permission is still judged."""
    whole.under_every_condition(monkeypatch)
    aws.fail("GetBucketEncryption", "AccessDenied")
    found = roles()
    for name in ("sender: failed records", "sender: joins", "reconciler: joins"):
        unknown = found.pop(name)
        assert (unknown.ok, "s3:GetEncryptionConfiguration" in str(unknown.do)) == (None, True)
    assert all(check.ok for check in found.values())


def _actions(whole: Whole, name: str) -> list[str]:
    return [action for statement in whole.statements(name) for action in statement["Action"]]


def test_nothing_is_asked_for_twice(
    whole: Whole,
    roles: Roles,
    doctor: Doctor,
    aws: AwsCalls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many checks and permissions look at a part, AWS describes it once."""
    whole.under_every_condition(monkeypatch)
    with aws.recording() as recording:
        roles()
    asked = [(each.operation, str(each.parameters)) for each in recording.calls]
    once = {"ListEventSourceMappings", "GetQueueAttributes", "GetQueueUrl", "DescribeTable"}
    assert {name for name, _ in asked} >= once
    assert sorted(each for each in asked if each[0] in once and asked.count(each) > 1) == []
    described = [each for each in asked if each[0] == "DescribeKey"]
    assert len(described) <= len(PERMISSIONS_WITH_A_KEY)
    with aws.recording() as recording:
        doctor()
    queues = [str(each.parameters) for each in recording.of("GetQueueUrl")]
    assert len(queues) == len(set(queues))


PERMISSIONS_WITH_A_KEY = [each for each in PERMISSIONS if each.resource in KEYS]


def test_an_older_sender_is_told_from_one_that_answers_too_early(
    doctor: Doctor,
    whole: Whole,
) -> None:
    """Before joins, they wait; before reserved rows, a parent would get an answer too early."""
    assert "answer joins" in _checks(doctor, "joins")[0]["found"]
    whole.of_ours = "before joins"
    assert "passes over" in _checks(doctor, "joins")[0]["found"]
    whole.of_ours = "before reserved rows"
    check = _checks(doctor, "joins")[0]
    assert "would answer rows that are not waits" in check["found"]
    assert check["do"].startswith("send no join till then")


def test_hooks_that_open_no_joins_may_stand_beside_any_sender(
    doctor: Doctor,
    whole: Whole,
) -> None:
    """The module may be upgraded first, and a deployment from before joins is whole."""
    whole.code = "before joins"
    for code_of_ours in ("wrapped", "before joins", "before reserved rows"):
        whole.of_ours = code_of_ours
        check = _checks(doctor, "joins")[0]
        assert (check["ok"], "open no joins" in check["found"]) == (True, True)


def test_a_call_that_is_not_allowed_is_named(
    doctor: Doctor,
    aws: AwsCalls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A question mark, the call's name, and all other checks are made."""
    monkeypatch.setenv("COLUMNS", "160")
    aws.fail("ListRolePolicies", "AccessDeniedException")
    ran = doctor()
    assert ran.status == 1
    assert ran.out.count("? ") == 4
    assert "ListRolePolicies was refused (AccessDeniedException)" in ran.out
    assert "4 could not be made." in ran.out


def test_a_reconciler_that_does_not_run(
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No run within the last hour: it should run every few minutes."""
    monkeypatch.setattr(deployment, "now", lambda: utc_now() + timedelta(hours=3))
    amiss = [check for check in doctor("--json").json["checks"] if check["ok"] is False]
    assert [(check["area"], check["name"]) for check in amiss] == [("reconciler", "last runs")]


def test_quotas_that_are_near(
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Open waits and concurrent executions against what the account may have."""
    monkeypatch.setattr(quotas, "OPEN_EXECUTIONS", 0)
    monkeypatch.setattr(quotas, "FEW_CONCURRENT", 1000)
    amiss = [check for check in doctor("--json").json["checks"] if check["ok"] is False]
    assert [check["name"] for check in amiss] == ["open executions", "concurrent executions"]


def test_open_waits_are_told(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who removes or renames a deployment reads here how many parents would get no answer."""
    monkeypatch.setattr(WaitsQueries, "count_waiting", lambda _: 3)
    (check,) = _checks(doctor, "open executions")
    assert check["found"].startswith("3 open wait(s) of ")


def test_code_that_cannot_be_looked_into(
    doctor: Doctor,
    whole: Whole,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A download that fails is unknown, not amiss."""

    def refuse(*_: Any) -> None:
        raise OSError("no way out")

    monkeypatch.setattr(code, "download", refuse)
    unknown = [check for check in doctor("--json").json["checks"] if check["ok"] is None]
    assert {check["name"] for check in unknown} == {"process", "update-state", "joins"}


def _checks(doctor: Doctor, name: str) -> list[dict[str, Any]]:
    return [check for check in doctor("--json").json["checks"] if check["name"] == name]


def test_container_images_cannot_be_looked_into(
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unknown, with the command that the image must have."""
    found = Parts.function

    def as_image(parts: Parts, name: str | None) -> Any:
        return {**(found(parts, name) or {}), "PackageType": "Image"}

    monkeypatch.setattr(Parts, "function", as_image)
    check = _checks(doctor, "update-state")[0]
    assert check["ok"] is None
    assert "cirrus_callbacks_plugin.lambda_functions.update_state.lambda_handler" in check["do"]


def test_a_plugin_in_a_layer_is_seen(
    doctor: Doctor,
    whole: Whole,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The handler leads there, and the layer may hold it."""
    whole.code = "handlers alone"
    found = Parts.function

    def with_layer(parts: Parts, name: str | None) -> Any:
        return {**(found(parts, name) or {}), "Layers": [{"Arn": "arn:layer"}]}

    monkeypatch.setattr(Parts, "function", with_layer)
    assert "(from a layer)" in _checks(doctor, "process")[0]["found"]


def test_a_conditional_permission_is_left_open(doctor: Doctor, whole: Whole) -> None:
    """The condition would have to be evaluated with the call."""
    conditional = {"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}
    statements = [{**each, **conditional} for each in whole.statements("process")]
    whole.put_policy("process", statements)
    check = _checks(doctor, "process")[1]
    assert (check["ok"], "depends on a condition" in check["found"]) == (None, True)


def test_attached_policies_and_a_key_count(
    doctor: Doctor,
    whole: Whole,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A managed policy allows as an inline one; an encrypted table needs its key."""
    document = {"Version": "2012-10-17", "Statement": whole.statements("process")}
    made = whole.iam.create_policy(PolicyName="managed", PolicyDocument=json.dumps(document))
    role = f"{PREFIX}-process-role"
    whole.iam.delete_role_policy(RoleName=role, PolicyName="own")
    whole.iam.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])
    assert _checks(doctor, "process")[1]["ok"] is True
    found = Parts.table

    def encrypted(parts: Parts, name: str) -> Any:
        key = {"SSEDescription": {"KMSMasterKeyArn": "arn:aws:kms:x:1:key/k"}}
        return {**(found(parts, name) or {}), **key}

    monkeypatch.setattr(Parts, "table", encrypted)
    check = _checks(doctor, "process")[1]
    assert (check["ok"], "kms:Decrypt" in check["found"]) == (False, True)


def test_an_empty_deployment(doctor: Doctor, whole: Whole) -> None:
    """Nothing but crosses, and no error."""
    for name in ("process", "update-state", "callbacks-sender", "callbacks-reconciler"):
        _function_gone(whole, name)
    for name in ("state", "callbacks"):
        whole.client("dynamodb").delete_table(TableName=f"{PREFIX}-{name}")
    told = doctor("--json").json["checks"]
    amiss = {(check["area"], check["name"]) for check in told if not check["ok"]}
    assert ("tracking table", "state table") in amiss
    assert ("tracking table", "table") in amiss
    assert ("hooks", "process") in amiss


def test_another_table_of_that_name(doctor: Doctor, whole: Whole) -> None:
    """Its keys are not the tracking table's."""
    client = whole.client("dynamodb")
    client.delete_table(TableName=f"{PREFIX}-callbacks")
    client.create_table(
        TableName=f"{PREFIX}-callbacks",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    check = _checks(doctor, "index")[0]
    assert (check["ok"], check["do"]) == (False, "another table has this name: see table_name")


def test_queues_that_are_gone(doctor: Doctor, whole: Whole) -> None:
    """A mapping without its queue, and a queue without its dead-letter queue."""
    url = whole.sqs.get_queue_url(QueueName=whole.names.dead_letter_queue)["QueueUrl"]
    whole.sqs.delete_queue(QueueUrl=url)
    check = _checks(doctor, f"{PREFIX}-process: dead letters")[0]
    assert (check["ok"], check["do"]) == (False, "create it again")
    whole.sqs.delete_queue(QueueUrl=whole.names.process_queue_url)
    check = _checks(doctor, f"{PREFIX}-process")[0]
    assert (check["ok"], check["do"]) == (False, "remove its mapping")


def test_a_failure_destination_that_cannot_be_listed(doctor: Doctor, whole: Whole) -> None:
    """Unknown, and why."""
    whole.client("s3").delete_bucket(Bucket=f"{PREFIX}-cb-fail")
    check = _checks(doctor, "failure destination")[0]
    assert (check["ok"], "cannot be listed" in check["found"]) == (None, True)


@pytest.mark.parametrize("operation", ["GetFunctionConfiguration", "DescribeTable"])
def test_what_may_not_be_described_is_unknown(
    doctor: Doctor,
    aws: AwsCalls,
    operation: str,
) -> None:
    """Each check says which call."""
    aws.fail(operation, "AccessDeniedException")
    unknown = [check for check in doctor("--json").json["checks"] if check["ok"] is None]
    assert unknown
    assert all(operation in check["found"] for check in unknown)


def test_a_policy_that_is_no_json_is_named(doctor: Doctor, whole: Whole) -> None:
    """IAM's document stays a text then: unknown, and which policy; every other check is made."""
    from moto.iam.models import iam_backends

    role = iam_backends[ACCOUNT]["aws"].get_role(f"{PREFIX}-process-role")
    role.policies["own"] = "%7Bno json"
    ran = doctor("--json")
    (unknown,) = [each for each in ran.json["checks"] if each["ok"] is None]
    assert (unknown["area"], unknown["name"]) == ("permissions", "process")
    assert unknown["found"].endswith("has policies that cannot be read: own")


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ({"Statement": []}, True),
        ({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": ["*"]}}, True),
        ({}, True),
        ("text", False),
        (["list"], False),
        (None, False),
        ({"Statement": "text"}, False),
        ({"Statement": ["text"]}, False),
        ({"Statement": [{"Action": None}]}, False),
        ({"Statement": [{"Action": [1]}]}, False),
        ({"Statement": [{"NotResource": {}}]}, False),
    ],
)
def test_what_can_be_evaluated_as_a_policy(value: Any, is_one: bool) -> None:
    """Whatever else stands in a document's place is said to be none, and never raises."""
    assert is_document(value) is is_one


STATEMENTS = [
    {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
    {"Effect": "Allow", "Action": ["dynamodb:Put*"], "Resource": ["arn:x:table/a*"]},
    {"Effect": "Allow", "NotAction": "s3:*", "Resource": "arn:x:table/*"},
    {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "arn:x:table/a"},
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    {"Effect": "Deny", "NotAction": "dynamodb:*", "Resource": "*"},
]
CALLS = [
    ("dynamodb:PutItem", "arn:x:table/a"),
    ("dynamodb:PutItem", "arn:x:table/abc"),
    ("dynamodb:GetItem", "arn:x:table/b"),
    ("s3:GetObject", "arn:x:bucket/key"),
]


@pytest.mark.parametrize(("action", "resource"), CALLS)
def test_policies_are_evaluated_as_moto_evaluates_them(action: str, resource: str) -> None:
    """Every pair of statements: allow and deny, wildcards, NotAction."""
    from support.enforced_iam import allows

    for first in STATEMENTS:
        for second in STATEMENTS:
            documents = [
                {"Version": "2012-10-17", "Statement": [first]},
                {"Version": "2012-10-17", "Statement": second},
            ]
            listed = [{**each, "Statement": [each["Statement"]]} for each in documents[1:]]
            expected = allows([documents[0], *listed], action, resource)
            decided = decide(documents, action, resource)
            assert (decided is Decision.ALLOWED) is expected, (first, second)


def test_a_condition_leaves_it_open() -> None:
    """Nobody can evaluate one without the call; what denies without one, denies."""
    conditional = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    allowed = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", **conditional}}
    denied = {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", **conditional}}
    other = {"Statement": {"Effect": "Allow", "Action": "*", "NotResource": "arn:b"}}
    assert decide([allowed], "a:B", "arn:a") is Decision.DEPENDS
    for both in ([denied, other], [other, denied], [denied, allowed]):
        assert decide(both, "a:B", "arn:a") is Decision.DEPENDS
    assert decide([denied], "a:B", "arn:a") is Decision.DENIED
    assert (
        decide_within(
            [other], {"Statement": [denied["Statement"], other["Statement"]]}, "a:B", "arn:a"
        )
        is Decision.DEPENDS
    )
    assert decide([other], "a:B", "arn:b") is Decision.DENIED


def test_actions_have_no_case_and_a_question_mark_is_one_letter() -> None:
    """As IAM documents it; moto's evaluation knows neither."""
    document = {"Statement": {"Effect": "Allow", "Action": "DYNAMODB:put?tem", "Resource": "a?"}}
    assert decide([document], "dynamodb:PutItem", "ab") is Decision.ALLOWED
    assert decide([document], "dynamodb:PutItem", "abc") is Decision.DENIED
    assert decide([document], "dynamodb:PutIItem", "ab") is Decision.DENIED


def test_the_flag_is_read_from_the_sender(doctor: Doctor) -> None:
    """The filters are compared with what the sender's own environment says."""
    found = {check["name"]: check["found"] for check in doctor("--json").json["checks"]}
    assert FLAG in found["filters"]
