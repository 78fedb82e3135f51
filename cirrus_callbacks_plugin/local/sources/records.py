"""A DynamoDB stream, read record by record from its beginning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cirrus_callbacks_plugin.local.events import stream_event


@dataclass(slots=True)
class StreamRecords:
    """What a stream of one shard holds, each record once.

    Attributes:
        client: a DynamoDB Streams client.
        stream_arn: the stream.
    """

    client: Any
    stream_arn: str
    _iterator: str | None = None
    _last: set[str] = field(default_factory=set)

    def new(self) -> list[dict[str, Any]]:
        """The records since the last call, as Lambda's event source mapping delivers them."""
        if self._iterator is None:
            self._iterator = self._begin()
        page = self.client.get_records(ShardIterator=self._iterator)
        self._iterator = page["NextShardIterator"]
        records: list[dict[str, Any]] = stream_event(page["Records"], self.stream_arn)["Records"]
        # Two writes at one moment may get one sequence number from moto's server, which then
        # returns its last records with every page, without end.
        known, self._last = self._last, {record["eventID"] for record in records}
        return [record for record in records if record["eventID"] not in known]

    def _begin(self) -> str:
        description = self.client.describe_stream(StreamArn=self.stream_arn)["StreamDescription"]
        (shard,) = description["Shards"]
        iterator: str = self.client.get_shard_iterator(
            StreamArn=self.stream_arn,
            ShardId=shard["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        return iterator
