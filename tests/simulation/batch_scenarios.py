"""Worlds in which two rows are settled, marked and told in one batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulation.join_scenarios import TWICE, world
from simulation.scenario import Scenario, Sent

BATCHED = ("throttle", "throttle-whole", "again", "lost")
"""What befalls a batch: a statement or the call is throttled; it is made twice; no answer comes."""
_MISHAPS = ("crash-after", *BATCHED)
_A, _B = Sent("token-a"), Sent("token-b")


def small_batch_scenarios() -> list[Scenario]:
    """Two waiters of one run, one invocation of a kind, one mishap: explored whole."""
    small: dict[str, Any] = {"crowd": 1, "deliveries": 1, "batches": True}
    running: dict[str, Any] = {"outcomes": ("SUCCEEDED",), "events": 0, "old_events": 1, **small}
    return [
        Scenario(
            None,
            (_A, _B),
            can_start=False,
            fault_kinds=("crash-after",),
            faulty=("process",),
            **small,
        ),
        *(
            Scenario("PROCESSING", (_A, _B), fault_kinds=_MISHAPS, faulty=(each,), **running)
            for each in ("update_state", "sender")
        ),
    ]


def batch_scenarios() -> list[Scenario]:
    """Every mishap of a batch, twice; replacements, repeated events and passes besides."""
    mishaps: dict[str, Any] = {
        "old_events": 1,
        "fault_kinds": _MISHAPS,
        "faulty": ("update_state", "sender"),
    }
    others: dict[str, Any] = {"old_events": 2, "events": 2, "passes": 1, "advances": 2}
    return [
        Scenario(before, (replace(_A, replace=is_replace), _B), faults=2, batches=True, **special)
        for is_replace, special in ((False, mishaps), (True, others))
        for before in (None, "PROCESSING")
    ]


_ONE_OF_A_KIND: dict[str, Any] = {"outcomes": ("SUCCEEDED",), "crowd": 1, "deliveries": 1}


def small_batch_join_scenarios() -> list[Scenario]:
    """Two members of one run, told in one batch: explored whole."""
    return [world(TWICE, batches=True, faults=0, **_ONE_OF_A_KIND)]


def large_batch_join_scenarios() -> list[Scenario]:
    """A sender that meets one mishap, or its parent's end: minutes each, for ``make simulate``."""
    sender: dict[str, Any] = {"batches": True, "faulty": ("sender",), **_ONE_OF_A_KIND}
    found = [world(TWICE, fault_kinds=(each,), **sender) for each in _MISHAPS]
    return [*found, world(TWICE, batches=True, may_close=True, faults=0, **_ONE_OF_A_KIND)]


def batch_join_scenarios() -> list[Scenario]:
    """Two members that are told, and marked, in one batch; a sender that dies beside it."""
    sender: dict[str, Any] = {"batches": True, "faulty": ("sender",), "faults": 2}
    return [world(TWICE, fault_kinds=each, **sender) for each in (BATCHED, _MISHAPS)]
