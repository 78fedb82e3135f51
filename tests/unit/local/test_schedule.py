"""The reconciler's schedule in the local stack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cirrus_callbacks_plugin.config import ReconcilerSettings
from cirrus_callbacks_plugin.local.deployment import MAX_RECEIVES
from cirrus_callbacks_plugin.local.environment import RECONCILER
from cirrus_callbacks_plugin.local.sources.schedule import ScheduleSource
from cirrus_callbacks_plugin.local.sources.source import Poll, Tell
from cirrus_callbacks_plugin.local.stack import VISIBILITY_SECONDS
from cirrus_callbacks_plugin.reconcile.summary import Did, Summary


class Reconciler:
    """Answers with the next summary, or raises it."""

    def __init__(self, *outcomes: Summary | Exception) -> None:
        self.outcomes = list(outcomes)
        self.events: list[Any] = []
        self.troubles: list[str] = []
        self.now = 0.0
        self.source = ScheduleSource(
            self,
            Tell(self.troubles.append),
            every=5,
            clock=lambda: self.now,
        )

    def __call__(self, event: Any, context: Any) -> Any:
        """Make a pass."""
        assert context.get_remaining_time_in_millis() > 30_000
        self.events.append(event)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome.to_json()

    def poll_at(self, now: float) -> Poll:
        """Poll at a time."""
        self.now = now
        return self.source.poll()


def did(*done: Did) -> Summary:
    """A pass that did these things once each."""
    summary = Summary()
    for each in done:
        summary.add(each)
    return summary


def test_a_pass_is_made_when_it_is_due() -> None:
    """The first after a whole interval, the next ones an interval after the last."""
    reconciler = Reconciler(*[Summary() for _ in range(3)])
    polls = [reconciler.poll_at(now) for now in (100, 104.9, 105, 109.9, 110, 111)]
    assert polls == [Poll.EMPTY] * 6
    assert len(reconciler.events) == 2


def test_only_a_repair_counts_as_a_delivery() -> None:
    """A pass that leaves everything as it is must not keep a run from being over."""
    repairs = [
        did(Did.SETTLED),
        did(Did.NEVER_STARTED),
        did(Did.ANSWERED),
        did(Did.STALE),
        did(Did.LOOKED_AT, Did.STILL_RUNNING, Did.HEARTBEAT, Did.FAILED),
    ]
    reconciler = Reconciler(*repairs)
    reconciler.poll_at(0)
    polls = [reconciler.poll_at(5.0 * number) for number in range(1, 6)]
    assert polls == [Poll.DELIVERED] * 4 + [Poll.EMPTY]


def test_what_is_stuck_and_what_raised_is_told_once() -> None:
    """Every five seconds would be too often; a pass that raised does not end the stack."""
    stuck = Summary(stuck={"c/workflow-w/i"})
    reconciler = Reconciler(stuck, stuck, ValueError("a-secret-token"), ValueError("again"))
    reconciler.poll_at(0)
    for number in range(1, 5):
        assert reconciler.poll_at(5.0 * number) is Poll.EMPTY
    assert len(reconciler.troubles) == 2
    assert "c/workflow-w/i is stuck" in reconciler.troubles[0]
    assert "reconciler raised ValueError" in reconciler.troubles[1]
    assert "a-secret-token" not in str(reconciler.troubles)


def test_the_stacks_own_redelivery_is_respected() -> None:
    """Its queue delivers five times; ``NeverStarted`` comes after that, with ten seconds each."""
    settings = ReconcilerSettings.from_env(RECONCILER)
    assert settings.redelivery > timedelta(seconds=MAX_RECEIVES * (VISIBILITY_SECONDS + 10))
    assert settings.grace < settings.redelivery
