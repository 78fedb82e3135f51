"""Tables of the module's variables and outputs, as terraform-docs writes them.

Run as a script it writes them between the markers in the module's README.
"""

from __future__ import annotations

import re
from pathlib import Path

MODULE = Path(__file__).parents[2] / "terraform"
README = MODULE / "README.md"
BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"


def blocks(kind: str) -> dict[str, str]:
    """Blocks of a kind by name, with their text."""
    source = "\n".join(path.read_text() for path in sorted(MODULE.glob("*.tf")))
    found = re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', source, re.DOTALL | re.MULTILINE)
    return dict(sorted(found))


def argument(text: str, name: str) -> str | None:
    """A one-line argument of a block, as it is written."""
    found = re.search(rf"^  {name} += (.*)$", text, re.MULTILINE)
    return found[1].strip() if found else None


def _description(text: str) -> str:
    written = argument(text, "description") or ""
    return written.strip('"').replace('\\"', '"').replace("|", "\\|")


def tables() -> str:
    """Both tables."""
    lines = ["## Inputs", "", "| Name | Description | Default | Required |"]
    lines.append("|------|-------------|---------|:--------:|")
    for name, text in blocks("variable").items():
        default = argument(text, "default")
        shown = "n/a" if default is None else f"`{default}`"
        required = "yes" if default is None else "no"
        lines.append(f"| {name} | {_description(text)} | {shown} | {required} |")
    lines += ["", "## Outputs", "", "| Name | Description |", "|------|-------------|"]
    lines += [f"| {name} | {_description(text)} |" for name, text in blocks("output").items()]
    return "\n".join(lines)


def written() -> str:
    """What stands between the markers."""
    return README.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    """Put the tables between the markers."""
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    write()
