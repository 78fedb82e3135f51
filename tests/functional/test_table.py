"""The tracking table on moto: both branches of every conditional write, and the pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.waits import definition
from cirrus_callbacks_plugin.waits.index import PLACES, IndexEntry, WaitingIndex, shards
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.queries import WaitsQueries
from cirrus_callbacks_plugin.waits.row import CONTINUE, Key, Wait, shard
from cirrus_callbacks_plugin.waits.table import WaitsTable
from support.kept_clients import kept_clients
from support.table_rows import continuation_in, rows_in, waits_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.aws_calls import AwsCalls

NOW = datetime(2024, 6, 1, tzinfo=timezone.utc)
WAIT = Wait(
    "c/workflow-w/i",
    "token",
    workflow="w",
    registered_at="2024-05-31T00:00:00.000000+00:00",
    waiting=shard("token"),
)
DONE = Outcome("SUCCEEDED", "arn", None, "s3://b/k")


@pytest.fixture
def waits() -> Iterator[WaitsTable]:
    """An empty tracking table, made from the product's own definition."""
    from moto import mock_aws

    with mock_aws():
        client = kept_clients(region_name="us-west-2").client("dynamodb")
        definition.create_table(client, "x-callbacks")
        yield WaitsTable(client, "x-callbacks", lambda: NOW)


def only(waits: WaitsTable) -> Wait:
    (row,) = waits_in(waits)
    return row


def mark(waits: WaitsTable, answer: str, error: str | None = None) -> bool:
    return waits.mark_answered(WAIT.key, answer, answer_error=error, retention_days=60)


