"""The ``waiting`` index, page by page, and where the reconciler's walks of it stopped.

The places are kept in the tracking table itself, in one reserved row that every reader passes
over: the reconciler has no other memory, and may write there already. The row has no
``waiting`` and no ``settled_at``, so that neither the index nor the sender's stream filter
sees it. A place is a hint and no more: whatever stands there, a walk from it is a right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.batch_reads import read_batch
from cirrus_callbacks_plugin.aws.pages import pages
from cirrus_callbacks_plugin.contract import RESERVED
from cirrus_callbacks_plugin.naming import JOIN_IDS
from cirrus_callbacks_plugin.waits import definition
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import (
    JOIN,
    Key,
    MalformedRowError,
    is_time,
    moment,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from types_boto3_dynamodb import DynamoDBClient

PLACES = Key("#reconciler", "#places")
"""The reserved row that keeps the places; its attributes are walks by name."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One entry of the index; as a place, what follows it.

    Attributes:
        shard: ``"0"`` to ``"7"``.
        registered_at: as the row holds it.
        key: the row's key.
    """

    shard: str
    registered_at: str
    key: Key

    @classmethod
    def from_item(cls, item: Mapping[str, Any], key: Key | None = None) -> IndexEntry:
        """Read an entry, or a place; its key, where that was read before.

        Raises:
            MalformedRowError: it is neither.
        """
        key = key or Key.from_item(item)
        shard = read_text(definition.WAITING_INDEX, item.get(definition.WAITING_INDEX))
        name = definition.WAITING_SORT_KEY
        return cls(shard, read_text(name, item.get(name)), key)

    def to_item(self) -> dict[str, Any]:
        """The entry as DynamoDB's low-level API takes it, also to start a query behind it."""
        return {
            **self.key.to_item(),
            definition.WAITING_INDEX: {"S": self.shard},
            definition.WAITING_SORT_KEY: {"S": self.registered_at},
        }

    def registered(self) -> datetime | None:
        """When the row was registered; None where its text is not a time."""
        return moment(self.registered_at) if is_time(self.registered_at) else None


def oldest_task(entries: Iterable[IndexEntry | Malformed]) -> datetime | None:
    """When the first task's wait was registered; a member is not a task, its join is.

    Args:
        entries: in order, oldest first; what cannot be read is passed over.
    """
    tasks = (each for each in entries if isinstance(each, IndexEntry) and not each.key.is_member)
    return next(filter(None, (each.registered() for each in tasks)), None)


@dataclass(slots=True, eq=False, repr=False)
class WaitingIndex:
    """The index of one tracking table.

    Attributes:
        client: DynamoDB's low-level client (thread-safe).
        name: the table's name.
    """

    client: DynamoDBClient
    name: str

    def pages(
        self,
        shard: str,
        *,
        after: IndexEntry | None = None,
        since: str | None = None,
        on_last: Callable[[], None] = lambda: None,
    ) -> Iterator[list[IndexEntry | Malformed]]:
        """The entries of a shard, oldest first, page by page; reserved rows are left out.

        An index cannot be read consistently: read a row itself before acting on it.

        Args:
            shard: ``"0"`` to ``"7"``.
            after: begin behind this entry of the shard, which may be gone by now.
            since: only entries registered at this time or later, as rows hold it.
            on_last: called before the last page is yielded.
        """
        request = self._request(shard)
        if after is not None:
            request["ExclusiveStartKey"] = after.to_item()
        if since is not None:
            request["KeyConditionExpression"] += f" AND {definition.WAITING_SORT_KEY} >= :since"
            request["ExpressionAttributeValues"][":since"] = {"S": since}
        for page in pages(self.client.query, request):
            if not page.get("LastEvaluatedKey"):
                on_last()
            entries = entries_in(page["Items"])
            del page  # eight walks at once keep their entries alone: the page is 1 MB
            yield entries

    def counts(self, shard: str) -> Iterator[int]:
        """How many tasks wait in a shard, page by page: their own waits, and those of joins.

        Members' own waits are not counted, nor are reserved rows that are in the index.
        """
        request = {**self._request(shard), "Select": "COUNT"}
        request["FilterExpression"] = (
            "NOT begins_with(task_token, :reserved) "
            "OR (task_token = :join AND begins_with(payload_id, :joins))"
        )
        request["ExpressionAttributeValues"] |= {
            ":reserved": {"S": RESERVED},
            ":join": {"S": JOIN},
            ":joins": {"S": JOIN_IDS},
        }
        for page in pages(self.client.query, request):
            yield page["Count"]

    def _request(self, shard: str) -> dict[str, Any]:
        return {
            "TableName": self.name,
            "IndexName": definition.WAITING_INDEX,
            "KeyConditionExpression": "waiting = :shard",
            "ExpressionAttributeValues": {":shard": {"S": shard}},
        }

    def places(self) -> dict[str, IndexEntry]:
        """Where walks stopped, by the walk's name; what cannot be read is left out."""
        places: dict[str, IndexEntry] = {}
        for item in read_batch(self.client, self.name, [PLACES.to_item()]):
            for walk, value in item.items():
                place = value.get("M")
                if place is None:
                    continue
                try:
                    entry = IndexEntry.from_item(place)
                except MalformedRowError:
                    continue
                if entry.shard in shards():
                    places[walk] = entry
        return places

    def keep_place(self, walk: str, place: IndexEntry) -> None:
        """Write down where a walk stopped; of two reconcilers at once the later one's counts."""
        self.client.update_item(
            TableName=self.name,
            Key=PLACES.to_item(),
            UpdateExpression="SET #walk = :place",
            ExpressionAttributeNames={"#walk": walk},
            ExpressionAttributeValues={":place": {"M": place.to_item()}},
        )


def entries_in(items: Iterable[Mapping[str, Any]]) -> list[IndexEntry | Malformed]:
    """The entries of a page of the index; reserved rows are left out."""
    entries = map(_entry, items)
    return [entry for entry in entries if isinstance(entry, Malformed) or not entry.key.is_reserved]


def _entry(item: Mapping[str, Any]) -> IndexEntry | Malformed:
    key = None
    try:
        key = Key.from_item(item)
        return IndexEntry.from_item(item, key)
    except MalformedRowError as error:
        return Malformed(key, str(error))


def shards() -> Sequence[str]:
    """The partitions of the index."""
    return [str(number) for number in range(definition.SHARDS)]
