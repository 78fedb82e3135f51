"""A folder of workflows and payloads, run to its end on the local stack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.stack import StackSettings, running
from cirrus_callbacks_plugin.local.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cirrus_callbacks_plugin.local.join_progress import JoinProgress
    from cirrus_callbacks_plugin.waits.row import Wait


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a run.

    Attributes:
        states: what cirrus's state table says in the end, by payload id.
        outputs: the output of each execution that succeeded, by workflow.
        waits: the rows of the tracking table; a join is one.
        joins: what the joins among them wait for, by id.
    """

    states: dict[str, str]
    outputs: dict[str, list[dict[str, Any]]]
    waits: tuple[Wait, ...]
    joins: Mapping[str, JoinProgress]


def try_folder(root: Path, seconds: float = 120) -> Tried:
    """Send every payload of a folder, and wait until everything has ended.

    Raises:
        LocalProjectError: a file of it cannot be used, or run on this machine.
    """
    timeline = Timeline(lambda _: None, "cirrus-local")
    with running(root, StackSettings(environment={}), timeline) as stack:
        for stored in stack.project.objects:
            stack.upload(stored)
        for payload in stack.project.payloads:
            stack.send(payload.body)
        assert stack.wait_until(stack.nothing_left, seconds)
        report = stack.report()
        ids = {payload.payload_id for payload in stack.project.payloads}
        ids |= {wait.payload_id for wait in report.waits}
        members = [member for join in report.joins.values() for member in join.members]
        ids |= {each.member_payload_id for each in members if each.member_payload_id}
        records = {payload_id: stack.record(payload_id) for payload_id in sorted(ids)}
        client = stack.deployment.client("stepfunctions")
        outputs: dict[str, list[dict[str, Any]]] = {}
        for execution in report.executions:
            told = client.describe_execution(executionArn=execution.arn)
            if told["status"] == "SUCCEEDED":
                outputs.setdefault(execution.workflow, []).append(json.loads(told["output"]))
    states = {key: record.state for key, record in records.items() if record is not None}
    return Tried(states, outputs, report.waits, report.joins)
