"""The mutation tester itself, on a project of a few lines."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import tomllib

from mutation import equivalents
from mutation.children import Ended, Job, run
from mutation.mutants import AT_IMPORT, Mutant, mutants_of
from mutation.report import BrokenRunError, Outcome, Report

MODULE = '''
"""A module."""
from __future__ import annotations
import functools

LIMIT = 2
UNITS = 3


class Counter:
    """Counts."""

    @property
    def is_full(self) -> bool:
        """True at the limit."""
        return self.count >= LIMIT

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        if self.is_full:
            raise ValueError("it is full already")
        self.count += 1


@functools.cache
def double(value: int) -> int:
    return value + value


def is_small(value: int) -> bool:
    return value < 10
'''

TESTS = """
import pytest
from small.module import UNITS, Counter, double, is_small

def test_counts():
    counter = Counter()
    counter.add()
    assert (counter.count, counter.is_full) == (1, False)
    counter.add()
    assert (counter.count, counter.is_full) == (2, True)
    with pytest.raises(ValueError):
        counter.add()

def test_double():
    assert double(3) == 6

def test_is_small():
    assert is_small(3)
    assert not is_small(30)

def test_names():
    assert UNITS == 3
"""

RUN = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {tests!r}]
from mutation.project import Project
from mutation.run import main
root = Path({root!r})
project = Project(root, "small", ("*.py",), ("tests",), root / "equivalent.toml")
sys.exit(main(project, sys.argv[1:]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package of one module, with tests that notice everything but what is equivalent."""
    for name, text in {
        "small/__init__.py": "",
        "small/module.py": MODULE.lstrip(),
        "tests/test_module.py": TESTS,
        "requirements.lock": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def _mutate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    tests = str(Path(__file__).resolve().parents[1])
    script = RUN.format(root=str(root), tests=tests)
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=root,
    )


def test_a_survivor_is_listed_and_the_list_has_to_be_true(project: Path) -> None:
    """1 for a survivor, printed as an entry; 1 where a listed one is killed, or gone."""
    first = _mutate(project, "--list")
    assert first.returncode == 1, first.stderr
    listed = tomllib.loads(first.stdout)["mutant"]
    assert [each["after"] for each in listed] == ["return value <= 10", "return value < 11"]
    entries = first.stdout.replace('""', '"tried"') + textwrap.dedent(
        """
        [[mutant]]
        path = "small/module.py"
        function = "double"
        before = "return value + value"
        after = "return value - value"
        reason = "wrong"

        [[mutant]]
        path = "small/module.py"
        function = "triple"
        before = "return 3 * value"
        after = "return 3 / value"
        reason = "there is no such function"
        """
    )
    (project / "equivalent.toml").write_text(entries)
    second = _mutate(project, "--only", "py:double", "--only", "py:is_small")
    assert second.returncode == 1
    assert "but a test notices it: small/module.py double" in second.stdout
    assert "but there is no such mutant: small/module.py triple" in second.stdout
    assert second.stdout.splitlines()[-1].endswith("2 equivalent, 0 surviving")


def test_what_is_kept_of_one_look_holds_for_the_next(project: Path) -> None:
    """A look at one module learns what the tests reach in all: no other one seems untested."""
    (project / "small" / "other.py").write_text("def half(value):\n    return value / 2\n")
    with (project / "tests" / "test_module.py").open("a") as file:
        file.write("\nfrom small.other import half\n\ndef test_half():\n    assert half(6) == 3\n")
    assert _mutate(project, "--only", "other.py").returncode == 0
    ended = _mutate(project, "--only", "py:double")
    assert ended.returncode == 0, ended.stdout


def test_tests_that_fail_unchanged_tell_nothing(project: Path) -> None:
    """2, and which test it was."""
    with (project / "tests" / "test_module.py").open("a") as file:
        file.write("\ndef test_broken():\n    assert False\n")
    ended = _mutate(project)
    assert ended.returncode == 2
    assert "test_module.py::test_broken" in ended.stderr


def test_a_test_that_fails_once_is_run_once_more(project: Path) -> None:
    """A busy machine makes one fail that has nothing to do with what is asked; it is said."""
    with (project / "tests" / "test_module.py").open("a") as file:
        file.write(
            textwrap.dedent(
                """
                from pathlib import Path

                def test_of_a_busy_machine():
                    seen = Path(__file__).with_name("seen")
                    is_first = not seen.exists()
                    seen.touch()
                    assert not is_first, "too late"
                    assert double(2) == 4
                """
            )
        )
    ended = _mutate(project, "--only", "py:double")
    assert ended.returncode == 0, ended.stderr
    assert "Once more: a test fails without any change: tests/test_module.py" in ended.stderr
    assert "too late" in ended.stderr


