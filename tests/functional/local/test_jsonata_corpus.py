"""Every expression of the corpus has the value that it must have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.jsonata.errors import (
    ExpressionError,
    NotJsonError,
    UndefinedError,
)
from cirrus_callbacks_plugin.local.jsonata.expression import evaluate
from support.jsonata_corpus import FILES, OUTCOMES, agrees, outcome_of, read

if TYPE_CHECKING:
    from pathlib import Path


def _outcome(expression: str, variables: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": evaluate(expression, variables)}
    except UndefinedError:
        return {"undefined": True}
    except NotJsonError:
        return {"function": True}
    except ExpressionError as error:
        return {"error": error.code}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_expressions_have_their_values(path: Path) -> None:
    """What the local stack makes of an expression is what the corpus says of it."""
    corpus = read(path)
    outcomes = {
        case["expression"]: (outcome_of(case), _outcome(case["expression"], corpus["variables"]))
        for case in corpus["cases"]
    }
    wrong = {
        expression: {"wanted": wanted, "got": got}
        for expression, (wanted, got) in outcomes.items()
        if not agrees(got, wanted)
    }
    assert not wrong


def test_the_corpus_is_large_and_well_formed() -> None:
    """More than 700 expressions, none twice in a file, each with one outcome."""
    total = 0
    for path in FILES:
        cases = read(path)["cases"]
        total += len(cases)
        assert len({case["expression"] for case in cases}) == len(cases)
        for case in cases:
            assert len(outcome_of(case)) == 1, case
            assert set(case) <= {"expression", *OUTCOMES}
    assert total > 700
