"""A deployment in a moto server, its event sources still, with open waits in every state."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, Wait, shard, timestamp
from cirrus_callbacks_plugin.waits.table import WaitsTable
from support.command_line import PARENT, SLOW, payload
from support.moto_process import moto_process

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "fd-ops-cirrus"
QUICK = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fail", "IsPresent": True, "Next": "Break"}],
            "Default": "Done",
        },
        "Break": {"Type": "Fail", "Error": "RuntimeError", "Cause": "it broke"},
        "Done": {"Type": "Pass", "End": True},
    },
}
MANY = 70
"""Waits of one kind, on ten payloads."""


def payload_id(kind: str, number: int = 0, workflow: str | None = None) -> str:
    """The id of a payload that is waited for."""
    named = workflow or ("cog-slow" if kind == "running" else "cog")
    return f"sentinel-2-l2a/workflow-{named}/{kind}-{number}"


@dataclass
class OpenWaits:
    """What was put there.

    Attributes:
        deployment: its parts.
        moment: the time at which the commands look: two hours later.
    """

    deployment: parts.LocalDeployment
    moment: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    shift: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.names = self.deployment.names
        self.dynamodb = self.deployment.client("dynamodb")
        self.sfn = self.deployment.client("stepfunctions")
        self.sqs = self.deployment.client("sqs")
        self.table = WaitsTable(self.dynamodb, self.names.callbacks_table)

    @property
    def options(self) -> tuple[str, ...]:
        """What names this deployment on a command line."""
        return (
            *("--prefix", PREFIX, "--region", self.names.region),
            *("--endpoint-url", str(self.names.endpoint_url)),
        )

    def now(self) -> datetime:
        """The commands' clock."""
        return self.moment + self.shift

    def ago(self, **span: float) -> str:
        """A time as rows hold it."""
        return timestamp(self.moment - timedelta(**span))

    def register(
        self,
        about: str,
        token: str,
        *,
        hours: float = 3.0,
        waiter: str | None = None,
        execution: str | None = None,
        **fields: Any,
    ) -> Wait:
        """Put a row that was registered so many hours before the commands look."""
        row = Wait(
            about,
            token,
            workflow=about.partition("/workflow-")[2].partition("/")[0] or "unknown",
            registered_at=self.ago(hours=hours),
            waiting=shard(token),
            cirrus_version="2.0.0",
            waiter_payload_id=waiter,
            waiter_execution_arn=execution,
            **fields,
        )
        return self.table.register(row)

    def run(self, workflow: str, name: str, **given: Any) -> str:
        """Start a child's run; without ``id`` its input tells no payload, as a URL does not."""
        started = self.sfn.start_execution(
            stateMachineArn=self.names.state_machine_arn(workflow),
            name=name,
            input=json.dumps(given),
        )
        return str(started["executionArn"])

    def waiting_parent(self, name: str) -> tuple[str, str]:
        """Start a parent that waits; its execution, and the token that it waits with."""
        parent = self.run("parent", name, id=name, features=payload()["features"])
        for _ in range(600):
            for message in self.sqs.receive_message(
                QueueUrl=self.names.process_queue_url, MessageAttributeNames=["All"]
            ).get("Messages", []):
                self.sqs.delete_message(
                    QueueUrl=self.names.process_queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
                return parent, message["MessageAttributes"]["cirrus-task-token"]["StringValue"]
            time.sleep(0.02)
        raise AssertionError(f"{parent} did not send its token")

    def ended(self, arn: str) -> str:
        """Wait until a run has ended."""
        for _ in range(600):
            if self.sfn.describe_execution(executionArn=arn)["status"] != "RUNNING":
                return arn
            time.sleep(0.02)
        raise AssertionError(f"{arn} goes on")

    def record(self, about: str, state: str, *runs: str, error: str | None = None) -> None:
        """Put a record as cirrus writes it."""
        key = StateKey.of(about)
        assert key is not None
        now = self.ago(hours=2)
        item = {
            **key.to_item(),
            "state_updated": {"S": f"{state}_{now}"},
            "created": {"S": now},
            "updated": {"S": now},
            "executions": {"L": [{"S": run} for run in runs]},
        }
        if error is not None:
            item["last_error"] = {"S": error}
        self.dynamodb.put_item(TableName=self.names.state_table, Item=item)

    def row(self, about: str, token: str) -> Wait:
        """A row as it is now."""
        key = Key.of(about, token)
        return self.table.read([key])[key]

    def remove(self, *rows: tuple[str, str]) -> None:
        """Take rows away again."""
        for about, token in rows:
            self.dynamodb.delete_item(
                TableName=self.names.callbacks_table, Key=Key.of(about, token).to_item()
            )


@contextmanager
def seeded() -> Iterator[OpenWaits]:
    """A deployment with hundreds of waits, some in every state."""
    with moto_process() as endpoint:
        names = parts.Names(PREFIX, "us-west-2", "123456789012", endpoint)
        deployment = parts.create(names)
        for workflow, definition in {"cog": QUICK, "cog-slow": SLOW, "parent": PARENT}.items():
            text = json.dumps(definition).replace("${process_queue_url}", names.process_queue_url)
            parts.create_state_machine(deployment, workflow, text)
        waits = OpenWaits(deployment)
        waits.moment = waits.moment + timedelta(hours=2, seconds=55)
        _seed(waits)
        yield waits


def _seed(waits: OpenWaits) -> None:
    """Every state once by hand, and hundreds of waits for children that run or ended."""
    runs = {
        name: waits.run(workflow, name, **given)
        for name, workflow, given in (
            ("slow-run", "cog-slow", {}),
            ("parent-run", "cog-slow", {}),
            ("stuck-run", "cog", {}),
            ("settled-run", "cog", {"fail": True}),
            ("continued-run", "cog", {}),
            ("old-run", "cog", {"fail": True}),
        )
    }
    for name in ("stuck-run", "settled-run", "continued-run", "old-run"):
        waits.ended(runs[name])
    _states(waits, runs)
    for number in range(10):
        waits.record(payload_id("running", number + 1), "PROCESSING", runs["slow-run"])
        waits.record(payload_id("gone", number + 1), "PROCESSING", runs["stuck-run"])
    rows = [
        (payload_id(kind, number // 10 + 1), f"{kind}-token-{number}")
        for kind in ("running", "gone", "queued")
        for number in range(MANY)
    ]
    run_side_by_side(
        lambda row: waits.register(*row, hours=2.5, waiter="m/workflow-mosaic/many"), rows
    )


def _states(waits: OpenWaits, runs: dict[str, str]) -> None:
    waiter = "sentinel-2-l2a/workflow-mosaic/three-scenes"
    for kind, state, run in (
        ("running", "PROCESSING", "slow-run"),
        ("chained", "PROCESSING", "parent-run"),
        ("stuck", "PROCESSING", "stuck-run"),
        ("settled", "FAILED", "settled-run"),
        ("continued", "SUCCEEDED", "continued-run"),
        ("again", "FAILED", "old-run"),
    ):
        error = "RuntimeError: it broke" if state == "FAILED" else None
        waits.record(payload_id(kind), state, runs[run], error=error)
    unknown = runs["slow-run"].rpartition(":")[0] + ":never-was"
    waits.record(payload_id("claimed"), "CLAIMED", unknown)
    old = {"seen_state": "FAILED", "seen_execution": runs["old-run"]}
    for kind, hours, fields in (
        ("running", 7.2, {}),
        ("chained", 7.1, {}),
        ("stuck", 7.0, {}),
        ("settled", 6.9, {}),
        ("continued", 6.8, {}),
        ("again", 0.4, old),
        ("claimed", 6.6, {}),
        ("lost", 6.5, {}),
        ("dead", 6.4, {}),
        ("queued", 0.5, {}),
    ):
        waits.register(payload_id(kind), f"{kind}-token", hours=hours, waiter=waiter, **fields)
    # What the child `chained` itself waits for.
    waits.register(
        payload_id("running"),
        "inner-token",
        hours=6.0,
        execution=runs["parent-run"],
    )
    waits.register(payload_id("answerless"), "answerless-token", hours=6.3, waiter=waiter)
    waits.table.settle(
        Key.of(payload_id("answerless"), "answerless-token"), Outcome("SUCCEEDED", "arn")
    )
    waits.table.continue_later(
        payload_id("continued"), "cog", Outcome("SUCCEEDED", runs["continued-run"]), "2.0.0"
    )
    url = waits.sqs.get_queue_url(QueueName=waits.names.dead_letter_queue)["QueueUrl"]
    waits.sqs.send_message(
        QueueUrl=url,
        MessageBody=json.dumps({"id": payload_id("dead")}),
        MessageAttributes={
            "cirrus-task-token": {"DataType": "String", "StringValue": "dead-token"},
        },
    )
