"""A process for each mutant, forked from one that is ready to run it; several at once."""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KILLED, SURVIVED = 1, 0
CONTROL = "control"
"""The job that changes nothing."""
_BYTES = 6 * 2**30
"""Of address space: a loop that never ends shall not take the machine's memory."""

_TIME_SIGNALS = (signal.SIGALRM, signal.SIGPROF)


@dataclass(frozen=True, slots=True)
class Job:
    """Work for a process of its own.

    Attributes:
        name: what it is called.
        work: run in the process, given what tells the parent a word (the last one counts);
            returns the exit code.
    """

    name: str
    work: Callable[[Callable[[str], None]], int]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a job.

    Attributes:
        code: the exit code, None where it took too long.
        word: what it said last.
        seconds: how long it took.
    """

    code: int | None
    word: str
    seconds: float


def limit(seconds: float) -> None:
    """Let this process die unless the limit is set again within some seconds.

    Generously, where it waits; sooner where it computes, which a busy machine does not
    slow down as it does a clock.
    """
    signal.setitimer(signal.ITIMER_REAL, 40 + 20 * seconds)
    signal.setitimer(signal.ITIMER_PROF, 3 + 8 * seconds)


def run(
    jobs: Iterable[Job],
    hear: Callable[[Job, Ended], None],
    *,
    at_once: int,
) -> None:
    """Run jobs, some at once; each is taken from the iterable when there is room for it."""
    gc.collect()
    gc.freeze()
    under_way: dict[int, _Started] = {}
    waiting = iter(jobs)
    is_more = True
    try:
        while is_more or under_way:
            while is_more and len(under_way) < at_once:
                job = next(waiting, None)
                is_more = job is not None
                if job is not None:
                    pid, words = _fork(job)
                    under_way[pid] = _Started(job, words, time.monotonic())
            if under_way:
                pid, status = os.waitpid(-1, 0)
                if pid in under_way:
                    started = under_way.pop(pid)
                    hear(started.job, _end(pid, status, started))
    finally:
        for pid in under_way:
            _kill_group(pid)


@dataclass(frozen=True, slots=True)
class _Started:
    job: Job
    words: IO[bytes]
    at: float


def _end(pid: int, status: int, started: _Started) -> Ended:
    _kill_group(pid)  # what it started and left behind
    with started.words as words:
        words.seek(0)
        word = words.read().decode()
    code: int | None = os.waitstatus_to_exitcode(status)
    if code is not None and -code in _TIME_SIGNALS:
        code = None
    return Ended(code, word, time.monotonic() - started.at)


def _fork(job: Job) -> tuple[int, IO[bytes]]:
    words = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - read once the process ended
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _child(job, words)
    return pid, words


def _child(job: Job, words: IO[bytes]) -> NoReturn:
    def say(word: str) -> None:
        words.seek(0)
        words.truncate()
        words.write(word.encode())

    code = 70
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
        code = job.work(say)
    except BaseException:  # noqa: BLE001 - told to the parent, whatever it is
        say(traceback.format_exc())
    finally:
        os._exit(code)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
