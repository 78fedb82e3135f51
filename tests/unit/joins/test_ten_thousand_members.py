"""A join of ten thousand members: calls by their number, and the sizes of its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from cirrus_callbacks_plugin.joins.expanding import Expander
from cirrus_callbacks_plugin.joins.members import pack, parse_list
from cirrus_callbacks_plugin.joins.result import MAX_OUTPUT_BYTES, JoinResult
from cirrus_callbacks_plugin.joins.rows import Definition, Expansion, Join, MemberRow
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.protocol.answer import MAX_CAUSE_BYTES
from cirrus_callbacks_plugin.waits.row import Wait
from support.joins_in_memory import index_of

MANY = 10_000
ID = f"join:{'a' * 32}"
JOIN = Join(
    Wait(ID, "token", settled_at="2024-06-01T00:00:00.000000+00:00", error="E"),
    queue_arn="arn:aws:sqs:us-west-2:123456789012:process",
)


@dataclass
class Table:
    """The joins' rows, in memory."""

    join: Join
    definition_row: Definition
    calls: list[str] = field(default_factory=list)

    def joins(self, _: Any) -> dict[str, Join]:
        """The one join."""
        return {ID: self.join}

    def definition(self, _: str) -> Definition:
        """Its list."""
        return self.definition_row

    def begin(self, join: Join, total: int, etag: str | None) -> Join:
        """Its length."""
        self.calls.append("begin")
        self.join = replace(join, total=total, etag=etag)
        return self.join

    def advance(self, join: Join, sent: int) -> Join:
        """How far it came."""
        self.calls.append("advance")
        self.join = replace(join, sent=sent)
        return self.join

    def finish(self, _: Expansion) -> None:
        """Nothing is left."""
        self.calls.append("finish")

    @property
    def waits(self) -> SimpleNamespace:
        """The waits' rows, which hold the expansion."""
        return SimpleNamespace(now=lambda: "now", finish=self.finish)


class Queue:
    """SQS: the indexes that were sent, call by call."""

    meta = SimpleNamespace(endpoint_url="https://sqs.example")

    def __init__(self) -> None:
        self.sent: list[list[int]] = []

    def send_message_batch(self, **given: Any) -> dict[str, Any]:
        """Take all of them."""
        self.sent.append([index_of(each) for each in given["Entries"]])
        return {}


def test_ten_thousand_are_sent_in_a_thousand_calls() -> None:
    """Ten a call, each member once; ``sent`` moves on a hundred times."""
    members = parse_list([{"url": f"s3://b/{number}"} for number in range(MANY)])
    open_join = replace(JOIN, wait=replace(JOIN.wait, settled_at=None))
    table: Any = Table(open_join, Definition(ID, pack(members), None, 1))
    queue = Queue()
    nothing: Any = SimpleNamespace(tell=lambda told: [])
    expander = Expander(table, nothing, nothing, Queue, lambda: queue, lambda: True, lambda: 0.0)
    expander.expand(Expansion(ID, "now", 1))
    assert len(queue.sent) == MANY / 10
    assert sorted(each for call in queue.sent for each in call) == list(range(MANY))
    assert table.calls == ["begin", *["advance"] * 100, "finish"]


def told(count: int, **more: Any) -> JoinResult:
    rows = [
        MemberRow(MemberToken(ID, index), f"c/workflow-w/{index}", "FAILED", **more)
        for index in range(count)
    ]
    return JoinResult(replace(JOIN, total=count), rows)


def test_a_success_holds_its_members_as_long_as_they_fit() -> None:
    """65,536 bytes; beyond that the counts alone."""
    assert len(json.loads(told(500, answer="success").success().body)["members"]) == 500
    large = told(MANY, answer="success").success().body
    assert len(large.encode()) < MAX_OUTPUT_BYTES
    assert json.loads(large) == {
        "join_id": ID,
        "total": MANY,
        "succeeded": MANY,
        "failed": 0,
        "pending": 0,
    }


def test_a_cause_holds_as_many_failed_members_as_fit() -> None:
    """32,768 bytes; why is never cut."""
    failed = told(MANY, answer="failure", answer_error="CirrusCallback.Failed", error="é" * 500)
    body = failed.failure().body
    cause = json.loads(body)
    assert MAX_CAUSE_BYTES - 1200 < len(body.encode()) <= MAX_CAUSE_BYTES
    assert cause["error"] == cause["errorMessage"] == "E"
    assert [each["index"] for each in cause["members"]] == list(range(len(cause["members"])))
    assert cause["failed"] == MANY
