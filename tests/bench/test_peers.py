"""The peers, with few waiters and no latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.peers import measuring, prices
from bench.peers.measuring import NO_TOKEN, ONE_WAIT, TEN_TOKENS, many_case
from bench.peers.peer import BARE, OBVIOUS, OURS
from support.fenced_blocks import ROOT

if TYPE_CHECKING:
    from collections import Counter

    from bench.peers.measuring import Comparison

WAITERS = 12


@pytest.fixture(scope="module")
def found() -> Comparison:
    """Every case once."""
    return measuring.measure(WAITERS, lambda *_: None, latencies=(0.0,), rounds=1)


def added(found: Comparison, case: str, peer: str, function: str) -> Counter[str]:
    """Calls that a peer's function makes and bare cirrus's does not."""
    peers = found.of(case, 0.0)
    bare = peers[BARE].functions.get(function) if BARE in peers else None
    calls = peers[peer].functions[function].calls.copy()
    calls.subtract(bare.calls if bare else {})
    return +calls


def test_both_designs_tell_every_parent_the_truth(found: Comparison) -> None:
    """Once each: a success where the child ended well, a failure where it did not."""
    assert found.untrue == []
    assert found.is_good


def test_the_obvious_design_makes_one_call_after_the_other_for_each_row(found: Comparison) -> None:
    """A put a token; a query, then an update a row; an answer and a mark a record."""
    assert added(found, TEN_TOKENS, OBVIOUS, "process") == {"PutItem": 10}
    assert added(found, ONE_WAIT, OBVIOUS, "update-state") == {"Query": 1, "UpdateItem": 1}
    assert added(found, ONE_WAIT, OBVIOUS, "the stream's function").total() == 2
    stream = added(found, many_case(WAITERS), OBVIOUS, "the stream's function")
    assert stream == {"SendTaskSuccess": WAITERS, "UpdateItem": WAITERS}


def test_ours_reads_what_it_judges_by(found: Comparison) -> None:
    """More calls than the obvious design, since it answers what was true; side by side."""
    assert added(found, TEN_TOKENS, OURS, "process") == {
        "BatchGetItem": 2,
        "PutItem": 10,
        "UpdateItem": 10,
    }
    assert added(found, ONE_WAIT, OURS, "update-state") == {
        "GetItem": 1,
        "Query": 1,
        "UpdateItem": 1,
    }
    stream = added(found, many_case(WAITERS), OURS, "the stream's function")
    assert stream == {"BatchGetItem": 1, "SendTaskSuccess": WAITERS, "UpdateItem": WAITERS}


@pytest.mark.parametrize("peer", [OBVIOUS, OURS])
def test_a_message_without_a_token_costs_no_call(found: Comparison, peer: str) -> None:
    """``process`` makes bare cirrus's calls and no other."""
    assert added(found, NO_TOKEN, peer, "process") == {}


def test_a_wait_costs_its_one_state_and_little_more(found: Comparison) -> None:
    """A parent that polls pays a state transition for every step of every round."""
    dollars = {cost.design: cost.millionths for cost in found.costs}
    transition = 25
    assert transition < dollars[OBVIOUS] < dollars[OURS] < 2 * transition
    assert round(dollars["polling every 60 s"]) == 2279


def test_the_page_of_figures_has_the_prices_that_the_bench_counts_with() -> None:
    """Each price with its page, and the date; nobody reads a cost that follows from another."""
    page = (ROOT / "docs" / "reference" / "figures.md").read_text(encoding="utf-8")
    assert prices.AS_OF in page
    for price in prices.PRICES:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {price.what} |")]
        _, _, dollars, per, source, _ = (cell.strip() for cell in row.split("|"))
        assert (float(dollars), int(per.replace(",", ""))) == (price.dollars, price.per)
        assert f"({price.source})" in source
