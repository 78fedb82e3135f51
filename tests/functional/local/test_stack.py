"""A whole stack in this process: what it leaves behind, and what its logs hold."""

from __future__ import annotations

import json
import math
import os
import socket
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import pytest

from cirrus_callbacks_plugin.cli import local
from cirrus_callbacks_plugin.local import stack as stack_module
from cirrus_callbacks_plugin.local.stack import Stack, StackSettings, running
from cirrus_callbacks_plugin.local.timeline import Timeline
from cirrus_callbacks_plugin.naming import short
from support.command_line import CHILD, PARENT, SLOW, Folder, parent, payload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_wait_that_times_out_is_told(tmp_path: Path) -> None:
    """The task is over while its child goes on: a line of its own, and the waiter is gone."""
    caught = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    machine = parent(TimeoutSeconds=1, Catch=caught, Next="Late")
    del machine["States"]["Wait"]["End"]
    machine["States"]["Late"] = SLOW["States"]["Sleep"]
    folder = Folder(tmp_path).write("workflows/parent.asl.json", machine)
    folder.write("workflows/child.asl.json", SLOW).write("payloads/1.json", payload())
    told: list[str] = []
    timeline = Timeline(lambda happening: told.append(happening.text), "cirrus-local")
    with running(tmp_path, StackSettings(), timeline) as stack:
        stack.send(stack.project.payloads[0].body)
        assert stack.wait_until(lambda: bool(timeline.gone), 60)
        report = stack.report()
    (wait,) = report.waits
    assert report.gone == {wait.key}
    assert {each.status for each in report.executions} == {"RUNNING"}
    line = f"{wait.waiter_name} waits no more for {short(wait.payload_id)}: its task ended with "
    assert told.count(f"{line}States.Timeout") == 1


def test_each_source_is_told_when_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run goes through to its end though no source asks by itself, not even once an hour."""
    monkeypatch.setattr(stack_module, "IDLE_PAUSE_SECONDS", 3600.0)
    # The child's end comes alone: no delivery shortly before makes anybody ask.
    child = {"Sleep": {**SLOW["States"]["Sleep"], "Seconds": 2}}
    folder = Folder(tmp_path).write("workflows/parent.asl.json", PARENT)
    folder.write("workflows/child.asl.json", {**SLOW, "States": child})
    folder.write("payloads/1.json", payload())
    with running(tmp_path, StackSettings(), Timeline(print, "cirrus-local")) as stack:
        assert stack.wait_until(stack.nothing_left, 60)  # what was there before is through
        for each in stack.project.payloads:
            stack.send(each.body)
        assert stack.wait_until(lambda: bool(stack.waits()), 60)
        assert stack.wait_until(stack.nothing_left, 60)
        (wait,) = stack.report().waits
    assert wait.answer == "success"


def test_a_stack_leaves_nothing_behind_and_tells_no_token(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Afterwards nothing listens, no thread and no variable is left; no log held a token."""
    folder = Folder(tmp_path).write("workflows/parent.asl.json", PARENT)
    folder.write("workflows/child.asl.json", CHILD).write("payloads/1.json", payload())
    before, threads = dict(os.environ), set(threading.enumerate())
    with running(tmp_path, StackSettings(verbose=True), Timeline(print, "cirrus-local")) as stack:
        endpoint = urlparse(stack.deployment.names.endpoint_url or "")
        assert endpoint.hostname == "127.0.0.1"
        for each in stack.project.payloads:
            stack.send(each.body)
        assert stack.wait_until(stack.nothing_left, 120)
        (wait,) = stack.report().waits
        stored = _everything_in_s3(stack.deployment.client("s3"))
        inputs = [
            stack.deployment.client("stepfunctions").describe_execution(executionArn=each.arn)
            for each in stack.report().executions
        ]
    captured = capfd.readouterr()
    # Cirrus did log its events; where to depends on what was imported first.
    assert "messageAttributes" in captured.err + caplog.text
    assert wait.answer == "success"
    for text in (
        captured.out,
        captured.err,
        caplog.text,
        stored,
        json.dumps(inputs, default=str),
    ):
        assert wait.task_token not in text
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((endpoint.hostname, endpoint.port or 0))
    assert dict(os.environ) == before
    names = {thread.name for thread in threading.enumerate() if thread not in threads}
    assert not {name for name in names if name.startswith(("source-", "moto-server"))}


def test_a_poll_that_breaks_ends_the_wait(tmp_path: Path) -> None:
    """A source that cannot go on is an error for the one who waits, not silence."""
    folder = Folder(tmp_path).write("workflows/child.asl.json", CHILD)
    folder.write("payloads/1.json", payload("child"))
    with running(tmp_path, StackSettings(), Timeline(lambda _: None, "cirrus-local")) as stack:
        sqs = stack.deployment.client("sqs")
        sqs.delete_queue(QueueUrl=stack.deployment.names.process_queue_url)
        with pytest.raises(sqs.exceptions.QueueDoesNotExist):
            stack.wait_until(lambda: False, 120)


def test_what_came_of_a_run_is_told_though_the_stack_breaks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A call of the stack's own that fails ends the run; what is known by then is printed."""
    folder = Folder(tmp_path).write("workflows/child.asl.json", CHILD)
    folder.write("payloads/1.json", payload("child"))
    run = local._run

    def breaking(stack: Stack, timeout: float) -> int:
        assert run(stack, timeout) == 0
        sqs = stack.deployment.client("sqs")
        sqs.delete_queue(QueueUrl=stack.deployment.names.process_queue_url)
        return run(stack, timeout)

    monkeypatch.setattr(local, "_run", breaking)
    status = local.command.main([str(tmp_path), "--json"], standalone_mode=False)
    (execution,) = json.loads(capfd.readouterr().out)["executions"]
    assert (status, execution["workflow"], execution["status"]) == (1, "child", "SUCCEEDED")


def test_a_stack_to_practise_on_stays_until_interrupted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """With --without and no --timeout nothing else ends it, however little is left to do."""
    folder = Folder(tmp_path).write("workflows/child.asl.json", CHILD)
    folder.write("payloads/1.json", payload("child"))
    asked: list[tuple[bool, float]] = []

    def wait_until(_: Stack, condition: Callable[[], bool], seconds: float) -> bool:
        asked.append((condition(), seconds))
        raise KeyboardInterrupt

    monkeypatch.setattr(Stack, "wait_until", wait_until)
    monkeypatch.setattr(Stack, "nothing_left", lambda _: True)
    options = [str(tmp_path), "--without", "sender", "--without", "reconciler"]
    assert local.command.main(options, standalone_mode=False) == 130
    assert asked == [(False, math.inf)]
    assert "Interrupted" in capfd.readouterr().out


def _everything_in_s3(s3: Any) -> str:
    texts = []
    for bucket in s3.list_buckets()["Buckets"]:
        for stored in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            body = s3.get_object(Bucket=bucket["Name"], Key=stored["Key"])["Body"]
            texts.append(body.read().decode())
    assert texts
    return "\n".join(texts)