def test_everything_that_runs_is_changed_and_no_text_for_people(project: Path) -> None:
    """Decorated functions and constants too; no docstring, annotation, format or message."""
    with (project / "small" / "module.py").open("a") as file:
        file.write('\n\ndef tell(count: int) -> None:\n    logger.info("one more: %s", count)\n')
        file.write('    logger.info("once more "\n                "again")\n')
    mutants = mutants_of(project, "small/module.py")
    functions = {each.function for each in mutants}
    assert functions == {
        AT_IMPORT,
        "Counter.__init__",
        "Counter.add",
        "Counter.is_full",
        "double",
        "is_small",
        "tell",
    }
    changed = {(each.before, each.after) for each in mutants}
    assert ("LIMIT = 2", "LIMIT = 3") in changed
    assert ("if self.is_full:", "if (not self.is_full):") in changed
    assert ('raise ValueError("it is full already")', "pass") in changed
    assert ("return value + value", "return None") in changed
    line = 'logger.info("one more: %s", count)'
    assert (line, "pass") in changed
    assert (line, 'logger.info("one more: %s", None)') in changed
    after = "\n".join(each.after for each in mutants)
    assert "XX" not in after
    assert "ValueError(None)" not in after
    assert "info(None" not in after
    for each in mutants:
        compile(each.source, "small/module.py", "exec")


def test_what_takes_too_long_has_been_noticed() -> None:
    """A process that its limit ends is neither killed by a test nor a survivor."""

    def work(say: object) -> int:
        import signal

        signal.setitimer(signal.ITIMER_PROF, 0.2)
        while True:
            pass

    ended: list[Ended] = []
    run([Job("is_small", work)], lambda _, each: ended.append(each), at_once=1)
    assert [each.code for each in ended] == [None]
    mutant = Mutant("a.py", "f", "x", "y", 1, 1, "")
    assert Outcome.of(mutant, ended[0]).verdict == "timed out"


def test_a_process_that_breaks_tells_nothing() -> None:
    """What is not a verdict ends the run with what went wrong."""
    ended: list[Ended] = []
    run([Job("broken", lambda _: 1 // 0)], lambda _, each: ended.append(each), at_once=1)
    mutant = Mutant("a.py", "f", "x", "y", 1, 1, "")
    with pytest.raises(BrokenRunError, match="ZeroDivisionError"):
        Outcome.of(mutant, ended[0])


def test_a_list_entry_needs_a_reason(tmp_path: Path) -> None:
    """An entry as it is printed is refused until somebody says why."""
    mutant = Mutant("a.py", "f", "x = 'one'\ny", "z", 1, 1, "")
    file = tmp_path / "equivalent.toml"
    file.write_text(equivalents.entry_of(mutant))
    with pytest.raises(ValueError, match="reason missing"):
        equivalents.read(file)
    file.write_text(equivalents.entry_of(mutant).replace('""', '"because"'))
    assert equivalents.read(file) == {mutant.identity: "because"}
    file.write_text(file.read_text() * 2)
    with pytest.raises(ValueError, match="listed twice"):
        equivalents.read(file)


def test_the_projects_list_is_about_its_code() -> None:
    """An entry whose code has changed excuses nothing: it is written again, or goes."""
    root = Path(__file__).parents[2]
    gone = [
        (path, before)
        for path, _, before, _ in equivalents.read(root / "tests/mutation/equivalent.toml")
        for part in before.split(" ... ")
        if " ".join(part.split()) not in " ".join((root / path).read_text().split())
    ]
    assert gone == []


def test_the_figures_add_up() -> None:
    """Mutants are killed (by time, some), equivalent, or surviving."""
    mutants = [Mutant("a.py", "f", str(number), "y", 1, 1, "") for number in range(4)]
    outcomes = [
        Outcome(mutant, verdict, "", 0.1)
        for mutant, verdict in zip(
            mutants, ("killed", "timed out", "survived", "survived"), strict=True
        )
    ]
    report = Report(outcomes, {mutants[2].identity: "because"}, [], 61.0)
    assert report.text().splitlines()[-1] == (
        "4 mutants in 1 min: 2 killed (1 by time), 1 equivalent, 1 surviving"
    )
    assert not report.is_good
    listed = {mutant.identity: "because" for mutant in mutants[2:]}
    assert Report(outcomes, listed, [], 61.0).is_good
    assert [each["before"] for each in report.to_json()["survivors"]] == ["3"]
