"""All cases and all peers, by turns, at each latency; and what a wait costs."""

from __future__ import annotations

import functools
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

from bench.clients import fresh_clients
from bench.peers import costs, prices
from bench.peers.cases import Trial
from bench.peers.network import Figures, Network
from bench.peers.peer import NAMES, OBVIOUS, OURS, REGION, WORKFLOW, peers
from bench.peers.stores import Stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.peers.cases import Took
    from bench.peers.costs import Cost

LATENCIES = (0.02, 0.005)
ROUNDS = 10
ONE_WAIT, TEN_TOKENS, NO_TOKEN = "one wait", "ten tokens in a batch", "no token in a batch"
SHORT = {ONE_WAIT: Trial.one_wait, TEN_TOKENS: Trial.batch, NO_TOKEN: Trial.no_token}


@dataclass(frozen=True, slots=True)
class Measured:
    """A peer at a case.

    Attributes:
        case: which.
        peer: whose.
        latency: seconds a call.
        functions: what each function took.
    """

    case: str
    peer: str
    latency: float
    functions: Took

    @property
    def whole(self) -> Figures:
        """All functions together."""
        return sum(self.functions.values(), Figures())

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {
            "case": self.case,
            "peer": self.peer,
            "latency": self.latency,
            "functions": {name: took.to_json() for name, took in self.functions.items()},
            "whole": self.whole.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found.

    Attributes:
        measured: each peer at each case and latency.
        costs: of a wait of thirty minutes.
        untrue: what a parent was told, or not told, otherwise than it is.
    """

    measured: list[Measured] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Every parent was told the truth, once."""
        return not self.untrue

    def of(self, case: str, latency: float) -> dict[str, Measured]:
        """The peers at a case, by name."""
        return {
            each.peer: each
            for each in self.measured
            if each.case == case and each.latency == latency
        }

    def to_json(self) -> dict[str, Any]:
        """One object with stable keys."""
        return {
            "measured": [each.to_json() for each in self.measured],
            "costs": [each.to_json() for each in self.costs],
            "prices_as_of": prices.AS_OF,
            "untrue": self.untrue,
        }


def many_case(waiters: int) -> str:
    """The name of the case with very many."""
    return f"{waiters:,} waiters of one payload"


def measure(
    waiters: int,
    tell: Callable[[str, int], object],
    *,
    latencies: tuple[float, ...] = LATENCIES,
    rounds: int = ROUNDS,
) -> Comparison:
    """Measure everything.

    Args:
        waiters: of the one payload on which very many wait.
        tell: told what is measured now, and how many measurements are through.
        latencies: seconds a call.
        rounds: of what is short; the best counts.
    """
    found = Comparison()
    with _network() as network:
        everybody = peers()
        for latency in latencies:
            at = f"{latency * 1000:g} ms a call"
            for case, work in SHORT.items():
                tell(f"{case}, {at}", len(found.measured))
                trials = {
                    name: Trial(network, peer.deployment()) for name, peer in everybody.items()
                }
                took = _by_turns(trials, rounds, functools.partial(work, latency=latency))
                for name, trial in trials.items():
                    found.measured.append(Measured(case, name, latency, took[name]))
                    found.untrue.extend(trial.untrue())
            for name in (OURS, OBVIOUS):
                case = many_case(waiters)
                tell(f"{case}, {name}, {at}", len(found.measured))
                trial = Trial(network, everybody[name].deployment())
                found.measured.append(
                    Measured(case, name, latency, trial.many(latency, waiters)),
                )
                found.untrue.extend(trial.untrue())
        tell("a wait of thirty minutes", len(found.measured))
        found.costs.extend(costs.waiting(network, everybody, latencies[0], rounds))
        found.costs.append(costs.polling())
    return found


def measurements(latencies: tuple[float, ...] = LATENCIES) -> int:
    """How many there are."""
    return len(latencies) * (3 * len(SHORT) + 2)


def _by_turns(
    trials: Mapping[str, Trial],
    rounds: int,
    work: Callable[..., Took],
) -> dict[str, Took]:
    """Round by round, so that what else the machine does touches all alike; the first warms up."""
    took: dict[str, list[Took]] = {name: [] for name in trials}
    for number in range(-1, rounds):
        for name in trials if number % 2 else reversed(trials):
            took[name].append(work(trials[name], number=number))
    return {name: _best(each[1:]) for name, each in took.items()}


def _best(rounds: list[Took]) -> Took:
    """Of each function: what else the machine does only ever adds; all rounds call alike."""
    return {
        function: Figures(
            min(took[function].cpu for took in rounds),
            min(took[function].wall for took in rounds),
            last.calls,
        )
        for function, last in rounds[-1].items()
    }


@contextmanager
def _network() -> Iterator[Network]:
    """An environment like the lambdas' own, and the network in memory."""
    environment = {**NAMES.environment(), "CIRRUS_CALLBACKS_WORKFLOWS": "*"}
    network = Network(Stores.of(NAMES, WORKFLOW, ()))
    with mock.patch.dict(os.environ, environment), fresh_clients(REGION), network.installed():
        yield network
