"""BatchGetItem as it must be read: consistent, a hundred keys a call, nothing left behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from types_boto3_dynamodb import DynamoDBClient

MAX_KEYS = 100  # BatchGetItem's limit
MAX_ROUNDS = 5
_FIRST_PAUSE = 0.05


def read_batch(
    client: DynamoDBClient,
    table: str,
    keys: Sequence[dict[str, Any]],
    *,
    attributes: str | None = None,
    pause: Callable[[float], None] | None = None,
    before_call: Callable[[], None] | None = None,
) -> list[dict[str, Any]]:
    """Read items consistently; ``UnprocessedKeys`` are asked for again.

    Args:
        client: DynamoDB's low-level client.
        table: the table's name.
        keys: low-level keys, without repetition.
        attributes: those to be read, as a projection expression; None for all.
        pause: sleeps between rounds (exponential, from 50 ms).
        before_call: called before every request; may raise to end the reading.

    Raises:
        ClientError: as DynamoDB's, or ``ProvisionedThroughputExceededException`` where
            keys were left unprocessed five times in a row. Never returns a part: a
            missing item would read as "no such record".
    """
    items: list[dict[str, Any]] = []
    options: dict[str, Any] = {"ConsistentRead": True}
    if attributes is not None:
        options["ProjectionExpression"] = attributes
    for start in range(0, len(keys), MAX_KEYS):
        pending: list[dict[str, Any]] = list(keys[start : start + MAX_KEYS])
        for attempt in range(MAX_ROUNDS):
            if attempt:
                (pause or time.sleep)(_FIRST_PAUSE * 2 ** (attempt - 1))
            if before_call is not None:
                before_call()
            requested: Any = {table: {"Keys": pending, **options}}
            response = client.batch_get_item(RequestItems=requested)
            items.extend(response["Responses"].get(table, []))
            unprocessed = response.get("UnprocessedKeys", {}).get(table)
            if not unprocessed:
                break
            pending = list(unprocessed["Keys"])
        else:
            raise ClientError(
                {
                    "Error": {
                        "Code": "ProvisionedThroughputExceededException",
                        "Message": f"{len(pending)} keys of {table} stayed unprocessed",
                    },
                },
                "BatchGetItem",
            )
    return items
