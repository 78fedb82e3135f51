"""The index of what tests share, in CONTRIBUTING: written from the modules' docstrings.

Run as a script it writes the table again (``make tables``).
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- BEGIN_INDEX -->", "<!-- END_INDEX -->"


def table() -> str:
    """Each module of ``tests/support`` with its docstring's first sentence."""
    rows = ["| module | |", "|---|---|"]
    for path in sorted((ROOT / "tests/support").glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        first = " ".join(text.partition("\n\n")[0].split())
        rows.append(f"| `{path.stem}` | {first.replace('``', '`').rstrip('.')} |")
    return "\n".join(rows)


def written() -> str:
    """The table as it stands on the page."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    """Write it again."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    write()
