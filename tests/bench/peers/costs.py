"""What a wait of thirty minutes costs: ours and the obvious design as measured, polling on paper.

The message to the process queue, the child and cirrus's own work are the same for all and left
out, and so are log lines and what a deployment costs in which nobody waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from bench.peers import prices
from bench.peers.cases import Trial
from bench.peers.peer import BARE, OBVIOUS, OURS, token_of
from cirrus_callbacks_plugin.config import DEFAULT_GRACE_SECONDS, DEFAULT_INTERVAL_SECONDS
from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.waits.table import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.peers.network import Figures, Network
    from bench.peers.peer import Peer

WAIT_SECONDS = 1800
POLLING_SECONDS = 60
POLLING = f"polling every {POLLING_SECONDS} s"
POLLING_STATES = ("Wait", "GetItem", "Choice")
PASSES_AT = range(DEFAULT_GRACE_SECONDS + 1, WAIT_SECONDS, DEFAULT_INTERVAL_SECONDS)
"""Ages of a wait at which a pass of the reconciler looks at it."""

FUNCTION_MEGABYTES, RECONCILER_MEGABYTES = 256, 512
"""The module's defaults; cirrus's functions have as much in many deployments."""
PASS_SECONDS = 300.0
WHOLE_CORE_MEGABYTES = 1769
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What functions are charged for, but for their invocations.

    Attributes:
        writes, reads: request units of DynamoDB.
        gigabyte_seconds: of Lambda.
    """

    writes: float = 0.0
    reads: float = 0.0
    gigabyte_seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.writes + other.writes,
            self.reads + other.reads,
            self.gigabyte_seconds + other.gigabyte_seconds,
        )

    def __sub__(self, other: Spent) -> Spent:
        return Spent(
            self.writes - other.writes,
            self.reads - other.reads,
            self.gigabyte_seconds - other.gigabyte_seconds,
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """One design's dollars.

    Attributes:
        design: whose.
        parts: by what is paid for.
    """

    design: str
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def millionths(self) -> float:
        """Millionths of a dollar."""
        return sum(self.parts.values()) * 1e6

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {"design": self.design, "dollars": sum(self.parts.values()), **self.parts}


def polling() -> Cost:
    """A parent that reads the payload's record, consistently, until it is final: on paper."""
    rounds = WAIT_SECONDS // POLLING_SECONDS
    transitions = 1 + rounds * len(POLLING_STATES)
    return _cost(POLLING, transitions=transitions, invocations=0, added=Spent(reads=rounds))


def waiting(
    network: Network,
    peers: Mapping[str, Peer],
    latency: float,
    rounds: int,
) -> list[Cost]:
    """The two designs that wait for an answer: what they add to bare cirrus, and one state."""
    bare = _best(network, peers[BARE], latency, rounds)
    costs = []
    for name in (OURS, OBVIOUS):
        added = _best(network, peers[name], latency, rounds) - bare
        costs.append(_cost(name, transitions=1, invocations=1, added=added))
    return costs


def _cost(
    design: str,
    *,
    transitions: int,
    invocations: int,
    added: Spent,
) -> Cost:
    parts = {
        prices.TRANSITIONS: transitions,
        prices.WRITE_UNITS: added.writes,
        prices.READ_UNITS: added.reads,
        prices.INVOCATIONS: invocations,
        prices.GIGABYTE_SECONDS: max(0.0, added.gigabyte_seconds),
    }
    return Cost(design, {price.what: price.of(number) for price, number in parts.items()})


def _best(network: Network, peer: Peer, latency: float, rounds: int) -> Spent:
    """The quickest of some: request units are the same in all."""
    found = [_one_wait(network, peer, latency) for _ in range(rounds)]
    return min(found, key=lambda spent: spent.gigabyte_seconds)


def _one_wait(network: Network, peer: Peer, latency: float) -> Spent:
    """All that is done for one wait; of the reconciler's passes, what they do more than idle."""
    trial = Trial(network, peer.deployment())
    trial.one_wait(0.0, -2)  # what only a first invocation does is not counted as a wait's
    token = None if peer.name == BARE else token_of("half-hour")
    found = _spent(trial, lambda: trial.process(latency, [("half-hour", token)]))
    if peer.name == OURS:
        found += _passes(trial, latency)
    found += _spent(trial, lambda: trial.update_state(latency, "half-hour"))
    if token is not None:
        found += _spent(trial, lambda: trial.answer(latency))
    return found


def _passes(trial: Trial, latency: float) -> Spent:
    """What the passes do more than one that finds nothing old enough."""
    idle = _pass(trial, latency, 0)
    found = Spent()
    for seconds in PASSES_AT:
        found += _pass(trial, latency, seconds) - idle
    return found


def _pass(trial: Trial, latency: float, seconds: int) -> Spent:
    """A pass of the reconciler, so many seconds from now."""
    then = utc_now() + timedelta(seconds=seconds)
    with mock.patch.object(reconciler, "utc_now", return_value=then):
        return _spent(
            trial,
            lambda: trial.invoke(latency, reconciler.lambda_handler, {}, PASS_SECONDS),
            RECONCILER_MEGABYTES,
        )


def _spent(
    trial: Trial,
    work: Callable[[], Figures],
    megabytes: int = FUNCTION_MEGABYTES,
) -> Spent:
    stores = trial.deployment.stores
    writes, reads = stores.write_units, stores.read_units
    took = work()
    # A small function has a part of a core only, and is charged for the longer time.
    seconds = took.wall + took.cpu * (WHOLE_CORE_MEGABYTES / megabytes - 1)
    return Spent(
        stores.write_units - writes,
        stores.read_units - reads,
        seconds * megabytes / 1024,
    )
