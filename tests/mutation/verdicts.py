"""From mutants to verdicts: one process that imports everything, and one for each mutant."""

from __future__ import annotations

import importlib
import os
import pickle
import sys
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from mutation.children import CONTROL, SURVIVED, Ended, Job, run
from mutation.report import BrokenRunError, Outcome, Progress, why_broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import pytest

    from mutation.mutants import Mutant
    from mutation.project import Project
    from mutation.reach import Reach


@dataclass(frozen=True, slots=True)
class Judge:
    """Runs mutants.

    Attributes:
        project: whose.
        scratch: a folder for what is in the way afterwards.
        at_once: how many processes.
        progress: told of each verdict.
    """

    project: Project
    scratch: Path
    at_once: int
    progress: Progress

    def outcomes(self, mutants: Sequence[Mutant], *, is_whole: bool) -> list[Outcome]:
        """What becomes of each mutant.

        Args:
            mutants: the mutants.
            is_whole: check, too, that the tests pass in the order in which mutants meet them.

        Raises:
            BrokenRunError: the tests fail without any change, or a process broke.
        """
        in_functions = [each for each in mutants if not each.is_at_import]
        output = self.scratch / "pytest"
        if _forked(lambda: self._in_functions(in_functions, is_whole=is_whole), output):
            raise BrokenRunError(output.read_text())
        outcomes: list[Outcome]
        outcomes, reached = pickle.loads((self.scratch / "functions").read_bytes())  # noqa: S301
        self.progress.outcomes = list(outcomes)
        at_import = [each for each in mutants if each.is_at_import]
        return outcomes + self._at_import(at_import, reached)

    def _in_functions(self, mutants: Sequence[Mutant], *, is_whole: bool) -> None:
        # Not in the process from which mutants at import are forked: these import the package.
        import pytest

        from mutation.memory import Memory
        from mutation.session import Loop, Warm, options

        outcomes: list[Outcome] = []
        killers: dict[tuple[str, str], list[str]] = defaultdict(list)

        def tell(outcome: Outcome) -> None:
            outcomes.append(outcome)
            known = killers[outcome.mutant.path, outcome.mutant.function]
            if outcome.by and outcome.by not in known:
                known[:] = [outcome.by, *known[:2]]

        broken: list[BrokenRunError] = []

        def work(session: pytest.Session) -> None:
            try:
                judge(session)
            except BrokenRunError as error:
                broken.append(error)

        def judge(session: pytest.Session) -> None:
            project = self.project
            # All modules: what a test reaches is kept, and the next run looks at another one.
            warm = Warm(session, project.root, project.paths(), project.warm_up)
            self.progress.say(f"{len(session.items)} tests: which lines does each one run?")
            memory = Memory(self.project)
            reached = warm.reached(memory, self.scratch, self.at_once, self.progress.say)
            jobs = warm.jobs(mutants, reached, killers)
            controls = []
            if is_whole:
                self.progress.say("Beside the mutants: all tests, unchanged, in another order")
                controls = warm.controls(reached)
            self.progress.say(f"{len(mutants)} mutants in functions")
            self._run(mutants, jobs, tell, controls)
            (self.scratch / "functions").write_bytes(pickle.dumps((outcomes, reached)))

        code = pytest.main([*options(self.scratch), *self.project.tests], plugins=[Loop(work)])
        if broken:
            raise broken[0]
        if code != pytest.ExitCode.OK:
            raise BrokenRunError(f"pytest ended with {code!r}")

    def _at_import(
        self,
        mutants: Sequence[Mutant],
        reached: dict[str, Reach],
    ) -> list[Outcome]:
        for name in self.project.imported_early:
            importlib.import_module(name)
        from mutation.at_import import job_at_import

        outcomes: list[Outcome] = []
        self.progress.say(f"{len(mutants)} mutants in what runs at import")
        root = self.project.root
        jobs = (
            job_at_import(number, mutant, root, self.scratch, reached)
            for number, mutant in enumerate(mutants)
        )
        self._run(mutants, jobs, outcomes.append)
        return outcomes

    def _run(
        self,
        mutants: Sequence[Mutant],
        jobs: Iterable[Job],
        tell: Callable[[Outcome], None],
        controls: Sequence[Job] = (),
    ) -> None:
        failed: list[tuple[Job, Ended]] = []

        def hear(job: Job, ended: Ended) -> None:
            if job.name != CONTROL:
                outcome = Outcome.of(mutants[int(job.name)], ended)
                tell(outcome)
                self.progress.tell(outcome)
            elif ended.code != SURVIVED:
                failed.append((job, ended))

        run(chain(controls, jobs), hear, at_once=self.at_once)
        again = list(failed)
        failed.clear()
        for job, ended in again:
            self.progress.say(f"Once more: {why_broken(ended)}")
            run([job], hear, at_once=1)
        if failed:
            raise BrokenRunError(f"in another order, {why_broken(failed[0][1])}")


def _forked(work: Callable[[], None], output: Path) -> int:
    """Run in a process forked from this one, with its standard output in a file."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with output.open("w") as file:
                os.dup2(file.fileno(), 1)
            work()
            code = 0
        except BaseException as error:  # noqa: BLE001 - told to the caller, who raises it
            sys.stdout.flush()
            os.write(1, f"{error}\n".encode())
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