def test_the_table_is_the_contracts(waits: WaitsTable) -> None:
    """Keys, sparse keys-only index, TTL, stream, on demand."""
    table = waits.client.describe_table(TableName=waits.name)["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["payload_id", "task_token"]
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "waiting"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["waiting", "registered_at"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    ttl = waits.client.describe_time_to_live(TableName=waits.name)["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "ENABLED"
    assert ttl["AttributeName"] == "expiration_time"


def test_open_waits_are_counted_in_every_shard(waits: WaitsTable) -> None:
    """An answered wait counts no more."""
    for number in range(20):
        token = f"token-{number}"
        waits.register(replace(WAIT, task_token=token, waiting=shard(token)))
    waits.register(WAIT)
    assert mark(waits, "success")
    assert WaitsQueries(waits.client, waits.name).count_waiting() == 20


def test_members_waits_are_counted_in_no_shard(waits: WaitsTable) -> None:
    """No task waits in them: their join, an ordinary row, is what waits."""
    join_id = f"join:{'0' * 32}"
    tokens = [f"#{join_id}:{index}" for index in range(3)]
    for token in tokens:
        waits.register(replace(WAIT, task_token=token, waiting="2"))
    waits.register(replace(WAIT, payload_id=join_id, workflow="#join", waiting="2"))
    assert sum(index_of(waits).counts("2")) == 1


def test_register_puts_a_row_once(waits: WaitsTable) -> None:
    """The second registration leaves the row and returns what was there."""
    assert waits.register(WAIT) == WAIT
    later = replace(WAIT, seen_state="FAILED", registered_at="later")
    assert waits.register(later) == WAIT
    assert only(waits) == WAIT


def test_register_needs_no_second_call_for_the_row_that_was_there(
    waits: WaitsTable,
    aws: AwsCalls,
) -> None:
    """``ReturnValuesOnConditionCheckFailure`` brings it with the refusal."""
    waits.register(WAIT)
    with aws.recording() as recording:
        assert waits.register(replace(WAIT, workflow="other")).workflow == "w"
    assert recording.counts() == {"PutItem": 1}


def test_settle_is_for_rows_neither_settled_nor_answered(waits: WaitsTable) -> None:
    """The first wins; a row that is gone stays gone."""
    assert not waits.settle(WAIT.key, DONE)
    assert rows_in(waits) == []
    waits.register(WAIT)
    assert waits.settle(WAIT.key, DONE)
    settled = only(waits)
    assert settled == replace(
        WAIT,
        workflow_state="SUCCEEDED",
        settled_at="2024-06-01T00:00:00.000000+00:00",
        execution_arn="arn",
        output_payload_url="s3://b/k",
    )
    assert not waits.settle(WAIT.key, Outcome("FAILED"))
    assert only(waits) == settled


def test_settle_passes_an_answered_row_over(waits: WaitsTable) -> None:
    """Answered before its payload was final (NotEnabled): it keeps PROCESSING."""
    waits.register(WAIT)
    mark(waits, "failure", "CirrusCallback.NotEnabled")
    answered = only(waits)
    assert not waits.settle(WAIT.key, DONE)
    assert only(waits) == answered
    assert answered.workflow_state == "PROCESSING"


def test_settle_without_a_state_leaves_the_rows_own(waits: WaitsTable) -> None:
    """``NeverStarted`` names no state."""
    waits.register(WAIT)
    assert waits.settle(WAIT.key, Outcome(None, answer_error="CirrusCallback.NeverStarted"))
    assert only(waits).workflow_state == "PROCESSING"
    assert only(waits).is_settled


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [
        ("success", "stale", "success"),
        ("failure", "stale", "failure"),
        ("stale", "success", "success"),
        ("stale", "failure", "failure"),
        ("stale", "stale", "stale"),
        ("success", "failure", "success"),
        ("failure", "success", "failure"),
    ],
)
def test_an_accepted_answer_outranks_stale(
    waits: WaitsTable,
    first: str,
    second: str,
    stays: str,
) -> None:
    """Whatever the order of the marks; of two accepted ones (there is but one) the first."""
    waits.register(WAIT)
    assert mark(waits, first)
    assert mark(waits, second) is (stays == second != first)
    assert only(waits).answer == stays


def test_a_mark_sets_the_expiry_and_leaves_the_index(waits: WaitsTable) -> None:
    """Answered: expires after the retention, and is no longer in ``waiting``."""
    assert not mark(waits, "success")
    assert rows_in(waits) == []
    waits.register(WAIT)
    assert mark(waits, "failure", "CirrusCallback.Failed")
    row = only(waits)
    assert row.expiration_time == int((NOW + timedelta(days=60)).timestamp())
    assert row.answered_at == "2024-06-01T00:00:00.000000+00:00"
    assert row.answer_error == "CirrusCallback.Failed"
    assert row.waiting is None
    assert list(index_of(waits).pages(shard("token"))) == [[]]


def test_a_success_names_no_error(waits: WaitsTable) -> None:
    """``answer_error`` goes with a failure alone."""
    waits.register(WAIT)
    mark(waits, "stale", "CirrusCallback.Failed")
    assert only(waits).answer_error is None


def test_open_rows_come_page_by_page(waits: WaitsTable) -> None:
    """Pages of 1 MB; answered and settled rows are filtered, other payloads are not read."""
    filler = "x" * 300_000
    for number in range(8):
        waits.register(replace(WAIT, task_token=f"t{number}", error=filler))
    waits.register(replace(WAIT, payload_id="c/workflow-w/other"))
    waits.settle(Key.of(WAIT.payload_id, "t0"), DONE)
    waits.mark_answered(Key.of(WAIT.payload_id, "t1"), "stale", answer_error=None, retention_days=1)
    waits.continue_later(WAIT.payload_id, "w", DONE, None)
    pages = list(waits.open_rows(WAIT.payload_id))
    assert len(pages) > 1
    assert sorted(row.task_token for page in pages for row in page) == [
        f"t{number}" for number in range(2, 8)
    ]


def test_rows_are_read_consistently_a_hundred_a_call(waits: WaitsTable, aws: AwsCalls) -> None:
    """Rows that are gone are left out; repeated keys are read once."""
    many = [replace(WAIT, task_token=f"t{number}") for number in range(130)]
    keys = [waits.register(wait).key for wait in many]
    gone = Key.of("gone", "t")
    with aws.recording() as recording:
        found = waits.read([*keys, *keys, gone])
    assert set(found) == set(keys)
    assert recording.counts() == {"BatchGetItem": 2}
    for call in recording.calls:
        assert call.parameters["RequestItems"][waits.name]["ConsistentRead"] is True


def index_of(waits: WaitsTable) -> WaitingIndex:
    return WaitingIndex(waits.client, waits.name)


def put(waits: WaitsTable, wait: Wait, **attributes: Any) -> None:
    """A row as nobody of this package writes it."""
    item = {**wait.to_item(), **attributes}
    waits.client.put_item(TableName=waits.name, Item=item)


def test_a_malformed_row_hides_no_other_one(
    waits: WaitsTable,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of its payload, of a batch, or of a message that comes again; each time it is named."""
    bad = replace(WAIT, task_token="bad")
    waits.register(WAIT)
    put(waits, bad, registered_at={"S": "yesterday"})
    assert [row.task_token for page in waits.open_rows(WAIT.payload_id) for row in page] == [
        WAIT.task_token
    ]
    assert set(waits.read([WAIT.key, bad.key])) == {WAIT.key}
    rows = waits.read_rows([WAIT.key, bad.key])
    assert rows[bad.key] == Malformed(bad.key, "registered_at is not a time")
    assert waits.register(bad) == bad  # its token is registered: its child is to run
    assert waits.note(bad.key, {"by": "me"}) is False
    assert caplog.text.count(bad.key.name) == 4


@pytest.mark.parametrize("history", [[], [{"M": {}}]])
def test_an_entry_joins_a_history_of_any_form(waits: WaitsTable, history: list[Any]) -> None:
    """A list without entries is there all the same: the note ends, and is written."""
    put(waits, WAIT, history={"L": history})
    assert waits.note(WAIT.key, {"by": "me"})
    assert waits.read([WAIT.key])[WAIT.key].history == ({"by": "me"},)
    assert waits.note(WAIT.key, {"by": "you"})
    assert [entry["by"] for entry in waits.read([WAIT.key])[WAIT.key].history] == ["me", "you"]


def test_a_place_is_kept_in_a_row_that_no_reader_takes_for_a_wait(waits: WaitsTable) -> None:
    """One attribute a walk; it is not in the index, and no query of its payload's shows it."""
    index = index_of(waits)
    assert index.places() == {}
    first = IndexEntry("3", "2024-06-01T00:00:00.000000+00:00", Key("p", "t"))
    index.keep_place("rows", first)
    index.keep_place("heartbeats", replace(first, shard="4"))
    index.keep_place("rows", replace(first, shard="5"))
    assert index.places() == {
        "rows": replace(first, shard="5"),
        "heartbeats": replace(first, shard="4"),
    }
    assert waits.read_rows([PLACES]) == {}
    assert list(waits.open_rows(PLACES.payload_id)) == [[]]
    assert [list(index.pages(shard_name)) for shard_name in shards()] == [[[]]] * 8
    assert rows_in(waits) == []


def test_a_shard_is_walked_on_from_an_entry_and_counted(waits: WaitsTable) -> None:
    """What follows it, whether it is the shard's first page or not."""
    tokens = [token for token in map(str, range(200)) if shard(token) == "2"][:5]
    for day, token in enumerate(tokens):
        at = f"2024-05-{day + 1:02}T00:00:00.000000+00:00"
        waits.register(replace(WAIT, task_token=token, waiting="2", registered_at=at))
    index = index_of(waits)
    (page,) = index.pages("2")
    third = page[2]
    assert isinstance(third, IndexEntry)
    assert list(index.pages("2", after=third)) == [page[3:]]
    assert sum(index.counts("2")) == 5
    assert sum(index.counts("3")) == 0


def test_the_index_holds_the_open_rows_of_a_shard_oldest_first(waits: WaitsTable) -> None:
    """Eight partitions by a hash of the token."""
    for number in range(40):
        token = f"t{number}"
        waits.register(
            replace(
                WAIT,
                task_token=token,
                waiting=shard(token),
                registered_at=f"2024-05-{30 - number % 28:02}T00:00:00.000000+00:00",
            ),
        )
    found: list[Key] = []
    for each in shards():
        rows = [entry.key for page in index_of(waits).pages(each) for entry in page]
        assert {shard(key.task_token) for key in rows} <= {each}
        times = [waits.read([key])[key].registered_at for key in rows]
        assert times == sorted(times, key=str)
        found += rows
    assert len(found) == 40


def test_a_continuation_is_replaced_put_again_and_deleted(waits: WaitsTable) -> None:
    """Only what was read is put again or deleted."""
    moments = iter(NOW + timedelta(seconds=number) for number in range(10))
    ticking = WaitsTable(waits.client, waits.name, lambda: next(moments))
    ticking.continue_later("p", "w", DONE, "2.0.0")
    first = continuation_in(ticking)
    assert (first.key, first.workflow) == (Key.of("p", CONTINUE), "w")
    assert "waiting" not in first.to_item()
    assert first.outcome == DONE
    assert ticking.postpone(first)
    again = continuation_in(ticking)
    assert replace(again, settled_at=first.settled_at) == first
    assert again.settled_at != first.settled_at
    assert not ticking.finish(first)
    assert not ticking.postpone(first)
    assert continuation_in(ticking) == again
    assert ticking.finish(again)
    assert not ticking.finish(again)
    assert not ticking.postpone(again)
    assert rows_in(ticking) == []


@pytest.mark.parametrize("size", [1024, 1025, 2048])
def test_long_tokens_and_ids_make_the_whole_way(waits: WaitsTable, size: int) -> None:
    """DynamoDB takes every key form."""
    wait = replace(WAIT, task_token="t" * size, payload_id="p" * size * 2)
    waits.register(wait)
    assert waits.settle(wait.key, DONE)
    assert waits.read([wait.key])[wait.key].task_token == wait.task_token
    assert next(iter(waits.open_rows(wait.payload_id))) == []


@pytest.mark.parametrize(
    "act",
    [
        lambda waits: waits.register(WAIT),
        lambda waits: waits.settle(WAIT.key, DONE),
        lambda waits: mark(waits, "success"),
        lambda waits: waits.finish(WAIT),
        lambda waits: waits.postpone(WAIT),
    ],
)
def test_other_errors_pass_through(waits: WaitsTable, aws: AwsCalls, act: Any) -> None:
    """Only a condition that is not met is an answer; the caller judges the rest."""
    for operation in ("PutItem", "UpdateItem", "DeleteItem"):
        aws.fail(operation, "ThrottlingException")
    with pytest.raises(Exception, match="ThrottlingException"):
        act(waits)
