"""The corrections of moto that Terraform's resources need: with and without each."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.local.moto_corrections import corrected as corrections
from cirrus_callbacks_plugin.local.server import MotoServer
from cirrus_callbacks_plugin.operations.doctor import code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ARN = "arn:aws:states:us-west-2:123456789012:stateMachine:a"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An unpatched moto."""
    with closing(MotoServer()) as server, server.serving() as url:
        yield url


def client(service: str, endpoint: str) -> Any:
    """A client that does not repeat what moto does not know."""
    config = boto3.session.Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=endpoint, config=config)


def test_terraform_can_ask_for_validation_and_versions(endpoint: str) -> None:
    """A definition that parses is OK, another is not, and there are no versions."""
    stepfunctions = client("stepfunctions", endpoint)
    with corrections.corrected(corrections=(corrections.answer_terraform,)):
        good = stepfunctions.validate_state_machine_definition(definition=PASS)
        bad = stepfunctions.validate_state_machine_definition(definition='{"StartAt": "A"}')
        versions = stepfunctions.list_state_machine_versions(stateMachineArn=ARN)
    assert (good["result"], good["diagnostics"]) == ("OK", [])
    assert (bad["result"], bad["diagnostics"][0]["severity"]) == ("FAIL", "ERROR")
    assert versions["stateMachineVersions"] == []


def test_unpatched_moto_knows_neither_call(endpoint: str) -> None:
    """Fails once moto has them: ``answer_terraform`` can go then."""
    stepfunctions = client("stepfunctions", endpoint)
    with pytest.raises(ClientError):
        stepfunctions.validate_state_machine_definition(definition=PASS)
    with pytest.raises(ClientError):
        stepfunctions.list_state_machine_versions(stateMachineArn=ARN)


def _attributes_after_a_mapping(endpoint: str) -> dict[str, Any]:
    """Map a queue and a stream to a function, and look what moto holds for its own delivery."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends
    from moto.sqs.models import sqs_backends

    from cirrus_callbacks_plugin.waits.definition import create_table

    role = client("iam", endpoint).create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    functions = client("lambda", endpoint)
    functions.create_function(
        FunctionName="f",
        Role=role["Role"]["Arn"],
        PackageType="Image",
        Code={"ImageUri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/f:1"},
    )
    sqs = client("sqs", endpoint)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    stream = create_table(client("dynamodb", endpoint), "t-callbacks")
    for source, where in (
        (asked["Attributes"]["QueueArn"], {}),
        (stream, {"StartingPosition": "TRIM_HORIZON"}),
    ):
        functions.create_event_source_mapping(EventSourceArn=source, FunctionName="f", **where)
    assert len(functions.list_event_source_mappings()["EventSourceMappings"]) == 2
    queue = sqs_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].queues["q"]
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].tables["t-callbacks"]
    return {
        "queue": dict(queue.lambda_event_source_mappings),
        "table": dict(table.lambda_event_source_mappings),
    }


def test_a_mapping_delivers_nothing_by_itself(endpoint: str) -> None:
    """The one who plays the event sources finds every message and every record."""
    with corrections.corrected(corrections=(corrections.leave_events_to_the_stack,)):
        assert _attributes_after_a_mapping(endpoint) == {"queue": {}, "table": {}}


def test_unpatched_moto_calls_the_function(endpoint: str) -> None:
    """Fails once moto no longer does: ``leave_events_to_the_stack`` can go then."""
    held = _attributes_after_a_mapping(endpoint)
    assert len(held["queue"]) == 1
    assert len(held["table"]) == 1


def _code_location(endpoint: str) -> str:
    """Where moto says that the code of a function is, whose zip lies in its S3."""
    s3 = client("s3", endpoint)
    where = {"LocationConstraint": "us-west-2"}
    s3.create_bucket(Bucket="code", CreateBucketConfiguration=where)
    s3.put_object(Bucket="code", Key="a.zip", Body=b"PK\x05\x06" + bytes(18), ACL="public-read")
    role = client("iam", endpoint).create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    functions = client("lambda", endpoint)
    functions.create_function(
        FunctionName="f",
        Role=role["Role"]["Arn"],
        Runtime="python3.12",
        Handler="a.b",
        Code={"S3Bucket": "code", "S3Key": "a.zip"},
    )
    return str(functions.get_function(FunctionName="f")["Code"]["Location"])


def test_a_functions_code_can_be_fetched(endpoint: str, tmp_path: Path) -> None:
    """From where GetFunction says that it is."""
    with corrections.corrected(corrections=(corrections.lead_to_the_code,)):
        location = _code_location(endpoint)
    assert location.startswith(endpoint)
    place = tmp_path / "code.zip"
    code.download(location, place)
    assert place.read_bytes().startswith(b"PK")


def test_unpatched_moto_names_a_place_where_nothing_is(endpoint: str) -> None:
    """Fails once moto no longer does: ``lead_to_the_code`` can go then."""
    assert not _code_location(endpoint).startswith(endpoint)
