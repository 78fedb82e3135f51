"""Whatever arrives: what cirrus does is what it does without the hooks, and no token is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fuzz.case import CORPUS, Case
from fuzz.explore import explore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fuzz.check import Checker

SHARES = 4
CASES = 2000


@pytest.mark.filterwarnings("ignore")  # cirrus's libraries warn about what payloads hold
@pytest.mark.parametrize("share", range(SHARES))
def test_the_wrapped_handler_does_what_the_bare_one_does(
    checker: Checker,
    share: int,
    record_property: Callable[[str, object], None],
) -> None:
    """On 2,000 events: the same effects, no token lost, none shown; a third register some."""
    tally = explore(checker, share, CASES // SHARES)
    assert tally.failure is None, f"{tally.failure[1]}\n{tally.failure[0]}"
    record_property("fuzz_cases", tally.cases)
    record_property("fuzz_registrations", tally.registrations)
    assert tally.cases >= CASES // SHARES
    assert tally.registrations * 3 >= tally.cases


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.json")), ids=lambda path: path.stem)
def test_a_case_that_was_found_once_stays_mended(checker: Checker, path: Path) -> None:
    """Each has its ``why``: what the hooks did wrong when it was found."""
    case = Case.read(path)
    assert case.why
    verdict = checker.check(case)
    assert not verdict.problems
    assert verdict.registrations == len({token for tokens in case.tokens for token in tokens})
