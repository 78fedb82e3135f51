"""The peers: bare cirrus, the obvious design, and ours; each on a deployment of its own."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from bench.peers.obvious import KEYS, Obvious
from bench.peers.stores import Stores
from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.local.deployment import Names
from cirrus_callbacks_plugin.local.events import execution_event, sqs_event
from cirrus_callbacks_plugin.local.sources.filters import matcher
from cirrus_callbacks_plugin.sender.filters import filter_patterns
from cirrus_callbacks_plugin.waits.definition import PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.peers.obvious import Handler

REGION = "us-west-2"
NAMES = Names("peers", REGION, "123456789012")
WORKFLOW = "sentinel-2-cog"
STREAM_BATCH = 100
TOKEN_CHARACTERS = 600
"""About as many as Step Functions' own have."""

BARE, OBVIOUS, OURS = "bare cirrus", "the obvious design", "ours"


@dataclass(frozen=True, slots=True)
class Peer:
    """The functions of a design; ``answer`` is the stream's, and bare cirrus has none."""

    name: str
    keys: tuple[str, ...]
    process: Handler
    update_state: Handler
    answer: Handler | None = None

    def deployment(self) -> Deployment:
        """Nothing in it yet."""
        return Deployment(self, Stores.of(NAMES, WORKFLOW, self.keys))


def peers() -> dict[str, Peer]:
    """All three, by name; cirrus reads its environment when it is imported."""
    process, update_state = (
        importlib.import_module(f"cirrus.lambda_functions.{name}").lambda_handler
        for name in ("process", "update_state")
    )
    wrapped_process, wrapped_update_state, sender = (
        importlib.import_module(f"cirrus_callbacks_plugin.lambda_functions.{name}").lambda_handler
        for name in ("process", "update_state", "sender")
    )
    obvious = Obvious(
        process,
        update_state,
        boto3.client("dynamodb"),
        boto3.client("stepfunctions"),
    )
    found = (
        Peer(BARE, (PARTITION_KEY, SORT_KEY), process, update_state),
        Peer(OBVIOUS, KEYS, obvious.process, obvious.update_state, obvious.answer),
        Peer(
            OURS,
            (PARTITION_KEY, SORT_KEY),
            wrapped_process,
            wrapped_update_state,
            sender,
        ),
    )
    return {peer.name: peer for peer in found}


@dataclass(slots=True)
class Deployment:
    """A peer's functions on stores of their own.

    Attributes:
        peer: whose.
        stores: what its calls meet.
    """

    peer: Peer
    stores: Stores
    _delivered: int = 0

    def messages(self, waits: list[tuple[str, str | None]]) -> dict[str, Any]:
        """The event of a batch: an item and its token, or None for nobody who waits."""
        from support.cirrus_world import payload, payload_id

        messages = []
        for number, (item, token) in enumerate(waits):
            body = {"id": payload_id(item, WORKFLOW), **payload(item, WORKFLOW)}
            message = {
                "MessageId": f"message-{number}",
                "ReceiptHandle": f"receipt-{number}",
                "Body": json.dumps(body),
            }
            if token is not None:
                self.stores.executions.tokens.add(token)
                attribute = {"DataType": "String", "StringValue": token}
                message["MessageAttributes"] = {"cirrus-task-token": attribute}
            messages.append(message)
        return sqs_event(messages, NAMES.process_queue_arn)

    def end(self, item: str, error: str | None = None) -> dict[str, Any]:
        """End an item's run, and return the event of it."""
        from support.cirrus_world import payload_id

        key = StateKey.of(payload_id(item, WORKFLOW))
        assert key is not None
        record = self.stores.states.items[self.stores.states.key(key.to_item())]
        return execution_event(self.stores.end(record["executions"]["L"][-1]["S"], error))

    def batches(self) -> Iterator[dict[str, Any]]:
        """What the stream delivers now: settled rows that nobody has answered, by the filter."""
        matches = matcher(filter_patterns(EnabledWorkflows(None)))
        new = self.stores.waits.stream[self._delivered :]
        self._delivered += len(new)
        found = [record for record in new if matches(record)]
        for start in range(0, len(found), STREAM_BATCH):
            yield {"Records": found[start : start + STREAM_BATCH]}


def token_of(item: str, number: int = 0) -> str:
    """A token as long as a real one."""
    return f"{item}-{number:05}-".ljust(TOKEN_CHARACTERS, "t")
