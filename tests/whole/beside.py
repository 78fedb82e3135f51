"""Parts that run beside the first one: as many at once as there are cores, their output kept."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.known import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from whole.part import Part

NICE = ["nice", "-n", "10"]
"""What only computes leaves the cores to what waits for real time."""


@dataclass(frozen=True)
class Ran:
    """How a part ended.

    Attributes:
        status: pytest's exit status.
        seconds: how long it took.
        missing: why it was skipped, None where it ran.
    """

    status: int = 0
    seconds: float = 0.0
    missing: str | None = None


class Beside:
    """Runs parts in their order, as many at once as there are cores.

    Args:
        parts: what runs.
        logs: a folder for their output.
        prepare: makes a part ready, given a function that prints a line; says why it cannot.
        arguments: for each pytest.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        logs: Path,
        prepare: Callable[[Part, Callable[[str], None]], str | None],
        arguments: Sequence[str],
    ) -> None:
        self._logs, self._prepare, self._arguments = logs, prepare, arguments
        self._first_is_through = threading.Event()
        self._is_stopped = False
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        # Installations wait for the network and the disk: one after the other, beside all else.
        self._installing, self._cores = ThreadPoolExecutor(1), ThreadPoolExecutor(os.cpu_count())
        self._ready = {part: self._installing.submit(self._made_ready, part) for part in parts}
        self._ran = {part: self._cores.submit(self._run, part) for part in parts}

    def _log(self, part: Part) -> Path:
        return self._logs / f"{part.name}.txt"

    def _made_ready(self, part: Part) -> str | None:
        with self._log(part).open("w") as log:
            return None if self._is_stopped else self._prepare(part, lambda line: _write(log, line))

    def _run(self, part: Part) -> Ran:
        missing = self._ready[part].result()
        if missing is not None:
            return Ran(missing=missing)
        if part.is_alone:
            self._first_is_through.wait()
        started = time.monotonic()
        command = [*NICE, *part.command(*self._arguments)]
        with self._log(part).open("a") as log:
            with self._lock:
                if self._is_stopped:
                    return Ran(missing="stopped")
                process = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
                self._running.add(process)
            status = process.wait()
            self._running.discard(process)
        return Ran(status, time.monotonic() - started)

    def go_on(self) -> None:
        """The first part is through: those that were to wait for it begin."""
        self._first_is_through.set()

    def shown(self, part: Part) -> Ran:
        """Print what a part prints, from its beginning, until it ends."""
        ran: Future[Ran] = self._ran[part]
        while not self._log(part).exists() and not ran.done():
            time.sleep(0.2)
        with self._log(part).open() as log:
            while True:
                is_through = ran.done()
                sys.stdout.write(log.read())
                sys.stdout.flush()
                if is_through:
                    return ran.result()
                time.sleep(0.2)

    def stop(self) -> None:
        """End everything: what ends at Ctrl-C has a few seconds for it."""
        with self._lock:
            self._is_stopped = True
        self._first_is_through.set()
        end_all(list(self._running))
        self._cores.shutdown(cancel_futures=True)
        self._installing.shutdown(cancel_futures=True)


def end_all(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait for processes that heard Ctrl-C themselves; end those that did not."""
    for seconds, end in ((8, None), (5, "terminate"), (2, "kill")):
        until = time.monotonic() + seconds
        for process in processes:
            if end is not None and process.poll() is None:
                getattr(process, end)()
        while any(each.poll() is None for each in processes) and time.monotonic() < until:
            time.sleep(0.1)


def _write(log: object, line: str) -> None:
    log.write(f"{line}\n")  # type: ignore[attr-defined]
    log.flush()  # type: ignore[attr-defined]
