"""Calls at a pace, from one thread or many."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from cirrus_callbacks_plugin.aws.pacing import Pace


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


def test_calls_are_even_and_the_first_one_is_free() -> None:
    """Five a second: one every 200 ms, none of them saved up for a burst."""
    clock = Clock()
    pace = Pace(5, lambda: clock.now, clock.sleep)
    times = []
    for _ in range(4):
        pace.wait()
        times.append(round(clock.now, 6))
    assert times == [100.0, 100.2, 100.4, 100.6]
    clock.now += 60
    for _ in range(3):
        pace.wait()
    assert round(clock.now, 6) == 161.0


def test_a_call_that_took_its_time_is_not_waited_for() -> None:
    """What took longer than its share of the second is followed at once."""
    clock = Clock()
    pace = Pace(5, lambda: clock.now, clock.sleep)
    for _ in range(3):
        pace.wait()
        clock.now += 0.3
    assert clock.slept == []


def test_threads_share_a_pace() -> None:
    """Sixteen threads get sixteen places, each another one."""
    slept: list[float] = []
    lock = threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            slept.append(round(seconds, 6))

    pace = Pace(10, lambda: 0.0, sleep)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: pace.wait(), range(16)))
    assert sorted(slept) == [round(number / 10, 6) for number in range(1, 16)]
