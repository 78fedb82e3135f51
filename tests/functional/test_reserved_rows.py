"""Rows whose sort key begins with ``#``: every reader passes over those that it does not know.

A newer hook may leave them beside an older sender, reconciler or command: they must wait for
the version that knows them, neither answered, nor marked, nor shown as waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.aws.pacing import Pace
from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.sender.stream import StreamRecord
from cirrus_callbacks_plugin.waits.queries import WaitsQueries
from cirrus_callbacks_plugin.waits.row import Key, shard
from support.cirrus_world import payload_id
from support.later import Later

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

SORT_KEYS = ("#join", "#expand", "#definition", "#member:00001", "#join:abc", "#anything at all")
OLD = "2020-01-01T00:00:00.000000+00:00"


def reserved(sort_key: str, about: str, **more: Any) -> dict[str, Any]:
    """A row of a newer version: it looks like a settled wait that nobody has answered."""
    return {
        **Key(about, sort_key).to_item(),
        "full_task_token": {"S": "a-parents-token"},
        "workflow": {"S": "#join"},
        "workflow_state": {"S": "SUCCEEDED"},
        "registered_at": {"S": OLD},
        **{name: {"S": value} for name, value in more.items()},
    }


def put(world: World, **more: Any) -> dict[str, dict[str, Any]]:
    """One row of each kind, in the partition of a payload that is really waited for."""
    items = {each: reserved(each, payload_id(), **more) for each in SORT_KEYS}
    for item in items.values():
        world.dynamodb.put_item(TableName=world.names.callbacks_table, Item=item)
    return items


def there(world: World) -> dict[str, dict[str, Any]]:
    items = world.dynamodb.scan(TableName=world.names.callbacks_table)["Items"]
    return {
        item["task_token"]["S"]: item for item in items if item["task_token"]["S"].startswith("#")
    }


def test_the_sender_answers_none_of_them(world: World, aws: AwsCalls) -> None:
    """Their records come through the filters; nothing is sent, and nothing is written."""
    items = put(world, settled_at=OLD)
    with aws.recording() as recording:
        assert world.send_answers() == {"batchItemFailures": []}
    assert not recording.of("SendTaskSuccess")
    assert not recording.of("SendTaskFailure")
    assert there(world) == items


def test_update_state_settles_none_of_them(world: World) -> None:
    """The rows of the payload that ended are settled beside them."""
    items = put(world)
    token = world.start_parent()
    world.run_to_end(token)
    assert world.row(token)["workflow_state"] == "SUCCEEDED"
    assert there(world) == items


@pytest.mark.parametrize("settled", [{}, {"settled_at": OLD}])
def test_a_pass_of_the_reconciler_passes_over_them(
    world: World,
    aws: AwsCalls,
    monkeypatch: pytest.MonkeyPatch,
    settled: dict[str, str],
) -> None:
    """Also where one has come into the index of open waits; no heartbeat is sent for it."""
    monkeypatch.setattr(reconciler, "Pace", lambda per_second, *_: Pace(per_second * 1000, *_))
    monkeypatch.setenv("CIRRUS_CALLBACKS_HEARTBEAT", "true")
    items = put(world, waiting=shard("a-parents-token"), **settled)
    with aws.recording() as recording:
        summary = Later(monkeypatch)(10_000)
    assert summary["looked_at"] == summary["heartbeats"] == summary["failed"] == 0
    assert not [call for call in recording.calls if call.operation.startswith("SendTask")]
    assert there(world) == items


def test_the_commands_show_none_of_them(world: World) -> None:
    """Neither by payload, nor in the index, nor in a scan."""
    put(world, waiting="0")
    queries = WaitsQueries(world.dynamodb, world.names.callbacks_table)
    assert [row for page in queries.rows_of(payload_id()) for row in page] == []
    assert [row for page in queries.waiting_since("0") for row in page] == []
    pages = queries.scan_since(OLD, segment=0, segments=1)
    assert [row for page, _ in pages for row in page] == []
    assert list(queries.all_rows()) == []


def test_none_of_them_is_counted_as_a_task_that_waits(world: World) -> None:
    """Nor is a member's own wait; a task's is, and a join's, each in the place of its task."""
    put(world, waiting="0")
    join_id = "join:" + "0123456789abcdef" * 2
    for key in (Key(join_id, "#member:00001"), Key(join_id, "#expand"), Key("c", f"#{join_id}:0")):
        item = {**reserved("", "", waiting="0"), **key.to_item()}
        world.dynamodb.put_item(TableName=world.names.callbacks_table, Item=item)
    queries = WaitsQueries(world.dynamodb, world.names.callbacks_table)
    assert queries.count_waiting() == 0
    for key in (Key(join_id, "#join"), Key(payload_id(), "a-tasks-token")):
        item = {**reserved("", "", waiting="0"), **key.to_item()}
        world.dynamodb.put_item(TableName=world.names.callbacks_table, Item=item)
    assert queries.count_waiting() == 2


def test_a_record_of_one_is_passed_over(world: World) -> None:
    """A new one, too: the flag is not judged by it."""
    put(world, settled_at=OLD)
    records = world.new_stream_records()
    assert len(records) == len(SORT_KEYS)
    assert StreamRecord.from_batch(records) == []
