"""Raising and deleting is right for both kinds of event source mapping.

What a mapping does with a batch, as AWS documents it: a function that raises has failed
with the whole batch, partial batch responses or not; nothing of it is deleted by the
mapping, and what is still in the queue becomes visible again. Without partial responses a
function that returns has succeeded, whatever it returns. With them the response counts.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.errors import RegistrationFailed
from support.cirrus_world import Context, payload, payload_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.aws_calls import AwsCalls, Call
    from support.cirrus_world import World


class Mapping:
    """An SQS event source mapping; ``partial``: FunctionResponseTypes ReportBatchItemFailures."""

    def __init__(self, world: World, *, partial: bool) -> None:
        self.world, self.partial = world, partial
        self.raised: list[Exception] = []

    def deliver(self) -> list[str]:
        """Deliver one batch.

        Returns:
            The bodies that were delivered.
        """
        from cirrus_callbacks_plugin.lambda_functions import process

        event = self.world.receive()
        if event is None:
            return []
        try:
            response = process.lambda_handler(event, Context())
        except Exception as error:  # noqa: BLE001 - the batch has failed
            self.raised.append(error)
        else:
            failed = self._failed(response) if self.partial else set()
            kept = [each for each in event["Records"] if each["messageId"] not in failed]
            self.world.delete({"Records": kept})
        return [each["body"] for each in event["Records"]]

    @staticmethod
    def _failed(response: Any) -> set[str]:
        """The message ids of a partial batch response; any other response is a success."""
        found = response.get("batchItemFailures") if isinstance(response, dict) else None
        return {each["itemIdentifier"] for each in found or ()}


def of_token(token: str) -> Callable[[Call], bool]:
    """Calls that put the row of a token."""
    return lambda call: call.parameters["Item"]["task_token"]["S"] == token


@pytest.mark.parametrize("partial", [False, True], ids=["whole batches", "partial responses"])
def test_a_message_comes_back_alone_and_its_neighbours_are_processed_once(
    world: World,
    aws: AwsCalls,
    partial: bool,
) -> None:
    """Raise, and delete the neighbours: the next delivery is the one message, and ends it."""
    mapping = Mapping(world, partial=partial)
    for item, token in (("a", "good"), ("b", "bad"), ("c", None)):
        world.send(payload(item), token)
    aws.fail("PutItem", when=of_token("bad"))
    assert len(mapping.deliver()) == 3
    assert [type(each) for each in mapping.raised] == [RegistrationFailed]
    assert world.messages_left() == 1
    aws.heal()
    (again,) = mapping.deliver()
    assert payload("b")["features"][0]["id"] in again
    assert len(mapping.raised) == 1
    assert world.messages_left() == 0
    assert mapping.deliver() == []
    assert [len(world.runs(payload_id(item))) for item in "abc"] == [1, 1, 1]
    assert {row["task_token"] for row in world.rows()} == {"good", "bad"}


@pytest.mark.parametrize("partial", [False, True], ids=["whole batches", "partial responses"])
def test_a_batch_that_is_registered_is_deleted_as_it_always_was(
    world: World,
    partial: bool,
) -> None:
    """The hook returns what cirrus returns, a number: a success for either kind."""
    mapping = Mapping(world, partial=partial)
    world.send(payload("a"), "token")
    world.send(payload("b"))
    assert len(mapping.deliver()) == 2
    assert mapping.raised == []
    assert world.messages_left() == 0
