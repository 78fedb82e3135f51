"""The four lambdas as the event sources call them: the real handlers, and how invocations end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.soak.invocations import Died, Invocation, Invocations, Killed
from cirrus_callbacks_plugin.lambda_functions import process, reconciler, sender, update_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.soak.chance import Chance
    from bench.soak.notes import Notes
    from bench.soak.plan import Message


@dataclass
class Lambdas:
    """The handlers that the plugin deploys, around cirrus's own.

    Attributes:
        messages: the plan's messages by number.
        ends: how often each function ended, and how.
        delivered: the numbers of the messages that were delivered at least once.
    """

    messages: Mapping[int, Message]
    invocations: Invocations
    notes: Notes
    chance: Chance
    ends: Counter[str] = field(default_factory=Counter)
    delivered: set[int] = field(default_factory=set)

    def process(self, event: dict[str, Any], context: Any) -> Any:
        """A batch of the process queue."""
        records = event["Records"]
        held: dict[str, list[int]] = {}
        numbers = []
        replaced = set()
        for record in records:
            attributes = record["messageAttributes"]
            message = self.messages[int(attributes["soak-number"]["stringValue"])]
            numbers.append(message.number)
            held.setdefault(message.payload.id, []).append(message.number)
            if message.replace:
                replaced.add(message.payload.id)
            if message.by_parent:
                token = attributes["cirrus-task-token"]["stringValue"]
                self.notes.expect(message, token)
        self.delivered.update(numbers)
        batch = " ".join(map(str, sorted(numbers)))
        if self.chance.happens("batch of messages shuffled", batch):
            order = self.chance.order(batch, len(records))
            event = {**event, "Records": [records[index] for index in order]}
        by_payload = {payload_id: tuple(held[payload_id]) for payload_id in held}
        returned = self._invoke(
            "process",
            process.lambda_handler,
            event,
            context,
            messages=by_payload,
            replaced=frozenset(replaced),
        )
        if self.chance.happens("message processed, and delivered again", batch):
            raise Died
        return returned

    def update_state(self, event: dict[str, Any], context: Any) -> Any:
        """The end of a run."""
        arn = event["detail"]["executionArn"]
        return self._invoke("update-state", update_state.lambda_handler, event, context, about=arn)

    def sender(self, event: dict[str, Any], context: Any) -> Any:
        """A batch of the stream."""
        records = event["Records"]
        batch = f"{records[0]['eventID']} {len(records)}"
        if self.chance.happens("stream batch shuffled", batch):
            order = self.chance.order(batch, len(records))
            event = {**event, "Records": [records[index] for index in order]}
        returned = self._invoke("sender", sender.lambda_handler, event, context)
        if self.chance.happens("stream batch handled, and delivered again", batch):
            raise Died
        return returned

    def reconciler(self, context: Any) -> dict[str, Any]:
        """A pass."""
        returned: dict[str, Any] = self._invoke(
            "reconciler", reconciler.lambda_handler, {}, context
        )
        return returned

    def _invoke(
        self,
        function: str,
        handler: Callable[[Any, Any], Any],
        event: Any,
        context: Any,
        **facts: Any,
    ) -> Any:
        invocation = Invocation(function, self.notes.step, **facts)
        try:
            with self.invocations.working_for(invocation):
                returned = handler(event, context)
        except Killed:
            self.ends[f"{function} was killed"] += 1
            raise Died from None
        except Exception as error:
            self.ends[f"{function} raised {type(error).__name__}"] += 1
            raise
        if invocation.is_dead:  # some library kept the news to itself
            self.ends[f"{function} was killed"] += 1
            raise Died
        self.ends[f"{function} returned"] += 1
        return returned
