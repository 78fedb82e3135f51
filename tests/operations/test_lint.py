"""``lint --deployment``: what rules want to know, asked of a deployment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local import deployment as local
from cirrus_callbacks_plugin.operations.aws import Aws
from support.aws_calls import aws_error
from support.command_line import CommandLine
from support.kept_clients import kept_clients
from support.linted import attribute, send
from support.whole_deployment import FLAG, NAME, PREFIX, Whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.aws_calls import AwsCalls


FLAGGED = FLAG.split(",")[0]


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Iterator[Whole]:
    """A whole deployment: no heartbeats, every five minutes."""
    from moto import mock_aws

    monkeypatch.setattr(local, "Session", kept_clients)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield Whole()


@pytest.fixture
def lint(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Lint a wait for a workflow, with HeartbeatSeconds, in a queue of some name."""
    cli = CommandLine(capsys)
    monkeypatch.chdir(tmp_path)

    def run(
        workflow: str,
        *options: str,
        heartbeat: int = 1000,
        queue: str = "${q}",
        carrier: Any = attribute(),  # noqa: B008 - read only
    ) -> Any:
        body = {"process": [{"workflow": workflow}], "t.$": "$$.Task.Token"}
        parameters = {"QueueUrl": queue, "MessageBody": body, "MessageAttributes": carrier or {}}
        made = send(Parameters=parameters, HeartbeatSeconds=heartbeat, TimeoutSeconds=7200)
        (tmp_path / "m.json").write_text(json.dumps(made))
        return cli("lint", "--json", *options, "m.json")

    return run


def _rules(ran: Any) -> set[str]:
    assert ran.out, ran.err
    return {each["rule"] for each in ran.json["findings"] if each["severity"] == "error"}


def _set(whole: Whole, name: str, **variables: str) -> None:
    whole.client("lambda").update_function_configuration(
        FunctionName=f"{PREFIX}-{name}", Environment={"Variables": variables}
    )


@pytest.mark.parametrize("named", [("--deployment", NAME), ("--prefix", PREFIX)])
def test_flag_and_heartbeats_are_asked_for(
    whole: Whole,
    lint: Any,
    named: tuple[str, str],
) -> None:
    """The sender's flag, and the reconciler's heartbeats, which are off."""
    options = (*named, "--region", "us-west-2")
    assert _rules(lint(FLAGGED, *options)) == {"heartbeat"}
    assert _rules(lint("elsewhere", *options)) == {"heartbeat", "workflow-flag"}
    _set(whole, "callbacks-sender", CIRRUS_CALLBACKS_WORKFLOWS="*")
    _set(whole, "callbacks-reconciler", CIRRUS_CALLBACKS_HEARTBEAT="true")
    assert _rules(lint("elsewhere", *options)) == set()


def test_the_schedule_is_asked_for(whole: Whole, lint: Any) -> None:
    """HeartbeatSeconds is compared with the deployment's own interval."""
    _set(
        whole,
        "callbacks-reconciler",
        CIRRUS_CALLBACKS_HEARTBEAT="true",
        CIRRUS_CALLBACKS_INTERVAL_SECONDS="600",
    )
    options = ("--prefix", PREFIX, "--region", "us-west-2")
    assert _rules(lint(FLAGGED, *options)) == {"heartbeat"}
    assert _rules(lint(FLAGGED, *options, heartbeat=1900)) == set()
    assert _rules(lint(FLAGGED, *options, "--interval", "300")) == set()
    assert _rules(lint(FLAGGED, *options, "--no-heartbeats", heartbeat=1900)) == {"heartbeat"}


def test_the_deployments_own_queue_is_known(whole: Whole, lint: Any) -> None:
    """By its URL, whatever its name: a token in no carrier is an error there."""
    url = "https://sqs.us-west-2.amazonaws.com/123456789012/oddly-named"
    name = f"/deployment/{NAME}/CIRRUS_PROCESS_QUEUE_URL"
    whole.client("ssm").put_parameter(Name=name, Value=url, Overwrite=True)
    options = ("--deployment", NAME, "--region", "us-west-2")
    assert "token" in _rules(lint(FLAGGED, *options, queue=url, carrier=None))
    assert _rules(lint(FLAGGED, queue=url, carrier=None)) == set()


@pytest.mark.parametrize("missing", ["callbacks-sender", "callbacks-reconciler"])
def test_a_part_that_is_missing_is_named(whole: Whole, lint: Any, missing: str) -> None:
    """Exit status 2, one message."""
    whole.client("lambda").delete_function(FunctionName=f"{PREFIX}-{missing}")
    ran = lint(FLAGGED, "--prefix", PREFIX, "--region", "us-west-2")
    assert (ran.status, ran.out) == (2, "")
    assert f"({PREFIX}-{missing}): has the Terraform module been applied?" in ran.err


def test_a_call_that_is_refused_is_named(whole: Whole, lint: Any, aws: AwsCalls) -> None:
    """Exit status 3, and which permission is missing."""
    aws.fail("GetFunctionConfiguration", aws_error("AccessDeniedException"))
    ran = lint(FLAGGED, "--prefix", PREFIX, "--region", "us-west-2")
    assert (ran.status, ran.out) == (3, "")
    assert "not allowed to call" in ran.err


def test_without_a_deployment_aws_is_not_asked(
    lint: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even where the environment names one: files alone are checked anywhere."""

    def never(*_: object) -> None:
        raise AssertionError("AWS was asked")

    monkeypatch.setenv("CIRRUS_STATE_DB", f"{PREFIX}-state")
    monkeypatch.setattr(Aws, "client", never)
    assert "workflow-flag" not in _rules(lint("elsewhere"))
