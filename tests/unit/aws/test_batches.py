"""BatchGetItem: nothing is left behind, and never a part returned."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.batch_reads import MAX_ROUNDS, read_batch


class Client:
    """DynamoDB that leaves some keys of every call unprocessed."""

    def __init__(self, answers_at_once: int) -> None:
        self.answers_at_once = answers_at_once
        self.requests: list[list[Any]] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Answer as many keys as allowed."""
        ((table, asked),) = RequestItems.items()
        assert asked["ConsistentRead"] is True
        keys = asked["Keys"]
        self.requests.append(keys)
        done, left = keys[: self.answers_at_once], keys[self.answers_at_once :]
        return {
            "Responses": {table: done},
            "UnprocessedKeys": {table: {"Keys": left, "ConsistentRead": True}} if left else {},
        }


def keys(count: int) -> list[dict[str, Any]]:
    return [{"k": {"S": str(number)}} for number in range(count)]


@pytest.mark.parametrize(("count", "calls"), [(0, 0), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_hundred_keys_a_call(count: int, calls: int) -> None:
    """DynamoDB takes no more; no call for no keys."""
    client = Client(100)
    assert read_batch(client, "t", keys(count)) == keys(count)  # type: ignore[arg-type]
    assert len(client.requests) == calls


def test_unprocessed_keys_are_asked_for_again_after_a_growing_pause() -> None:
    """Throttled keys come with the next rounds; a lost one would read as "no record"."""
    client, pauses = Client(3), []
    found = read_batch(client, "t", keys(10), pause=pauses.append)  # type: ignore[arg-type]
    assert found == keys(10)
    assert pauses == [0.05, 0.1, 0.2]


def test_never_a_part() -> None:
    """Keys left unprocessed five times in a row are an error that says: try later."""
    client = Client(0)
    with pytest.raises(ClientError, match="stayed unprocessed") as raised:
        read_batch(client, "t", keys(2), pause=lambda _: None)  # type: ignore[arg-type]
    assert raised.value.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert len(client.requests) == MAX_ROUNDS


def test_every_request_asks_whether_it_may_be_made() -> None:
    """So that a hook's time ends the reading between two rounds."""
    client, asked = Client(3), []

    def check() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        read_batch(client, "t", keys(10), pause=lambda _: None, before_call=check)  # type: ignore[arg-type]
    assert len(client.requests) == 2
