"""What goes wrong on the way to AWS: one message that names the call and says what to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError

from cirrus_callbacks_plugin.operations.aws import Aws
from support.aws_calls import aws_error
from support.command_line import COMMAND, CommandLine, start
from support.open_waits import PREFIX, payload_id

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.command_line import Ran, Run
    from support.open_waits import OpenWaits


def _told(ran: Ran, status: int, *parts: str) -> None:
    assert ran.status == status, ran.err
    assert ran.out == ""
    assert ran.err.startswith("cirrus-callbacks: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    for part in parts:
        assert part in ran.err


def test_no_credentials(
    waits: OpenWaits,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Says which ways there are to give them."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    ran = CommandLine(capsys)("waits", *waits.options)
    _told(ran, 3, "no AWS credentials were found", "--profile")


def test_a_profile_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Says how to list them."""
    ran = CommandLine(capsys)("waits", "--prefix", "p", "--profile", "nobody")
    _told(ran, 2, "no AWS profile 'nobody'", "aws configure list-profiles")


def test_no_region(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Says how to give one."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    _told(CommandLine(capsys)("waits", "--prefix", "p"), 2, "--region", "AWS_REGION")


def test_the_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_REGION as the AWS CLI reads it, which boto3 does not; --region before it."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert Aws.of(None, None, None).region == "eu-central-1"
    assert Aws.of("us-west-2", None, None).region == "us-west-2"


def test_no_deployment_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The three ways to name one."""
    ran = CommandLine(capsys)("waits")
    _told(ran, 2, "--deployment", "--prefix", "CIRRUS_STATE_DB")


def test_two_ways_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """One of them."""
    ran = CommandLine(capsys)("waits", "--prefix", "p", "--deployment", "d")
    assert ran.status == 2
    assert "Give one of --deployment and --prefix." in ran.err


def test_a_wrong_prefix(waits: OpenWaits, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no such table: is it the right deployment, account, region?"""
    options = ("--prefix", "fd-other", *waits.options[2:])
    ran = CommandLine(capsys)("waits", *options)
    _told(ran, 2, "the deployment fd-other has no such table", "dynamodb:Query")


def test_an_unknown_deployment_name(waits: OpenWaits, capsys: pytest.CaptureFixture[str]) -> None:
    """The names that there are."""
    ssm = waits.deployment.client("ssm")
    pointer = {"type": "parameter_store", "value": "/deployment/ops-dev/"}
    ssm.put_parameter(Name="/cirrus/deployments/ops-dev", Type="String", Value=json.dumps(pointer))
    ssm.put_parameter(Name="/cirrus/deployments/odd", Type="String", Value="[]")
    parameters = {"CIRRUS_STATE_DB": f"{PREFIX}-state", "CIRRUS_PREFIX": f"{PREFIX}-"}
    for name, value in parameters.items():
        ssm.put_parameter(Name=f"/deployment/ops-dev/{name}", Type="String", Value=value)
    cli = CommandLine(capsys)
    where = waits.options[2:]
    ran = cli("waits", "--deployment", "ops-prod", *where)
    _told(ran, 2, "there is no deployment 'ops-prod'", "there are: odd, ops-dev")
    _told(cli("waits", "--deployment", "odd", *where), 2, "is not a pointer as cirrus writes it")
    found = cli("waits", "--deployment", "ops-dev", "--limit", "1", "--quick", "--json", *where)
    assert found.json["deployment"]["prefix"] == PREFIX


def test_a_deployment_by_the_environment(
    waits: OpenWaits,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As cirrus's own lambdas are told."""
    monkeypatch.setenv("CIRRUS_STATE_DB", f"{PREFIX}-state")
    ran = CommandLine(capsys)("waits", "--limit", "1", "--quick", "--json", *waits.options[2:])
    assert ran.json["deployment"]["callbacks_table"] == f"{PREFIX}-callbacks"
    assert len(ran.json["waits"]) == 1


@pytest.mark.parametrize(
    ("command", "operation", "call"),
    [
        (("waits",), "Query", "dynamodb:Query"),
        (("waits",), "DescribeExecution", "states:DescribeExecution"),
        (("waits", "--dead-letters"), "ReceiveMessage", "sqs:ReceiveMessage"),
        (("show", payload_id("stuck")), "GetItem", "dynamodb:GetItem"),
        (("stats",), "Scan", "dynamodb:Scan"),
        (("reconcile", "--dry-run"), "BatchGetItem", "dynamodb:BatchGetItem"),
        (
            ("settle", payload_id("stuck"), "--yes"),
            "GetFunctionConfiguration",
            "lambda:GetFunctionConfiguration",
        ),
    ],
)
def test_a_call_that_is_not_allowed_is_named(
    run: Run,
    aws: AwsCalls,
    command: tuple[str, ...],
    operation: str,
    call: str,
) -> None:
    """With the resource, as IAM knows both."""
    error = aws_error("AccessDeniedException", operation)
    error.response["Error"]["Message"] = (
        f"User: arn:aws:iam::1:user/ada is not authorized to perform: {call} on resource: "
        "arn:aws:x:y:z:thing because no identity-based policy allows it"
    )
    aws.fail(operation, error)
    name, *arguments = command
    _told(
        run(name, *arguments),
        3,
        f"you are not allowed to call {call} on arn:aws:x:y:z:thing as arn:aws:iam::1:user/ada",
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("ThrottlingException", "throttles or fails Query (ThrottlingException)"),
        ("ExpiredTokenException", "does not accept the credentials"),
        ("ValidationException", "AWS refused Query (ValidationException)"),
        (
            EndpointConnectionError(endpoint_url="http://x"),
            "AWS did not answer (EndpointConnectionError at http://x)",
        ),
    ],
)
def test_what_aws_says_otherwise(
    run: Run,
    aws: AwsCalls,
    error: str | Exception,
    told: str,
) -> None:
    """Throttled after all attempts, credentials that ended, no answer."""
    aws.fail("Query", error)
    _told(run("waits"), 3, told)


def test_an_id_that_makes_no_key(run: Run) -> None:
    """It has no record, and that is not an error of AWS's."""
    ran = run("show", "c/workflow-" + "w" * 3000 + "/x")
    assert (ran.status, ran.err) == (1, "")


def test_a_queue_without_dead_letters(run: Run, waits: OpenWaits) -> None:
    """Said, and the list is shown."""
    url = waits.sqs.get_queue_url(QueueName=waits.names.process_queue)["QueueUrl"]
    waits.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    try:
        ran = run("waits", "--limit", "1", "--quick", "--dead-letters")
    finally:
        arn = f"arn:aws:sqs:{waits.names.region}:123456789012:{waits.names.dead_letter_queue}"
        policy = {"deadLetterTargetArn": arn, "maxReceiveCount": 5}
        waits.sqs.set_queue_attributes(
            QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)}
        )
    assert "The process queue has no dead-letter queue." in ran.out


