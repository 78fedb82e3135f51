"""``make tables``: try every fault of every call, and write the table again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("AWS_DEFAULT_REGION", "us-west-2")

from faults.known import PATH
from faults.matrix import FUNCTIONS, cells
from faults.table import section, write
from faults.world import deployed


def main() -> int:
    """Write the table; 1 where a promise was broken."""
    sections, problems, count = [], [], 0
    with deployed() as where:
        for function in FUNCTIONS:
            found = []
            for cell in cells(where, function):
                found.append(cell)
                count += 1
                problems += [f"{cell.title}: {problem}" for problem in cell.problems]
                print(f"\r{count} faults tried", end="", file=sys.stderr, flush=True)
            sections.append(section(function, found))
    write(sections)
    print(f"\r{count} faults tried, {len(problems)} problem(s): {PATH.name}", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
