"""Work on all cores until told to stop: what ``make simulate`` and ``make fuzz`` share."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from queue import Empty
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def on_all_cores(
    work: Callable[[int, int, int, Any], None],
    first_seed: int,
    hear: Callable[[Any], None],
    seconds: float | None,
) -> None:
    """Run a worker a core; returns when the time is out, at Ctrl-C, or when no worker is left.

    Args:
        work: a worker, given its number, how many there are, the first seed and a queue to
            tell on. It leaves Ctrl-C to this process.
        first_seed: the first worker's first seed.
        hear: given each thing that a worker told.
        seconds: how long, None for no end.
    """
    workers = os.cpu_count() or 1
    queue: Any = multiprocessing.Queue()
    running = [
        multiprocessing.Process(target=work, args=(number, workers, first_seed, queue), daemon=True)
        for number in range(workers)
    ]
    for each in running:
        each.start()
    ends = None if seconds is None else time.monotonic() + seconds
    try:
        while ends is None or time.monotonic() < ends:
            is_over = not any(each.is_alive() for each in running)
            with contextlib.suppress(Empty):
                hear(queue.get(timeout=0.5))
                continue
            if is_over:
                break  # and what they told is heard
    except KeyboardInterrupt:
        print()  # noqa: T201 - the line that progress is written over ends here
    finally:
        for each in running:
            each.terminate()
