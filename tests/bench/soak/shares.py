"""A soak on several cores: deployments side by side, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import time
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import nullcontext, suppress
from dataclasses import replace
from multiprocessing.managers import SyncManager
from typing import TYPE_CHECKING, Any

from bench.soak.outcome import Outcome
from bench.soak.run import Settings, Soak
from simulation.defects import DEFECTS

if TYPE_CHECKING:
    from collections.abc import Callable

TELL_SECONDS = 0.5
SEEDS_APART = 1_000_003
STOP = "stop"


def shares(settings: Settings, deployments: int) -> list[Settings]:
    """What each deployment does; tokens, payloads and executions add up."""

    def share(total: int, number: int) -> int:
        return total // deployments + (number < total % deployments)

    return [
        replace(
            settings,
            tokens=share(settings.tokens, number),
            payloads=share(settings.payloads, number),
            real=share(settings.real, number),
            seed=settings.seed + number * SEEDS_APART,
        )
        for number in range(deployments)
    ]


def run(settings: Settings, deployments: int, tell: Callable[[dict[str, Any]], object]) -> Outcome:
    """Run a soak, and add up.

    Args:
        settings: all of it.
        deployments: how many processes.
        tell: told now and then how far it came: phases, tokens sent, answered, faults met.
    """
    parts = shares(settings, deployments)
    context = multiprocessing.get_context("spawn")
    manager = SyncManager(ctx=context)
    manager.start(signal.signal, (signal.SIGINT, signal.SIG_IGN))  # Ctrl-C is told to all
    with manager:
        far = manager.dict()
        with ProcessPoolExecutor(deployments, mp_context=context) as pool:
            futures = [
                pool.submit(_run_share, part, number, far) for number, part in enumerate(parts)
            ]
            pending = set(futures)
            while pending:
                try:
                    _, pending = wait(pending, timeout=TELL_SECONDS)
                    tell(_sum([part for name, part in far.items() if name != STOP]))
                except KeyboardInterrupt:
                    far[STOP] = True
            return _together(settings, futures)


def _together(settings: Settings, futures: list[Future[Outcome]]) -> Outcome:
    found = []
    for future in futures:
        with suppress(KeyboardInterrupt):  # before it had begun
            found.append(future.result())
    outcome = Outcome.together(settings, found)
    outcome.is_interrupted |= len(found) < len(futures)
    return outcome


def _run_share(settings: Settings, number: int, far: Any) -> Outcome:
    last = 0.0

    def tell(soak: Soak) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_SECONDS:
            last = time.monotonic()
            if STOP in far:
                raise KeyboardInterrupt
            far[number] = {
                "phase": soak.phase,
                "sent": soak.feed.sent,
                "messages": len(soak.plan.messages),
                "answered": soak.notes.answered,
                "expected": soak.expected,
                "faults": soak.chance.met.total(),
            }

    soak = Soak(settings)
    with DEFECTS[settings.defect]() if settings.defect else nullcontext():
        return Outcome.of(soak, soak.run(tell))


def _sum(parts: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("sent", "messages", "answered", "expected", "faults")
    total: dict[str, Any] = {name: sum(part[name] for part in parts) for name in names}
    total["phase"] = ", ".join(dict.fromkeys(part["phase"] for part in parts)) or "starting"
    return total
