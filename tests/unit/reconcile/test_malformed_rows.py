"""One malformed row stops no other: it is counted and named in every pass, and left."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.reconcile.summary import Did
from cirrus_callbacks_plugin.waits.row import Wait, shard, token_name
from support.logged_steps import lines
from support.malformed_rows import IN_THE_INDEX, SECRET
from support.slow_aws import SlowAws, execution, waiting_since

ONE = "c/workflow-w/one"
TOKENS = [token for token in map(str, range(3000)) if shard(token) == "3"]


def lost(aws: SlowAws, token: str, payload_id: str = ONE) -> Wait:
    """A row whose run's end was lost; all of one shard, and of one step."""
    name = payload_id.rpartition("/")[2]
    aws.record(payload_id, "PROCESSING", execution(name))
    aws.run(execution(name), "SUCCEEDED", stopped=-900)
    row = waiting_since(1000, payload_id, token=token)
    aws.add([row])
    return row


def settled(aws: SlowAws, row: Wait) -> bool:
    return "workflow_state" in aws.dynamodb.rows[row.key] and (
        aws.dynamodb.rows[row.key]["workflow_state"] == {"S": "SUCCEEDED"}
    )


@pytest.mark.parametrize("heartbeat", [False, True])
def test_rows_malformed_in_every_way_stop_no_other_row(
    caplog: pytest.LogCaptureFixture,
    *,
    heartbeat: bool,
) -> None:
    """Each is counted once a pass and named by its digest; the good ones are mended."""
    aws = SlowAws(300)
    good = [lost(aws, TOKENS[0]), lost(aws, TOKENS[-1])]
    bad = []
    for token, (name, value) in zip(TOKENS[1:], IN_THE_INDEX.values(), strict=False):
        row = lost(aws, token)
        aws.dynamodb.rows[row.key][name] = value
        bad.append(row)
    aws.dynamodb.changes += 1
    assert len(bad) == len(IN_THE_INDEX)
    for _ in range(2):
        caplog.clear()
        summary = aws.one_pass(heartbeat=heartbeat)
        assert summary.count(Did.FAILED) == len(bad)
        named = {
            line["wait"]: line["why"]
            for _, line in lines(caplog)
            if line["callback"] == "not repaired"
        }
        assert set(named) == {token_name(row.task_token) for row in bad}
        assert all("cannot be read" in why for why in named.values())
        assert SECRET not in caplog.text
    assert all(settled(aws, row) for row in good)
    assert not any(settled(aws, row) for row in bad)


@pytest.mark.parametrize(
    "record",
    [
        {"state_updated": {"N": "1"}},
        {"executions": {"S": "one"}},
        {"executions": {"L": [{"N": "1"}]}},
        {"last_error": "text"},
    ],
)
def test_a_malformed_record_stops_no_row_of_another_payload(
    record: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its own rows are counted and named: to judge them without it could be wrong."""
    aws = SlowAws(300)
    good, bad = lost(aws, TOKENS[0]), lost(aws, TOKENS[1], "c/workflow-w/bad")
    (key,) = (key for key in aws.dynamodb.records if key.itemids == "bad")
    aws.dynamodb.records[key].update(record)
    summary = aws.one_pass()
    assert (summary.count(Did.FAILED), summary.count(Did.SETTLED)) == (1, 1)
    assert settled(aws, good)
    assert not settled(aws, bad)
    (line,) = (line for _, line in lines(caplog) if line["callback"] == "not repaired")
    assert line["wait"] == token_name(bad.task_token)


def test_an_index_entry_that_cannot_be_read_is_counted() -> None:
    """DynamoDB lets none be; a pass that meets one goes on all the same."""
    aws = SlowAws(300)
    good = lost(aws, TOKENS[0])
    original = aws.dynamodb.query

    def query(**request: Any) -> Any:
        page = original(**request)
        if "Items" in page and request["ExpressionAttributeValues"][":shard"] == {"S": "3"}:
            page["Items"].insert(0, {"payload_id": {"N": "1"}})
        return page

    aws.dynamodb.query = query  # type: ignore[method-assign]
    summary = aws.one_pass()
    assert (summary.count(Did.FAILED), summary.open_waits) == (1, 1)
    assert settled(aws, good)
