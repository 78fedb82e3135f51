"""Which lines each test runs, and how long it takes: which tests could notice a mutant."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from types import CodeType

    from mutation.mutants import Mutant
    from mutation.swap import Living

_TOOL = sys.monitoring.PROFILER_ID
_BUSY = 3
"""A busy machine makes a test wait for its turn: of what it did not compute, a third counts."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one test does.

    Attributes:
        seconds: how long it takes on a machine that is not busy, about.
        lines: by file, those that it runs, in whichever thread.
    """

    seconds: float
    lines: Mapping[str, Collection[int]]

    def is_reached(self, file: str, first: int, last: int) -> bool:
        """True where the test runs one of these lines."""
        return any(first <= line <= last for line in self.lines.get(file, ()))


class Tracer:
    """Notes the lines that are run; each costs something only the first time in a test."""

    def __init__(self, living: Living) -> None:
        self.lines: dict[str, set[int]] = {}
        sys.monitoring.use_tool_id(_TOOL, "mutation")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, self._note)
        for code in living.codes():
            sys.monitoring.set_local_events(_TOOL, code, sys.monitoring.events.LINE)

    def _note(self, code: CodeType, line: int) -> Any:
        self.lines.setdefault(code.co_filename, set()).add(line)
        return sys.monitoring.DISABLE

    @contextmanager
    def test(self) -> Iterator[list[Reach]]:
        """Trace one test; what it reached is in the list afterwards."""
        told: list[Reach] = []
        self.lines = {}
        sys.monitoring.restart_events()
        began, computed = time.perf_counter(), time.process_time()
        yield told
        waited = time.perf_counter() - began
        seconds = max(time.process_time() - computed, waited / _BUSY)
        told.append(Reach(seconds, self.lines))


def could_notice(
    mutant: Mutant,
    file: str,
    reached: Mapping[str, Reach],
    *,
    seconds: float,
    first: Collection[str] = (),
) -> list[str]:
    """The tests that could notice a mutant, in the order in which to run them.

    The fastest first; before them those that noticed another mutant of its function. What
    is not noticed in some seconds of tests is not noticed: a rule deserves a fast test.
    What runs at import may be noticed by a test that runs no line of the module itself (a
    constant is read, and that is all): all tests of a file are asked, where one runs some.

    Args:
        mutant: the mutant.
        file: its file, as code objects name it.
        reached: every test, by name.
        seconds: how long the tests may take, as they took without the mutant.
        first: tests to be run first.
    """
    from_line, to_line = (1, sys.maxsize) if mutant.is_at_import else (mutant.first, mutant.last)
    names = [name for name, reach in reached.items() if reach.is_reached(file, from_line, to_line)]
    if mutant.is_at_import:
        files = {file_of(name) for name in names}
        names = [name for name in reached if file_of(name) in files]
    names.sort(key=lambda name: (name not in first, reached[name].seconds))
    chosen: list[str] = []
    for name in names:
        seconds -= reached[name].seconds
        if chosen and seconds < 0:
            break
        chosen.append(name)
    return chosen


def file_of(name: str) -> str:
    """The file of a test."""
    return name.partition("::")[0]
