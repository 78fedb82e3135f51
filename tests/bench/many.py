"""Ten thousand on one: how long until the last waiter of one payload is answered."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bench.clients import fresh_clients

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "us-west-2"
PARTITION_WRITES_PER_SECOND = 1000
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""
QUOTAS = {"the three large regions": (3000, 500), "elsewhere": (1500, 300)}
"""SendTask*: bucket and refill a second.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
STREAM_BATCH = 100


@dataclass(slots=True)
class Many:
    """What was measured; seconds of the wall clock, from the child's end.

    Attributes:
        waiters: how many waited.
        registering: how long their registration took, before.
        delivered_again: messages that came back, since they could not be registered.
        hook: how long ``update-state`` took.
        settled_by_hook: how many it settled.
        handed_over: True where it left the rest to the sender by ``#continue``.
        settled: until the last one was settled.
        answered: until the last one was answered.
        sent: answers that were accepted.
        sender_invocations: batches of the stream.
        longest_batch: how long the longest of them took.
    """

    waiters: int
    registering: float = 0.0
    delivered_again: int = 0
    hook: float = 0.0
    settled_by_hook: int = 0
    handed_over: bool = False
    settled: float = 0.0
    answered: float = 0.0
    sent: int = 0
    sender_invocations: int = 0
    longest_batch: float = 0.0
    twice: int = 0
    _taken: set[str] = field(default_factory=set)

    @property
    def limits(self) -> dict[str, float]:
        """What AWS alone takes, in seconds: writes of one partition, and answers."""
        writes = self.waiters / PARTITION_WRITES_PER_SECOND
        found = {"settling": writes, "settling and marking": 2 * writes}
        for region, (bucket, refill) in QUOTAS.items():
            found[f"SendTask* in {region}"] = max(0.0, self.waiters - bucket) / refill
        return found

    def to_json(self) -> dict[str, Any]:
        """One object with stable keys."""
        values = {name: value for name, value in asdict(self).items() if name != "_taken"}
        rounded = {
            name: round(value, 2) if isinstance(value, float) else value
            for name, value in values.items()
        }
        return {**rounded, "limits": self.limits}

    @property
    def is_good(self) -> bool:
        """Everybody was answered, once."""
        return self.sent == self.waiters and not self.twice

    def take(self, body: bytes | str) -> None:
        """An answer is accepted."""
        token = json.loads(body)["taskToken"]
        self.twice += token in self._taken
        self._taken.add(token)
        self.sent = len(self._taken)


def measure(waiters: int, tell: Callable[[str, int], object]) -> Many:
    """Register them all with the wrapped ``process``, end the child, and drain the stream.

    Lambdas run one after the other, each call of AWS costs what moto costs. Behind the
    tokens stand no executions; their answers are taken where botocore would send them.

    Args:
        waiters: how many.
        tell: told now and then what is done, and for how many.
    """
    from moto import mock_aws

    from cirrus_callbacks_plugin.local.moto_corrections.corrected import batches_executed
    from support.cirrus_world import World, payload_id

    many = Many(waiters)
    with ExitStack() as stack:
        stack.enter_context(fresh_clients(REGION))
        stack.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}}))
        stack.enter_context(batches_executed())
        world = World()
        os.environ.update(world.names.environment(), CIRRUS_CALLBACKS_WORKFLOWS="*")
        world.add_workflow("sentinel-2-cog")
        _register(world, many, tell)
        _accept(many)
        run = world.runs(payload_id())[-1]
        world.end(run)
        event = world.event_of(run)
        began = time.monotonic()
        _hook(many, event)
        _drain(world, many, began, tell)
    return many


def _register(world: Any, many: Many, tell: Callable[[str, int], object]) -> None:
    from cirrus_callbacks_plugin.errors import RegistrationFailed
    from cirrus_callbacks_plugin.lambda_functions.process import lambda_handler
    from cirrus_callbacks_plugin.local.events import sqs_event
    from support.cirrus_world import Context, payload

    body = json.dumps(payload())
    began = time.monotonic()
    for start in range(0, many.waiters, 10):
        messages = [
            {
                "MessageId": f"message-{number:06}",
                "ReceiptHandle": f"handle-{number:06}",
                "Body": body,
                "MessageAttributes": {
                    "cirrus-task-token": {
                        "DataType": "String",
                        "StringValue": f"token-{number:06}-".ljust(600, "t"),
                    },
                },
            }
            for number in range(start, min(start + 10, many.waiters))
        ]
        while messages:  # a machine that stalls for two seconds is enough for some to come again
            try:
                lambda_handler(sqs_event(messages, world.names.process_queue_arn), Context(15))
                break
            except RegistrationFailed as error:
                many.delivered_again += len(error.message_ids)
                messages = [each for each in messages if each["MessageId"] in error.message_ids]
        tell("registered", min(start + 10, many.waiters))
    many.registering = time.monotonic() - began
    while world.new_stream_records():
        pass  # of rows that are not settled: no filter pattern lets them through


def _accept(many: Many) -> None:
    """Let the sender's client take every token."""
    from cirrus_callbacks_plugin.lambda_functions.clients import clients

    class Response:
        status_code = 200

    def accepted(params: Any, **_: object) -> Any:
        many.take(params["body"])
        return Response(), {"ResponseMetadata": {"HTTPStatusCode": 200}}

    events = clients().stepfunctions.meta.events
    events.register_last("before-call.stepfunctions.SendTaskSuccess", accepted)


def _hook(many: Many, event: dict[str, Any]) -> None:
    from cirrus_callbacks_plugin.lambda_functions.update_state import lambda_handler
    from cirrus_callbacks_plugin.local.functions import Context
    from cirrus_callbacks_plugin.local.sources.executions import SECONDS

    began = time.monotonic()
    lambda_handler(event, Context("update-state", SECONDS))
    many.hook = time.monotonic() - began


def _drain(world: Any, many: Many, began: float, tell: Callable[[str, int], object]) -> None:
    """Deliver the stream to the sender, by its filter, until nothing of it is left."""
    from cirrus_callbacks_plugin import config
    from cirrus_callbacks_plugin.lambda_functions.sender import lambda_handler
    from cirrus_callbacks_plugin.local.functions import Context
    from cirrus_callbacks_plugin.local.sources.filters import matcher
    from cirrus_callbacks_plugin.local.sources.stream import SECONDS
    from cirrus_callbacks_plugin.sender import filters

    matches = matcher(filters.filter_patterns(config.EnabledWorkflows.from_env()))
    waiting: list[dict[str, Any]] = []
    settled = 0
    while True:
        while records := world.new_stream_records():
            for record in filter(matches, records):
                waiting.append(record)
                is_continuation = record["dynamodb"]["Keys"]["task_token"]["S"] == "#continue"
                many.handed_over |= is_continuation
                settled += not is_continuation
        if not many.sender_invocations:
            many.settled_by_hook = settled
        if settled >= many.waiters and not many.settled:
            many.settled = time.monotonic() - began
        if not waiting:
            return
        batch, waiting = waiting[:STREAM_BATCH], waiting[STREAM_BATCH:]
        start = time.monotonic()
        before = many.sent
        failed = lambda_handler({"Records": batch}, Context("sender", SECONDS))
        many.longest_batch = max(many.longest_batch, time.monotonic() - start)
        many.sender_invocations += 1
        if failed["batchItemFailures"]:
            waiting = [*batch, *waiting]
        if many.sent > before:
            many.answered = time.monotonic() - began
        tell("answered", many.sent)