def _environment() -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    return {**os.environ, **keys}


def test_a_pipe_that_closes(waits: OpenWaits) -> None:
    """As with `| head -1`: no traceback, no complaint."""
    command = [COMMAND, "waits", "--all", "--quick", *waits.options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 1


def test_ctrl_c(waits: OpenWaits) -> None:
    """130, and no traceback."""
    arguments = ["waits", "--watch", "--interval", "30", "--limit", "1", "--quick"]
    process = start(
        *arguments,
        *waits.options,
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",
        PYTHONUNBUFFERED="1",
    )
    assert process.stdout is not None
    assert PREFIX in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_completion_knows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Click's own, under the command's name."""
    environment = {
        **os.environ,
        "_CIRRUS_CALLBACKS_COMPLETE": "bash_complete",
        "COMP_WORDS": "cirrus-callbacks re",
        "COMP_CWORD": "1",
    }
    ran = subprocess.run(
        [COMMAND], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert {line.partition(",")[2] for line in ran.stdout.split()} == {
        "reconcile",
        "redrive",
        "resend",
    }


@pytest.mark.parametrize(
    "command",
    ["waits", "show", "settle", "resend", "cancel", "reconcile", "stats", "doctor"],
)
def test_every_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And says which deployment."""
    ran = CommandLine(capsys)(command, "--help")
    assert ran.status == 0
    assert f"Example: cirrus-callbacks {command} --deployment" in " ".join(ran.out.split())
