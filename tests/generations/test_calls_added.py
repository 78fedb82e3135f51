"""What ten messages with tokens cost, with every cirrus."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.hooks.own_time import OwnTime
from cirrus_callbacks_plugin.hooks.process import process
from support.cirrus_world import Context, payload
from support.generation import bare_handler, forget_queue_urls

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


def test_ten_tokens_add_ten_puts_ten_notes_and_two_reads(world: World, aws: AwsCalls) -> None:
    """Beside cirrus's own calls, ten at once: puts, and notes of the runs that go on; two reads."""
    counts = []
    # A stopwatch that stands still: a busy machine must not end the registrations.
    wrapped_handler = process(bare_handler("process"), own_time=lambda: OwnTime(lambda: 0.0))
    for name, handler, token in (
        ("bare", bare_handler("process"), None),
        ("wrapped", wrapped_handler, "token-{}"),
    ):
        forget_queue_urls()
        for number in range(10):
            world.send(payload(f"{name}-{number}"), token and token.format(number))
        event = world.receive()
        assert event is not None
        with aws.recording() as recording:
            handler(event, Context())
        world.delete(event)
        # The children's own messages come from moto's interpreter, when it pleases.
        calls = [
            call.operation
            for call in recording.calls
            if call.parameters.get("QueueUrl") != world.work_queue_url
        ]
        counts.append(Counter(calls))
    bare, wrapped = counts
    wrapped.subtract(bare)
    assert {name: number for name, number in wrapped.items() if number} == {
        "PutItem": 10,
        "UpdateItem": 10,
        "BatchGetItem": 2,
    }
