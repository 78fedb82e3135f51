"""What a soak comes to, as figures: of one deployment, or of several that ran side by side."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.soak.judge import Judgement
    from bench.soak.run import Settings, Soak

NAMED = 20
"""How many of those lost or wrong are named."""


@dataclass(slots=True)
class Outcome:
    """Figures; those of several deployments add up.

    Attributes:
        settings: what was asked for, all deployments together.
        deployments: how many there were.
        seconds: how long the longest took.
        messages: how many were sent, copies not counted.
        waits: by how many tokens, what became of them.
        answers: how many by what they were told.
        lost, wrong: who, in words.
        latency: seconds from a child's end to its waiter's answer, by way.
        ends: how invocations ended.
        faults: what went wrong, and how often.
        calls: calls that took effect.
        repaired: what the reconciler's passes did.
    """

    settings: Settings
    deployments: int = 1
    seconds: float = 0.0
    messages: int = 0
    waits: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    latency: dict[str, list[float]] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    is_interrupted: bool = False

    @classmethod
    def of(cls, soak: Soak, judgement: Judgement) -> Outcome:
        """The figures of one deployment."""
        return cls(
            soak.settings,
            seconds=soak.seconds,
            messages=soak.feed.sent,
            waits=Counter(
                expected=judgement.expected,
                answered=judgement.answered,
                open=judgement.open,
                real=judgement.real,
                extra_calls=judgement.extra_calls,
                told_but_stale=judgement.told_but_stale,
                dead_letters=soak.dead_letters,
            ),
            answers=judgement.answers,
            lost=judgement.lost,
            wrong=judgement.wrong,
            latency=judgement.seconds,
            ends=soak.lambdas.ends,
            faults=soak.chance.met,
            calls=soak.notes.calls,
            repaired=Counter(soak.schedule.repaired(), passes=len(soak.schedule.summaries)),
            is_interrupted=judgement.is_interrupted,
        )

    @classmethod
    def together(cls, settings: Settings, each: Sequence[Outcome]) -> Outcome:
        """The figures of several deployments."""
        total = cls(settings, deployments=len(each))
        for one in each:
            total.seconds = max(total.seconds, one.seconds)
            total.messages += one.messages
            total.lost += one.lost
            total.wrong += one.wrong
            total.is_interrupted |= one.is_interrupted
            for way, seconds in one.latency.items():
                total.latency.setdefault(way, []).extend(seconds)
            for name in ("waits", "answers", "ends", "faults", "calls", "repaired"):
                getattr(total, name).update(getattr(one, name))
        return total

    @property
    def is_good(self) -> bool:
        """Nobody lost, nobody told something wrong."""
        return not self.lost and not self.wrong

    def latencies(self) -> dict[str, dict[str, float]]:
        """Count, median and 99th percentile by way, and of all."""
        ways = {**self.latency, "all": [each for some in self.latency.values() for each in some]}
        return {way: _figures(seconds) for way, seconds in ways.items()}

    def to_json(self) -> dict[str, Any]:
        """One object with stable keys."""
        return {
            "seed": self.settings.seed,
            "deployments": self.deployments,
            "payloads": self.settings.payloads,
            "seconds": round(self.seconds, 1),
            "messages": self.messages,
            "tokens": self.waits["expected"],
            "answered": self.waits["answered"],
            "lost": len(self.lost),
            "wrong": len(self.wrong),
            "extra_send_task_calls": self.waits["extra_calls"],
            "open": self.waits["open"],
            "real_parents_tokens": self.waits["real"],
            "told_but_stale": self.waits["told_but_stale"],
            "dead_letters": self.waits["dead_letters"],
            "seconds_to_answer": self.latencies(),
            "reconcile_every": self.settings.reconcile_every,
            "answers": dict(self.answers.most_common()),
            "repaired": dict(self.repaired),
            "faults": dict(self.faults.most_common()),
            "invocations": dict(sorted(self.ends.items())),
            "calls": dict(self.calls.most_common()),
            "named": [*self.lost[:NAMED], *self.wrong[:NAMED]],
            "interrupted": self.is_interrupted,
        }


def _figures(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {"count": 0, "median": 0.0, "p99": 0.0}
    ordered = sorted(seconds)
    place = min(len(ordered) - 1, int(len(ordered) * 0.99))
    return {
        "count": len(ordered),
        "median": round(statistics.median(ordered), 2),
        "p99": round(ordered[place], 2),
    }
