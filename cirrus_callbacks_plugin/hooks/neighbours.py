"""When a message must come back alone: its neighbours, already processed, leave the queue."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.aws.queues import queue_url
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.hooks.own_time import attempted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from types_boto3_sqs import SQSClient

    from cirrus_callbacks_plugin.hooks.delivery import Message

logger = logging.getLogger(__name__)

BATCH = 10  # DeleteMessageBatch's limit


def delete_from_queue(
    client_of: Callable[[], SQSClient],
    messages: Sequence[Message],
) -> None:
    """Delete processed messages; one that cannot be deleted is delivered again, and logged.

    Ten a call and all calls at once. Never raises: cirrus processes a message that comes
    twice as it always did, and the caller has something more important to say.

    Args:
        client_of: builds the client, or gives the one that is kept.
        messages: the messages; one that came from no queue is passed over.
    """
    try:
        client = client_of()
    except Exception as error:  # noqa: BLE001 - a region or endpoint that is none, say
        left = ", ".join(message.name for message in messages)
        logger.warning("Processed messages will come again: %s (%s)", left, error_code(error))
        return
    chunks: list[tuple[str, list[Message]]] = []
    for arn in dict.fromkeys(message.queue_arn for message in messages):
        if arn is None:
            continue
        of_queue = [message for message in messages if message.queue_arn == arn]
        chunks.extend(
            (arn, of_queue[start : start + BATCH]) for start in range(0, len(of_queue), BATCH)
        )

    def delete(chunk: tuple[str, list[Message]]) -> list[str]:
        arn, batch = chunk
        response = attempted(
            lambda: client.delete_message_batch(
                QueueUrl=queue_url(client, arn),
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message.record["receiptHandle"]}
                    for number, message in enumerate(batch)
                ],
            ),
        )
        return [batch[int(failed["Id"])].name for failed in response.get("Failed", [])]

    for (arn, batch), result in zip(chunks, run_side_by_side(delete, chunks), strict=True):
        names = result if isinstance(result, list) else [message.name for message in batch]
        if names:
            logger.warning(
                "Processed messages could not be deleted from %s and will come again: %s (%s)",
                arn,
                ", ".join(names),
                error_code(result) if isinstance(result, Exception) else "refused by SQS",
            )
