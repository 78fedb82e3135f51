"""Every fault of every AWS call that the product makes: what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults import table
from faults.known import PATH
from faults.matrix import FUNCTIONS, cells

if TYPE_CHECKING:
    from faults.world import Deployed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_fault_of_every_call(where: Deployed, function: str) -> None:
    """Every promise is kept, the rules hold, and the committed table says what was seen."""
    found = list(cells(where, function))
    problems = [f"{cell.title}: {problem}" for cell in found for problem in cell.problems]
    assert not problems, "\n".join(problems)
    assert table.section(function, found) == table.read_section(function), (
        "tests/faults/matrix.md says otherwise: `make tables` writes it again"
    )


def test_the_table_has_no_section_too_many() -> None:
    """Nothing of what it shows is of another day."""
    text = PATH.read_text()
    assert text.startswith(table.HEAD)
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert headings == list(FUNCTIONS)
