"""One row: its key forms, and the way to DynamoDB and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from cirrus_callbacks_plugin.waits.row import (
    CONTINUE,
    Key,
    Wait,
    digest,
    moment,
    shard,
    timestamp,
    token_name,
)

FULL = Wait(
    payload_id="c/workflow-w/i",
    task_token="token",
    workflow_state="FAILED",
    workflow="w",
    registered_at="2024-06-01T00:00:00.000000+00:00",
    settled_at="2024-06-01T00:00:01.000000+00:00",
    answered_at="2024-06-01T00:00:02.000000+00:00",
    waiting="3",
    seen_state="FAILED",
    seen_execution="arn:old",
    replace=True,
    cirrus_version="2.0.0",
    answer="failure",
    answer_error="CirrusCallback.Failed",
    execution_arn="arn:new",
    error="Boom",
    output_payload_url="s3://b/k",
    waiter_payload_id="p",
    waiter_execution_arn="arn:p",
    expiration_time=1_700_000_000,
    history=({"at": "t", "by": "me", "action": "cancel", "reason": "why"},),
)


@pytest.mark.parametrize("wait", [FULL, Wait("p", "t"), Wait("p", CONTINUE)])
def test_a_row_survives_the_way_to_dynamodb_and_back(wait: Wait) -> None:
    """Every attribute comes back as it went; absent ones are absent in the item."""
    item = wait.to_item()
    assert Wait.from_item(item) == wait
    assert {"NULL": True} not in item.values()
    assert "replace" in item or not wait.replace


def test_attributes_are_of_the_contracts_types() -> None:
    """Texts are S, the expiry N, ``replace`` BOOL, the history a list of maps."""
    item = FULL.to_item()
    assert item["expiration_time"] == {"N": "1700000000"}
    assert item["replace"] == {"BOOL": True}
    assert item["history"]["L"][0]["M"]["by"] == {"S": "me"}
    others = set(item) - {"expiration_time", "replace", "history"}
    assert all(set(item[name]) == {"S"} for name in others)


@pytest.mark.parametrize(
    ("size", "is_whole"),
    [(1, True), (1024, True), (1025, False), (2048, False)],
)
def test_a_token_that_fits_no_sort_key_is_keyed_by_its_digest(size: int, is_whole: bool) -> None:
    """1,024 bytes fit a sort key; Step Functions' tokens may have 2,048."""
    token = "t" * size
    key = Key.of("p", token)
    item = Wait("p", token).to_item()
    if is_whole:
        assert key.task_token == token
        assert "full_task_token" not in item
    else:
        assert key.task_token == f"sha256:{digest(token)}"
        assert item["full_task_token"] == {"S": token}
    assert item["task_token"] == {"S": key.task_token}
    assert Wait.from_item(item).task_token == token
    assert key.name == token_name(token)


@pytest.mark.parametrize(("size", "is_whole"), [(2048, True), (2049, False), (16_384, False)])
def test_an_id_that_fits_no_partition_key_is_keyed_by_its_digest(
    size: int,
    is_whole: bool,
) -> None:
    """2,048 bytes fit a partition key."""
    payload_id = "p" * size
    item = Wait(payload_id, "t").to_item()
    assert ("full_payload_id" in item) is not is_whole
    assert len(item["payload_id"]["S"].encode()) <= 2048
    assert Wait.from_item(item).payload_id == payload_id


def test_limits_are_in_bytes() -> None:
    """513 characters of two bytes fit no sort key."""
    assert Key.of("p", "é" * 512).task_token == "é" * 512
    assert Key.of("p", "é" * 513).task_token.startswith("sha256:")
    assert Key.of("é" * 1025, "t").payload_id.startswith("sha256:")


def test_different_tokens_have_different_keys() -> None:
    """Two long tokens that differ in their last byte are two rows."""
    assert Key.of("p", "t" * 2047 + "a") != Key.of("p", "t" * 2047 + "b")


def test_unknown_attributes_are_passed_over() -> None:
    """A newer version may have written more."""
    assert Wait.from_item({**FULL.to_item(), "newer": {"SS": ["x"]}}) == FULL


def test_no_token_is_shown() -> None:
    """Neither a row nor its key shows the token; its name is eight characters of a digest."""
    wait = Wait("p", "SECRET")
    assert "SECRET" not in f"{wait!r} {wait.key!r} {wait.key.name}"
    assert len(wait.key.name) == 8


def test_shards_are_eight_and_even() -> None:
    """``"0"`` to ``"7"`` by a hash of the token, the same one every time."""
    counts = dict.fromkeys("01234567", 0)
    for number in range(4000):
        counts[shard(f"token-{number}")] += 1
    assert set(counts) == set("01234567")
    assert min(counts.values()) > 400
    assert shard("x") == shard("x")


def test_times_are_texts_of_one_width_in_utc() -> None:
    """So that they sort as the times do, whatever zone and fraction they came with."""
    whole = datetime(2024, 6, 1, tzinfo=timezone.utc)
    elsewhere = datetime(2024, 6, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(whole) == timestamp(elsewhere) == "2024-06-01T00:00:00.000000+00:00"
    assert moment(timestamp(whole)) == whole
    assert moment(None).timestamp() == 0


def test_state_of_a_row() -> None:
    """Open, settled and answered follow from two times."""
    assert not Wait("p", "t").is_settled
    assert FULL.is_settled
    assert FULL.is_answered
    assert Key.of("p", CONTINUE).is_continuation
    assert not Key.of("p", "t").is_continuation
