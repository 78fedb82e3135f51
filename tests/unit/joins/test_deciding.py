"""A join's result follows from its members' outcomes alone, whatever their order."""

from __future__ import annotations

import itertools

import pytest

from cirrus_callbacks_plugin.joins.deciding import JoinRule, Result

S, F = Result.SUCCEEDED, Result.FAILED


@pytest.mark.parametrize(
    ("succeed_on", "total", "counts", "early", "settled"),
    [
        ("all", 3, (3, 0), S, S),
        ("all", 3, (2, 0), None, None),
        ("all", 3, (0, 1), F, None),
        ("all", 3, (2, 1), F, F),
        ("any", 3, (1, 0), S, None),
        ("any", 3, (0, 2), None, None),
        ("any", 3, (0, 3), F, F),
        (10, 12, (10, 0), S, None),
        (10, 12, (9, 2), None, None),
        (10, 12, (0, 3), F, None),
        (10, 12, (10, 2), S, S),
        (10, 12, (9, 3), F, F),
        ("all", 0, (0, 0), S, S),  # of none: success
        ("any", 0, (0, 0), F, F),  # of none: failure
        (1, 1, (1, 0), S, S),
        (1, 1, (0, 1), F, F),
    ],
)
def test_when_a_result_is_certain(
    succeed_on: str | int,
    total: int,
    counts: tuple[int, int],
    early: Result | None,
    settled: Result | None,
) -> None:
    """Early as soon as nothing can change it; settled once every member has ended."""
    assert JoinRule(succeed_on, "early", total).judge(*counts) is early
    assert JoinRule(succeed_on, "settled", total).judge(*counts) is settled


@pytest.mark.parametrize("succeed_on", ["all", "any", 1, 2, 3])
def test_a_certain_result_never_changes(succeed_on: str | int) -> None:
    """On every order of outcomes: what was certain early is what all members say in the end."""
    for outcomes in itertools.product("SF", repeat=4):
        rule = JoinRule(succeed_on, "early", 4)
        succeeded = [outcomes[:end].count("S") for end in range(5)]
        judged = [rule.judge(good, end - good) for end, good in enumerate(succeeded)]
        last = judged[-1]
        assert last is not None
        assert all(each in (None, last) for each in judged)
        assert rule.at_deadline(succeeded[-1]) is last


def test_counts_that_are_too_high_are_only_a_hint() -> None:
    """They lead to a count of the members, and a true count that does not decide decides not."""
    rule = JoinRule("all", "early", 3)
    assert rule.may_decide(3, 0)
    assert rule.may_decide(2, 1)
    assert not rule.may_decide(2, 0)
    assert rule.judge(2, 0) is None
    assert JoinRule("any", "settled", 3).may_decide(1, 2)


def test_what_is_pending_at_the_deadline_has_not_succeeded() -> None:
    """Success if enough had succeeded by then."""
    assert JoinRule(2, "settled", 5).at_deadline(2) is S
    assert JoinRule("all", "early", 5).at_deadline(4) is F
