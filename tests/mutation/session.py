"""Tests of a pytest session, run one by one in a process forked from it."""

from __future__ import annotations

import os
import pickle
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from mutation.children import CONTROL, KILLED, SURVIVED, Ended, Job, limit, run
from mutation.reach import Reach, Tracer, could_notice, file_of
from mutation.report import BrokenRunError, why_broken
from mutation.swap import Living

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mutation.memory import Memory
    from mutation.mutants import Mutant

    Say = Callable[[str], None]


OPTIONS = (
    "-q",
    "--override-ini=addopts=",
    "--override-ini=tmp_path_retention_policy=none",
    "--import-mode=importlib",
    "--strict-markers",
    "--capture=sys",  # in memory: a file would be shared with the processes forked from this one
    "--hypothesis-profile=ci",  # the same cases each time
    "--color=no",
    *(f"-pno:{name}" for name in ("cacheprovider", "xdist", "slipcover", "faulthandler")),
)
BUDGET_SECONDS = 10.0
_UNKNOWN_SECONDS = 10.0
_THREAD_SECONDS = 10.0
_TESTS_A_CONTROL = 50

_failures: list[str] = []
"""What failed in this process, told by the session's loop."""


def options(scratch: Path) -> list[str]:
    """What every session is run with; temporary folders lie in a scratch folder."""
    return [*OPTIONS, f"--basetemp={scratch / f'tmp-{os.getpid()}'}"]


class Loop:
    """In the place of pytest's own loop: runs what it is given on the collected session."""

    def __init__(self, work: Callable[[pytest.Session], None]) -> None:
        self._work = work
        _failures.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what failed and how, for who asks."""
        if report.failed:
            _failures.append(f"{report.nodeid} ({report.when})\n{report.longreprtext}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Everything is imported, nothing has run."""
        if session.testsfailed:
            raise pytest.UsageError("the tests cannot be collected")
        self._work(session)
        return True


def run_items(
    session: pytest.Session,
    names: Sequence[str],
    reached: Mapping[str, Reach],
    say: Say,
    tracer: Tracer | None = None,
    *,
    is_unchanged: bool = False,
) -> int:
    """Run tests until one fails, in this order; ``KILLED`` or ``SURVIVED``.

    Args:
        session: a collected session.
        names: the tests.
        say: told which one runs.
        reached: how long they take; told here where they are traced.
        tracer: what traces them.
        is_unchanged: nothing is changed: how a test failed is told, too.
    """
    by_name = {item.nodeid: item for item in session.items}
    slowest: dict[str, float] = {}  # of a file: the first test to run sets up what they share
    for name, reach in reached.items():
        slowest[file_of(name)] = max(reach.seconds, slowest.get(file_of(name), 0.0))
    items = [by_name[name] for name in names]
    for item, following in zip(items, [*items[1:], None], strict=False):
        say(item.nodeid)
        known = slowest.get(file_of(item.nodeid)) if tracer is None else None
        limit(_UNKNOWN_SECONDS if known is None else known)
        with tracer.test() if tracer is not None else nullcontext([]) as told:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            if is_unchanged:
                say("\n".join([item.nodeid, *_failures]))
            return KILLED
        if told and isinstance(reached, dict):
            reached[item.nodeid] = told[0]
    say("")
    return SURVIVED


class Warm:
    """A collected session from which processes are forked: for mutants in functions."""

    def __init__(
        self,
        session: pytest.Session,
        root: Path,
        paths: Sequence[str],
        warm_up: str | None,
    ) -> None:
        """Collected already; one test is run here, for what the first one loads and keeps.

        Raises:
            BrokenRunError: that test fails, or leaves a thread, which no fork would take along.
        """
        self._session = session
        self._root = root
        self._living = Living(root, paths)
        for item in session.items:
            if item.nodeid == warm_up:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed:
            raise BrokenRunError("\n".join(["a test fails without any change:", *_failures]))
        for thread in set(threading.enumerate()) - {threading.current_thread()}:
            thread.join(_THREAD_SECONDS)
            if thread.is_alive():
                raise BrokenRunError(f"{warm_up} leaves a thread: {thread}")

    def reached(
        self,
        memory: Memory,
        scratch: Path,
        at_once: int,
        tell: Callable[[str], None],
    ) -> dict[str, Reach]:
        """Run every test once, as it is, and learn what it reaches; or remember it.

        Each file of tests in a process of its own: tests leave threads behind (executions
        that nobody ends), and hundreds of them slow down those that come after. A test that
        fails is run once more: a busy machine makes one fail now and then that has nothing
        to do with what is asked here.

        Raises:
            BrokenRunError: one fails twice.
        """
        files: dict[str, list[str]] = {}
        for item in self._session.items:
            files.setdefault(file_of(item.nodeid), []).append(item.nodeid)
        told = memory.recall(files)
        left = {file: names for file, names in files.items() if names[0] not in told}
        failed_once: set[str] = set()

        def job(file: str, number: int) -> Job:
            def work(say: Say) -> int:
                found: dict[str, Reach] = {}
                tracer = Tracer(self._living)
                try:
                    return run_items(
                        self._session, left[file], found, say, tracer, is_unchanged=True
                    )
                finally:
                    (scratch / f"reach-{number}").write_bytes(pickle.dumps(found))

            return Job(f"{number} {file}", work)

        def hear(job: Job, ended: Ended) -> None:
            number, _, file = job.name.partition(" ")
            place = scratch / f"reach-{number}"
            if place.exists():  # not where a limit ended it: all of its tests run again
                told.update(pickle.loads(place.read_bytes()))  # noqa: S301
                place.unlink()
            left[file] = [name for name in left[file] if name not in told]
            if ended.code != SURVIVED:
                failed = ended.word.partition("\n")[0]
                if failed in failed_once or failed not in left[file]:
                    raise BrokenRunError(why_broken(ended))
                tell(f"Once more: {why_broken(ended)}")
                failed_once.add(failed)

        try:
            while any(left.values()):
                again = [file for file, names in left.items() if names]
                jobs = (job(file, number) for number, file in enumerate(again))
                run(jobs, hear, at_once=at_once)
        finally:
            memory.keep(told)
        return told

    def controls(self, reached: Mapping[str, Reach]) -> list[Job]:
        """All tests, unchanged, in the order in which mutants meet them: none may fail.

        Some at a time: of the threads that tests leave behind, those of all of them together
        would fill the address space that a process may have.
        """
        names = sorted(reached, key=lambda name: reached[name].seconds)

        def job(some: Sequence[str]) -> Job:
            return Job(
                CONTROL,
                lambda say: run_items(self._session, some, reached, say, is_unchanged=True),
            )

        return [
            job(names[start : start + _TESTS_A_CONTROL])
            for start in range(0, len(names), _TESTS_A_CONTROL)
        ]

    def jobs(
        self,
        mutants: Sequence[Mutant],
        reached: Mapping[str, Reach],
        killers: Mapping[tuple[str, str], Sequence[str]],
    ) -> Iterator[Job]:
        """A job for each mutant, named by its place; its tests are chosen when it begins."""
        for number, mutant in enumerate(mutants):
            names = could_notice(
                mutant,
                str(self._root / mutant.path),
                reached,
                seconds=BUDGET_SECONDS,
                first=killers.get((mutant.path, mutant.function), ()),
            )

            def work(say: Say, mutant: Mutant = mutant, names: Sequence[str] = names) -> int:
                limit(_UNKNOWN_SECONDS)
                self._living.become(mutant)
                return run_items(self._session, names, reached, say)

            yield Job(str(number), work)
