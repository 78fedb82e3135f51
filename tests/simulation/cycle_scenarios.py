"""Worlds in which parents wait for one another: two, or two parents and two children."""

from __future__ import annotations

from dataclasses import replace

from simulation.scenario import PAYLOAD_ID, SECOND_ID, Scenario, Sent

A, B = PAYLOAD_ID, SECOND_ID
P, Q = PAYLOAD_ID, SECOND_ID
"""The two parents."""
C, D = SECOND_ID[:-1] + "c", SECOND_ID[:-1] + "d"
"""The two children."""


def _waits(*pairs: tuple[str, str], tells: str = "execution") -> tuple[Sent, ...]:
    return tuple(
        Sent(f"token-{waiter[-1]}{child[-1]}", payload_id=child, waiter=waiter, tells=tells)
        for waiter, child in pairs
    )


def cycle_scenarios() -> list[Scenario]:
    """Both ways round; broken where a wait is missing, or is another run's."""
    two = Scenario(
        None,
        _waits((A, B), (B, A)),
        running=(A, B),
        passes=2,
        deliveries=2,
        faults=0,
        events=0,
        waits_first=True,
    )
    four = replace(two, running=(P, Q, C, D), passes=1)
    return [
        two,
        # Anything at any time.
        replace(two, waits_first=False, faults=1, events=1),
        replace(two, faults=1, events=1, fault_kinds=("crash-before", "crash-after", "throttle")),
        replace(two, messages=_waits((A, B), (B, A), tells="payload")),
        replace(two, ends=("FAILED", "SUCCEEDED"), messages=_waits((A, B), (B, A), tells="both")),
        # Each parent and its child.
        replace(four, messages=_waits((P, C), (C, P), (Q, D), (D, Q))),
        # All four in one cycle, one way and the other.
        replace(four, messages=_waits((P, C), (C, Q), (Q, D), (D, P))),
        replace(four, messages=_waits((P, D), (D, Q), (Q, C), (C, P), tells="payload")),
        # Two chains: one wait is missing.
        replace(four, messages=_waits((P, C), (C, Q), (Q, D))),
        # The run that waits is not the one that is waited for: it is replaced meanwhile.
        replace(
            two,
            messages=(*two.messages, Sent(None, replace=True, payload_id=A)),
        ),
        # One waits for itself.
        replace(two, messages=_waits((A, A), (B, A), tells="payload")),
    ]
