"""What several layers know of the contract and none can take from another."""

from __future__ import annotations

PROCESSING = "PROCESSING"
"""The state of a payload whose run goes on, in cirrus's record and in a row that is not settled."""
TOKEN_ATTRIBUTE = "cirrus-task-token"  # noqa: S105 - an attribute's name
WAITER_PAYLOAD_ATTRIBUTE = "cirrus-waiter-payload-id"
WAITER_EXECUTION_ATTRIBUTE = "cirrus-waiter-execution-arn"
"""Message attributes that carry a token and its waiter: a hook takes them, a join sends them."""

RESERVED = "#"
"""What the sort key of a row other than a wait begins with; a token that does is not registered."""

MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
"""DynamoDB's limits: cirrus's table and ours have them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

SENDER = "sender"
RECONCILER = "reconciler"
"""What the two functions are called, in metrics and by ``doctor``."""
