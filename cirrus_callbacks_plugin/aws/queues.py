"""Queues by their ARN."""

from __future__ import annotations

from typing import Any


def queue_url(client: Any, arn: str) -> str:
    """A queue's URL as SQS forms it: endpoint, account, name. Saves a call and a permission.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
    """
    account, name = arn.split(":")[-2:]
    return f"{client.meta.endpoint_url}/{account}/{name}"
