"""The runbook's way from the alarm to the resumed parent, walked on the local stack."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import jmespath
import pytest

from cirrus_callbacks_plugin.lambda_functions import update_state
from cirrus_callbacks_plugin.local.example import example_folder
from cirrus_callbacks_plugin.local.functions import Context
from cirrus_callbacks_plugin.local.stack import StackSettings, running
from cirrus_callbacks_plugin.local.timeline import Timeline
from cirrus_callbacks_plugin.operations import deployment
from cirrus_callbacks_plugin.waits.table import utc_now

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.stack import Stack
    from support.command_line import CommandLine

pytestmark = pytest.mark.e2e

RUNBOOK = Path(__file__).parents[2] / "docs/runbook.md"


def commands_of(heading: str) -> list[list[str]]:
    """The commands of a section, in order."""
    section = RUNBOOK.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    section = section.partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [
        line.split()[1:]
        for block in blocks
        for line in block.splitlines()
        if line.startswith("cirrus-callbacks ")
    ]


def children_ended(stack: Stack) -> bool:
    """All three scenes were processed, and nobody has told Cirrus so."""
    client = stack.deployment.client("stepfunctions")
    machine = stack.deployment.names.state_machine_arn("sentinel-2-cog")
    listed = client.list_executions(stateMachineArn=machine)["executions"]
    return len(listed) == 3 and all(each["status"] != "RUNNING" for each in listed)


def mosaic(stack: Stack) -> str:
    """The status of the waiting parent."""
    client = stack.deployment.client("stepfunctions")
    machine = stack.deployment.names.state_machine_arn("mosaic")
    (execution,) = client.list_executions(stateMachineArn=machine)["executions"]
    return str(execution["status"])


def test_the_page_leads_from_the_alarm_to_the_resumed_parent(
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Find the stuck children seven hours later, settle each, and the mosaic goes on.

    Word for word, `doctor` included, which finds what is broken; then Cirrus's own records.
    """
    (start,) = commands_of("Practise")
    way = commands_of("From the alarm to the resumed parent")
    look, first_show, settle, second_show, doctor, dry_run = way
    assert start[:2] == ["local", "examples/mosaic"]
    without = {start[index + 1] for index, each in enumerate(start) if each == "--without"}
    assert {look[0], first_show[0], settle[0], second_show[0]} == {"waits", "show", "settle"}
    settings = StackSettings(environment={}, without=frozenset(without))
    monkeypatch.setattr(deployment, "now", lambda: utc_now() + timedelta(hours=7))
    monkeypatch.setattr(click, "confirm", lambda *_, **__: True)

    def run(command: list[str], about: str = "") -> Any:
        named = {"PAYLOAD_ID": about, "NAME": settings.prefix}
        return cli(*(named.get(each, each) for each in command))

    told: list[str] = []
    timeline = Timeline(lambda happening: told.append(happening.text), settings.prefix)
    with running(example_folder(), settings, timeline) as stack:
        for stored in stack.project.objects:
            stack.upload(stored)
        (payload,) = [each for each in stack.project.payloads if "20-mosaic" in str(each.path)]
        stack.send(payload.body)
        assert stack.wait_until(lambda: mosaic_waits(stack) and children_ended(stack), 120)
        assert any("cirrus-callbacks waits --deployment cirrus-local" in text for text in told)
        examined = run([*doctor, "--json"])
        assert examined.status == 1, examined.err
        of = {ok: checks_of(examined.json, ok) for ok in (False, None)}
        assert of == {False: BROKEN, None: {("quotas", "concurrent executions")}}, examined.out
        planned = run(dry_run)
        assert planned.out.startswith("Would do to 3 wait(s):"), planned.out
        listed = run(look)
        assert listed.status == 0
        ids = re.findall(r"\S+/workflow-sentinel-2-cog/\S+", listed.out)
        assert len(ids) == 3
        assert " ".join(listed.out.split()).count("its run ended SUCCEEDED") == 3, listed.out
        for about in ids:
            shown = run(first_show, about)
            assert shown.status == 0
            assert "repair: settle" in shown.out
            settled = run(settle, about)
            assert settled.status == 0, settled.out
            assert "answered success" in settled.out
            assert "answered 20" in run(second_show, about).out
        assert stack.wait_until(lambda: mosaic(stack) != "RUNNING", 60)
        assert mosaic(stack) == "SUCCEEDED"
        for about in ids:
            told_again(stack, about)


BROKEN = {("reconciler", "schedule"), ("reconciler", "last runs"), ("update-state", "ends")}
"""What `doctor` finds amiss where `update-state` and the reconciler are left out."""


def checks_of(examined: Any, ok: bool | None) -> set[tuple[str, str]]:
    """Area and name of the checks that ended so."""
    return {(each["area"], each["name"]) for each in examined["checks"] if each["ok"] is ok}


def told_again(stack: Stack, about: str) -> None:
    """The record that stayed PROCESSING becomes final, by the query of the runbook.

    No function of a local stack can be invoked from outside: here its handler is called.
    """
    before = stack.record(about)
    assert before is not None
    assert before.state == "PROCESSING"
    page = RUNBOOK.read_text(encoding="utf-8").partition("\n## A record that stays PROCESSING\n")[2]
    query = re.search(r"--query '(.*?)' > end\.json", page)
    assert query is not None
    described = stack.deployment.client("stepfunctions").describe_execution(
        executionArn=before.last_execution
    )
    update_state.lambda_handler(jmespath.search(query[1], described), Context("update-state", 15.0))
    after = stack.record(about)
    assert after is not None
    assert after.state == "SUCCEEDED"


def mosaic_waits(stack: Stack) -> bool:
    """The parent has sent its three messages, and they were registered."""
    return len(stack.report().open_waits) == 3
