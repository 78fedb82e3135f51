"""Which stream records reach the sender: the deployed patterns on real records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.sender.filters import filter_criteria
from cirrus_callbacks_plugin.sender.stream import StreamRecord
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Wait, shard
from support.table_rows import continuation_in

if TYPE_CHECKING:
    from support.cirrus_world import World

# name -> whether it passes with the flag unset, on for another, on for this one, on for all
EXPECTED = {
    "insert open": (True, True, False, False),
    "insert settled": (True, True, True, True),
    "settle": (True, True, True, True),
    "answer": (False, False, False, False),
    "answer without settling": (False, False, False, False),
    "continue": (True, True, True, True),
    "continue again": (True, True, True, True),
    "repair noted": (False, False, False, False),
    "removal": (False, False, False, False),
}
FLAGS = ["", "other", "sentinel-2-cog", "*"]


def all_records(world: World) -> dict[str, dict[str, Any]]:
    """One real stream record of every kind, by name."""
    waits, found = world.waits(), {}

    def note(name: str) -> None:
        (found[name],) = world.new_stream_records()

    def row(token: str, **more: Any) -> Wait:
        wait = Wait(
            "p",
            token,
            workflow="sentinel-2-cog",
            registered_at=waits.now(),
            waiting=shard(token),
            **more,
        )
        return waits.register(wait)

    opened = row("a")
    note("insert open")
    row("b", settled_at=waits.now(), workflow_state="SUCCEEDED")
    note("insert settled")
    waits.settle(opened.key, Outcome("FAILED", "arn"))
    note("settle")
    waits.mark_answered(opened.key, "success", answer_error=None, retention_days=1)
    note("answer")
    refused = row("c")
    world.new_stream_records()
    waits.mark_answered(refused.key, "failure", answer_error="E", retention_days=1)
    note("answer without settling")
    waits.continue_later("p", "sentinel-2-cog", Outcome("FAILED", "arn"), None)
    note("continue")
    continuation = continuation_in(waits)
    waits.postpone(continuation)
    note("continue again")
    world.dynamodb.update_item(
        TableName=waits.name,
        Key=opened.key.to_item(),
        UpdateExpression="SET history = :h",
        ExpressionAttributeValues={":h": {"L": []}},
    )
    note("repair noted")
    world.dynamodb.delete_item(TableName=waits.name, Key=opened.key.to_item())
    note("removal")
    return found


def passes(record: dict[str, Any], flag: str) -> bool:
    """Whether any of the deployed patterns matches, by moto's EventPattern."""
    from moto.events.models import EventPattern

    criteria = filter_criteria(EnabledWorkflows.parse(flag))
    return any(
        EventPattern.load(each["Pattern"]).matches_event(record) for each in criteria["Filters"]
    )


def test_records_that_pass_are_those_that_the_sender_has_to_see(world: World) -> None:
    """Settled and unanswered rows always; new rows of workflows whose flag is off."""
    found = {
        name: tuple(passes(record, flag) for flag in FLAGS)
        for name, record in all_records(world).items()
    }
    # Where a record has no new image, ``exists: false`` matches and ``exists: true`` does not.
    assert found == EXPECTED


def test_what_passes_without_need_does_no_harm(world: World) -> None:
    """The sender looks at the rows themselves: any record may come."""
    records = list(all_records(world).values())
    read = StreamRecord.from_batch(records)
    assert len(read) == len(records) - 1  # the removal says nothing of a row that is there
    assert world.send_answers(records) == {"batchItemFailures": []}


@pytest.mark.parametrize("flag", [*FLAGS, ",".join(f"workflow-{n}" for n in range(60))])
def test_the_patterns_are_within_lambdas_limits(flag: str) -> None:
    """At most five patterns of at most 4,096 characters, each valid JSON."""
    filters = filter_criteria(EnabledWorkflows.parse(flag))["Filters"]
    assert 1 <= len(filters) <= 5
    for each in filters:
        assert isinstance(json.loads(each["Pattern"]), dict)
        assert len(each["Pattern"]) <= 4096
