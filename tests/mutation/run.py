"""Change the protocol's code in every small way and see that a test notices: ``make mutate``.

The last line says mutants, killed, equivalent and surviving; the exit code is 1 where one
survives that ``equivalent.toml`` does not list, or where that list is out of date.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS.parent), str(_TESTS)]  # what is changed is what is imported

from mutation import equivalents
from mutation.mutants import mutants_of
from mutation.project import PROTOCOL, Project
from mutation.report import BrokenRunError, Progress, Report
from mutation.verdicts import Judge

if TYPE_CHECKING:
    from collections.abc import Sequence


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="TEXT",
        help="mutants whose path:function holds TEXT, for example settle.py or reconcile/; "
        "may be given again",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the result as JSON")
    form.add_argument(
        "--list", action="store_true", help="print survivors as entries for that list"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes at once (all cores)"
    )
    return parser.parse_args(given)


def main(project: Project, given: Sequence[str] | None = None) -> int:
    """Run with arguments (those of the command line); returns the exit code."""
    arguments = _arguments(given)
    began = time.monotonic()
    os.chdir(project.root)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-west-2")
    listed = equivalents.read(project.equivalent)
    paths = project.paths(arguments.only)
    every = [mutant for path in paths for mutant in mutants_of(project.root, path)]
    chosen = [
        each
        for each in every
        if not arguments.only
        or any(text in f"{each.path}:{each.function}" for text in arguments.only)
    ]
    if not chosen:
        print(f"mutate: no mutant's path:function holds {arguments.only}", file=sys.stderr)
        return 2
    progress = Progress(len(chosen), listed)
    with tempfile.TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as scratch:
        judge = Judge(project, Path(scratch), arguments.jobs, progress)
        try:
            outcomes = judge.outcomes(chosen, is_whole=not arguments.only)
        except BrokenRunError as error:
            print(f"mutate: {error}", file=sys.stderr)
            return 2
    gone = equivalents.gone(listed, every, paths)
    report = Report(outcomes, listed, gone, time.monotonic() - began)
    progress.end()
    if arguments.list:
        print("\n".join(equivalents.entry_of(each.mutant) for each in report.surviving))
        print(report.text(), file=sys.stderr)
    else:
        print(json.dumps(report.to_json(), indent=1) if arguments.json else report.text())
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main(PROTOCOL))
