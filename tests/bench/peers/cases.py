"""What the peers are measured at: one wait, ten tokens in a batch, very many on one payload.

What is not measured (what comes before and after) runs without latency, and every parent is
answered in the end: a design that is quick and wrong is reported.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.peers.network import Figures
from bench.peers.peer import BARE, token_of
from cirrus_callbacks_plugin.errors import RegistrationFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.peers.network import Network
    from bench.peers.peer import Deployment

BATCH = 10
FUNCTION_SECONDS = 15.0
"""What cirrus's CloudFormation gives ``process`` and ``update-state``."""
SENDER_SECONDS = 60.0

PROCESS, UPDATE_STATE, STREAM = "process", "update-state", "the stream's function"

Took = dict[str, Figures]
"""By function."""


@dataclass(slots=True)
class Trial:
    """A peer that is put through cases on one deployment, and what its parents were told.

    Attributes:
        network: what it calls.
        deployment: its own.
        expected: what each token is to be told.
    """

    network: Network
    deployment: Deployment
    expected: dict[str, str] = field(default_factory=dict)

    def one_wait(self, latency: float, number: int) -> Took:
        """From registration to answer: a child that ends well, and every other one fails."""
        item, error = f"one-{number}", "Broken" if number % 2 else None
        took = {
            PROCESS: self.process(latency, [(item, self._token(item, error=error))]),
            UPDATE_STATE: self.update_state(latency, item, error),
        }
        if self.deployment.peer.answer is not None:
            took[STREAM] = self.answer(latency)
        return took

    def batch(self, latency: float, number: int) -> Took:
        """Ten payloads in one batch of ``process``, each with a token."""
        items = [f"batch-{number}-{index}" for index in range(BATCH)]
        took = self.process(latency, [(item, self._token(item)) for item in items])
        self._settle(items)
        return {PROCESS: took}

    def no_token(self, latency: float, number: int) -> Took:
        """The same batch, and nobody waits."""
        items = [f"none-{number}-{index}" for index in range(BATCH)]
        return {PROCESS: self.process(latency, [(item, None) for item in items])}

    def many(self, latency: float, waiters: int) -> Took:
        """Very many on one payload, from its end to the last answer."""
        waits = [("many", self._token("many", number)) for number in range(waiters)]
        for start in range(0, waiters, BATCH):
            self.process(0.0, waits[start : start + BATCH])
        return {
            UPDATE_STATE: self.update_state(latency, "many"),
            STREAM: self.answer(latency),
        }

    def _token(self, item: str, number: int = 0, *, error: str | None = None) -> str | None:
        if self.deployment.peer.name == BARE:
            return None
        token = token_of(item, number)
        self.expected[token] = "success" if error is None else "failure"
        return token

    def _settle(self, items: Iterable[str]) -> None:
        for item in items:
            self.update_state(0.0, item)
        if self.deployment.peer.answer is not None:
            self.answer(0.0)

    def untrue(self) -> list[str]:
        """What parents were told otherwise than it is, twice, or not at all."""
        told = self.deployment.stores.executions.accepted
        times = Counter(token for token, _, _ in told)
        answers = {token: answer for token, answer, _ in told}
        return [
            f"{self.deployment.peer.name}: {token[:20]} was told {answers.get(token)}, "
            f"{times[token]} times"
            for token in sorted({*self.expected, *answers})
            if times[token] != 1 or answers[token] != self.expected.get(token)
        ]

    # --- one function -----------------------------------------------------------------

    def process(self, latency: float, waits: list[tuple[str, str | None]]) -> Figures:
        """A batch of the queue; what could not be registered comes again, as it does on AWS."""
        return self.invoke(latency, self._until_registered, self.deployment.messages(waits))

    def _until_registered(self, event: dict[str, Any], context: Any) -> None:
        records = event["Records"]
        while records:
            try:
                self.deployment.peer.process({"Records": records}, context)
            except RegistrationFailed as error:  # a machine that stalls for two seconds is enough
                records = [each for each in records if each["messageId"] in error.message_ids]
            else:
                return

    def update_state(self, latency: float, item: str, error: str | None = None) -> Figures:
        """The event of a run's end."""
        event = self.deployment.end(item, error)
        return self.invoke(latency, self.deployment.peer.update_state, event)

    def answer(self, latency: float) -> Figures:
        """The stream, until nothing of it is left."""
        answer = self.deployment.peer.answer
        took = Figures()
        while batches := list(self.deployment.batches()):
            for batch in batches:
                took += self.invoke(latency, answer, batch, SENDER_SECONDS)
        return took

    def invoke(
        self,
        latency: float,
        handler: Any,
        event: dict[str, Any],
        seconds: float = FUNCTION_SECONDS,
    ) -> Figures:
        """Call a handler of this deployment's."""
        from support.cirrus_world import Context

        self.network.stores = self.deployment.stores
        return self.network.measure(latency, lambda: handler(event, Context(seconds)))
