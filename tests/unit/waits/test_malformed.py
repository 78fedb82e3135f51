"""Rows that cannot be read: named, and passed over, and no reason to lose another one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cirrus_callbacks_plugin.waits.continuation import Continuation, row_from_item, waits_in
from cirrus_callbacks_plugin.waits.index import IndexEntry, entries_in
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, MalformedRowError, Wait, token_name
from support.malformed_rows import SECRET, WRONG

AT = "2024-06-01T00:00:00.000000+00:00"
GOOD = Wait("c/workflow-w/good", "good", registered_at=AT, waiting="1")
BAD = Wait("c/workflow-w/bad", "a-secret-token", registered_at=AT, waiting="1")


@pytest.mark.parametrize("what", WRONG)
def test_an_attribute_that_is_not_what_it_must_be_is_named_and_not_quoted(what: str) -> None:
    """Of every type that DynamoDB has, and texts that are not times."""
    name, value = WRONG[what]
    item = {**BAD.to_item(), name: value}
    with pytest.raises(MalformedRowError, match=name) as raised:
        Wait.from_item(item)
    assert SECRET not in str(raised.value)
    assert row_from_item(item) == Malformed(BAD.key, str(raised.value))


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"payload_id": {"S": "p"}},
        {"task_token": {"S": "t"}},
        {"payload_id": {"N": "1"}, "task_token": {"S": "t"}},
        {"payload_id": "p", "task_token": "t"},
        {"payload_id": {"S": 1}, "task_token": {"S": "t"}},
        {"payload_id": None, "task_token": {"S": "t"}},
    ],
)
def test_a_key_that_cannot_be_read_makes_a_row_malformed(item: dict[str, Any]) -> None:
    """Missing, of another type, or not DynamoDB's form at all."""
    with pytest.raises(MalformedRowError, match="no key"):
        Key.from_item(item)
    row = row_from_item(item)
    assert isinstance(row, Malformed)
    assert (row.key, row.name, row.payload_id) == (None, None, None)
    assert entries_in([item]) == [row]


def test_what_is_missing_has_its_default() -> None:
    """A row needs no more than its key to be read."""
    assert Wait.from_item(Key("p", "t").to_item()) == Wait("p", "t")


def test_the_others_of_a_page_are_there_and_the_bad_one_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By the digest of its token, its payload and the attribute."""
    bad = {**BAD.to_item(), "registered_at": {"S": SECRET}}
    assert waits_in([bad, GOOD.to_item()]) == [GOOD]
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert json.loads(record.getMessage()) == {
        "callback": "not read",
        "payload_id": "c/workflow-w/bad",
        "wait": token_name("a-secret-token"),
        "why": "registered_at is not a time",
    }
    assert "a-secret-token" not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settled_at", None),
        ("settled_at", {"S": "yesterday"}),
        ("settled_at", {"N": "1"}),
        ("workflow_state", None),
        ("workflow_state", {"N": "1"}),
        ("error", {"L": []}),
        ("cirrus_version", {"N": "2"}),
    ],
)
def test_a_continuation_without_time_or_outcome_is_malformed(
    name: str,
    value: dict[str, Any] | None,
) -> None:
    """It would settle rows with nothing, or be worked off again and again."""
    row = Continuation("c/workflow-w/i", "w", Outcome("FAILED"), AT)
    assert row_from_item(row.to_item()) == row
    item = {key: each for key, each in row.to_item().items() if key != name}
    if value is not None:
        item[name] = value
    malformed = row_from_item(item)
    assert isinstance(malformed, Malformed)
    assert malformed.key == row.key


def test_an_entry_of_the_index_needs_its_shard_and_a_text_for_its_time() -> None:
    """Whether that text is a time is the row's affair."""
    item = {**GOOD.key.to_item(), "waiting": {"S": "1"}, "registered_at": {"S": "yesterday"}}
    assert entries_in([item]) == [IndexEntry("1", "yesterday", GOOD.key)]
    assert IndexEntry("1", "yesterday", GOOD.key).registered() is None
    for name in ("waiting", "registered_at"):
        (malformed,) = entries_in([{**item, name: {"N": "1"}}])
        assert isinstance(malformed, Malformed)
        assert name in malformed.why
