"""What operators read of the tracking table; the lambdas call nothing here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.pages import pages
from cirrus_callbacks_plugin.waits import definition
from cirrus_callbacks_plugin.waits.continuation import waits_in
from cirrus_callbacks_plugin.waits.index import IndexEntry, WaitingIndex, shards
from cirrus_callbacks_plugin.waits.malformed import Malformed, log_malformed
from cirrus_callbacks_plugin.waits.row import Wait, partition_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from types_boto3_dynamodb import DynamoDBClient

_STATISTICAL = (
    "payload_id",
    "task_token",
    "full_task_token",
    "workflow",
    "workflow_state",
    "registered_at",
    "settled_at",
    "answered_at",
    "answer",
    "answer_error",
    "waiting",
)
"""Attributes that statistics need."""


@dataclass(slots=True, eq=False, repr=False)
class WaitsQueries:
    """Reads over many rows of the tracking table.

    Attributes:
        client: DynamoDB's low-level client (thread-safe).
        name: the table's name.
    """

    client: DynamoDBClient
    name: str

    def waiting_since(
        self,
        in_shard: str,
        *,
        since: str | None = None,
        on_last: Callable[[], None] = lambda: None,
    ) -> Iterator[list[IndexEntry]]:
        """Open rows of one shard of the index, oldest first, page by page.

        Args:
            in_shard: ``"0"`` to ``"7"``.
            since: only rows registered at this time or later, as rows hold it.
            on_last: called before the last page is yielded.
        """
        for page in self._index.pages(in_shard, since=since, on_last=on_last):
            for entry in page:
                if isinstance(entry, Malformed):
                    log_malformed(entry)
            yield [entry for entry in page if isinstance(entry, IndexEntry)]

    def about_waiting(self) -> int | None:
        """How many rows are open, as DynamoDB counted up to six hours ago; members included.

        One call, whatever there is: to count exactly takes a call for each megabyte of the
        index. None where DynamoDB tells none.
        """
        table = self.client.describe_table(TableName=self.name)["Table"]
        for index in table.get("GlobalSecondaryIndexes", ()):
            if index.get("IndexName") == definition.WAITING_INDEX:
                return index.get("ItemCount")
        return None

    def count_waiting(self) -> int:
        """How many rows are open; reads the whole index."""
        return sum(count for shard in shards() for count in self._index.counts(shard))

    def rows_of(self, payload_id: str) -> Iterator[list[Wait]]:
        """Every wait for a payload, answered or not, page by page; read consistently."""
        request = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": "payload_id = :payload_id",
            "ExpressionAttributeValues": {":payload_id": {"S": partition_key(payload_id)}},
        }
        for page in pages(self.client.query, request):
            yield waits_in(page["Items"])

    def scan_since(
        self,
        since: str,
        *,
        segment: int,
        segments: int,
    ) -> Iterator[tuple[list[Wait], int]]:
        """Open waits, and those answered at a time or later; one part of the whole table.

        Args:
            since: the time, as rows hold it.
            segment: which part, from 0 on; parts can be read at once.
            segments: how many parts there are.

        Yields:
            A page of waits, and how many rows were read for it. Only the attributes that
            statistics need are read.
        """
        request = {
            "TableName": self.name,
            "Segment": segment,
            "TotalSegments": segments,
            "FilterExpression": "attribute_exists(waiting) OR answered_at >= :since",
            "ExpressionAttributeValues": {":since": {"S": since}},
            "ExpressionAttributeNames": {
                f"#{index}": name for index, name in enumerate(_STATISTICAL)
            },
            "ProjectionExpression": ", ".join(f"#{index}" for index in range(len(_STATISTICAL))),
        }
        for page in pages(self.client.scan, request):
            yield waits_in(page["Items"]), page["ScannedCount"]

    def answered_waits_of(
        self,
        payload_id: str,
        execution_arn: str | None,
        since: str,
        *,
        segment: int,
        segments: int,
    ) -> Iterator[list[Wait]]:
        """Answered waits of one waiter, page by page; reads one part of the whole table.

        Args:
            payload_id: the waiting payload.
            execution_arn: its run, for waits that told nothing else.
            since: registered at this time or later, as rows hold it; empty for all.
            segment: which part, from 0 on.
            segments: how many parts there are.
        """
        request = {
            "TableName": self.name,
            "Segment": segment,
            "TotalSegments": segments,
            "FilterExpression": (
                "attribute_exists(answered_at) AND registered_at >= :since"
                " AND (waiter_payload_id = :payload OR waiter_execution_arn = :execution)"
            ),
            "ExpressionAttributeValues": {
                ":since": {"S": since or " "},
                ":payload": {"S": payload_id},
                ":execution": {"S": execution_arn or " "},
            },
        }
        for page in pages(self.client.scan, request):
            yield waits_in(page["Items"])

    def all_rows(self) -> Iterator[Wait]:
        """Every wait, in no order: for small tables on one's own machine."""
        request = {"TableName": self.name, "ConsistentRead": True}
        for page in pages(self.client.scan, request):
            yield from waits_in(page["Items"])

    @property
    def _index(self) -> WaitingIndex:
        return WaitingIndex(self.client, self.name)
